// What Slabs are made of: see slabs.h. It lives as long as the Slabs or any block of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "runtime/cache/slabs.h"

namespace smf::internal {

// At the front of each mapping: of a slab, whose map of units follows, or of a single block.
struct alignas(Slabs::kUnit) Slab {
  SlabPool* pool = nullptr;
  std::size_t size = 0;       // bytes of the mapping
  std::size_t populated = 0;  // of those, from the front
  bool is_shared = false;

  std::byte* at(std::size_t offset) { return reinterpret_cast<std::byte*>(this) + offset; }
};
static_assert(sizeof(Slab) == Slabs::kUnit);

// Which units begin or end a free extent.
class UnitMap {
 public:
  bool has(std::size_t unit) const { return (words_[unit / 64] >> unit % 64 & 1) != 0; }
  void set(std::size_t unit) { words_[unit / 64] |= std::uint64_t{1} << unit % 64; }
  void clear(std::size_t unit) { words_[unit / 64] &= ~(std::uint64_t{1} << unit % 64); }

 private:
  std::array<std::uint64_t, Slabs::kSlabBytes / Slabs::kUnit / 64> words_{};
};

// At the front of each free extent. Its size stands in its last eight bytes as well, unless it
// ends with the slab, whose end may not be populated.
struct FreeExtent {
  FreeExtent* next = nullptr;
  FreeExtent* previous = nullptr;
  Slab* slab = nullptr;
  std::size_t size = 0;  // bytes
};
static_assert(sizeof(FreeExtent) + sizeof(std::size_t) <= Slabs::kUnit);

class SlabPool {
 public:
  explicit SlabPool(os::SystemCalls& calls) : calls_(calls) {}
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  Result<SlabBlock> allocate(std::uint64_t size);
  // What the blocks say when they go, and the Slabs; the last of them ends the pool.
  static void give_back(Slab& slab, std::byte* begin, std::size_t size);
  void leave();
  SlabStats stats() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  // The first byte of a slab that is a block's.
  static constexpr std::size_t kFirst = sizeof(Slab) + sizeof(UnitMap);
  static constexpr int kLists = 64;
  static constexpr int kLooks = 32;  // in a list

  ~SlabPool();
  static std::size_t list_of(std::size_t size);
  static UnitMap& map_of(Slab& slab) { return *reinterpret_cast<UnitMap*>(slab.at(sizeof(Slab))); }

  Result<SlabBlock> allocate_alone(std::size_t size);
  // A mapping whose first `populated` bytes are, with a Slab at its front.
  Result<Slab*> map(std::size_t size, std::size_t populated);
  std::byte* map_pages(std::size_t size);
  std::byte* align(std::byte* mapping, std::size_t size);
  Result<void> populate(std::byte* begin, std::size_t size);
  void unmap(Slab& slab);

  // Under the lock.
  FreeExtent* find(std::size_t size);
  Result<FreeExtent*> add_slab();
  Result<void> populate_to(Slab& slab, std::size_t offset);
  std::byte* take_from(FreeExtent& extent, std::size_t size);
  FreeExtent* put(Slab& slab, std::byte* begin, std::size_t size);
  void insert(FreeExtent& extent);
  void remove(FreeExtent& extent);
  void count_mapping(const Slab& slab, int sign);
  bool is_over() const { return !is_owned_ && counts_.blocks == 0; }

  os::SystemCalls& calls_;
  mutable std::mutex mutex_;
  std::array<FreeExtent*, kLists> lists_{};
  std::uint64_t filled_ = 0;  // a bit for each list that is not empty
  Slab* kept_ = nullptr;      // a slab that is wholly free
  SlabStats counts_;
  bool is_owned_ = true;  // by Slabs
};

}  // namespace smf::internal
