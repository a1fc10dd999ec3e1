// A CodeMemory's insides: what is quick, without the lock, and what takes its time, with it.
//
// The quick half is for dual mapping and blocks of up to 32 granules. Each of its steps finds out
// by itself that it is not the case for it, and begins anew in the other half.
//
// Hiding the writable view meets writers without a lock by the order of two steps on each side. A
// writer first says in the state that it writes, and then asks where; who hides first says that it
// is nowhere, and then looks at all states. Between the two there is a fence on each side
// (runtime/os/asymmetric_fence.h): either the writer learns of the hiding, or the block is seen,
// and the hiding called off.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string_view>

#include "runtime/exec/block_map.h"
#include "runtime/exec/code_memory.h"
#include "runtime/exec/code_space.h"
#include "runtime/exec/thread_blocks.h"

namespace smf::internal {

class CodeMemoryState {
 public:
  static constexpr std::size_t kGranule = BlockMap::kGranule;  // of dual mapping
  static constexpr std::size_t kMaxQuick = BlockMap::kMaxSmall * kGranule;

  static Result<std::unique_ptr<CodeMemoryState>> create(const CodeMemoryOptions& options);
  CodeMemoryState(const CodeMemoryOptions& options, CodeSpace space, BlockMap blocks);
  CodeMemoryState(const CodeMemoryState&) = delete;
  CodeMemoryState& operator=(const CodeMemoryState&) = delete;
  ~CodeMemoryState();

  // Defined where they are used, in code_memory.cc.
  inline Result<CodeWriter> begin(std::size_t size);
  inline Result<const void*> commit(const CodeWriter& writer, std::size_t size,
                                    std::string_view name);
  inline Result<void> free(const void* code);

  // Of any block; listeners are told about its functions, if there are any, instead of the whole.
  Result<const void*> commit_slowly(const CodeWriter& writer, std::size_t size,
                                    std::string_view name,
                                    std::span<const CodeListener::Function> functions = {});
  void abort(const CodeWriter& writer);
  Result<void> free(const void* code, std::uint64_t epoch);
  Result<std::size_t> reclaim(std::uint64_t passed_epoch);
  Result<void> write(const void* code, std::size_t offset, Bytes bytes);
  std::span<const std::byte> find(const void* address) const;
  Result<void> quiesce();
  Result<void> seal();
  void trim();
  CodeMemoryStats stats() const;
  bool has_listeners() const { return has_listeners_; }

 private:
  using Kind = BlockMap::Kind;
  using State = BlockMap::State;
  using Lock = std::unique_lock<std::mutex>;

  // A granule, as numbers and as an address.
  struct Place {
    Granule granule = kNoGranule;
    unsigned region = 0;
    std::size_t offset = 0;  // in the region
    std::byte* code = nullptr;
  };

  // A block that was live when its state was read.
  struct Live {
    Place place{};
    State state{};
    std::size_t size = 0;
  };

  ThreadBlocks& mine() const { return ThreadBlocksOf::of(number_); }

  std::size_t granule_bytes() const { return std::size_t{1} << shift_; }
  std::uint32_t granules_of(std::size_t size) const {
    return static_cast<std::uint32_t>((size + granule_bytes() - 1) >> shift_);
  }
  std::uint32_t words_in_region() const { return granules_in_region_ / BlockMap::kGranulesInWord; }
  Place place_of(Granule granule) const {
    const unsigned region = granule >> region_shift_;
    const std::size_t within = granule & (granules_in_region_ - 1);
    return {.granule = granule,
            .region = region,
            .offset = within << shift_,
            .code = space_.code(region) + (within << shift_)};
  }
  // The granule that holds the address; kNoGranule outside of all regions.
  Place locate(const void* address) const;
  // The granule that begins there, with dual mapping and else kNoGranule. Without `code`.
  Place locate_quickly(const void* address) const {
    const unsigned count = space_.regions();
    for (unsigned region = 0; region != count; ++region) {
      const std::uintptr_t within = reinterpret_cast<std::uintptr_t>(address) -
                                    reinterpret_cast<std::uintptr_t>(space_.code(region));
      if (within < options_.region_bytes && within % kGranule == 0) [[likely]] {
        const auto granule = static_cast<Granule>(within / kGranule);
        return {.granule = region << region_shift_ | granule, .region = region, .offset = within};
      }
    }
    return {};
  }
  // Where the same is written; nullptr while nobody may.
  std::byte* writable(const Place& place) const {
    std::byte* const begin = space_.writable(place.region);
    return begin == nullptr ? nullptr : begin + place.offset;
  }

  // The slow half.
  Result<CodeWriter> begin_slowly(std::size_t size);
  Result<Granule> take_or_grow(std::uint32_t count);
  Result<void> grow(std::uint32_t count);
  void shrink(const CodeWriter& writer, std::size_t size);
  void trim_now_and_then(ThreadBlocks& own);
  Result<void> free_slowly(const void* code);
  Result<Live> find_live(const void* code) const;
  // Makes a block free of which nobody else knows any more.
  Result<void> release(const Place& place, std::size_t size);
  std::size_t size_of(Granule granule, State state) const {
    return state.size != 0 ? state.size : blocks_.size(granule);
  }
  bool has_room_in_state(std::size_t size) const { return is_dual_ && size <= kMaxQuick; }
  void set_state(Granule granule, Kind kind, std::size_t size) {
    const bool fits = has_room_in_state(size);
    blocks_.set_state(granule, {.kind = kind, .size = fits ? static_cast<std::uint32_t>(size) : 0});
  }
  std::uint64_t count_busy() const;
  Result<void> hide();
  void return_empty(std::uint64_t keep);
  // Each block, and each granule that somebody is just taking or giving, as one of no kind.
  void for_each_block(const std::function<void(const Place&, State)>& visit) const;

  std::span<std::byte> pages(const Place& place, std::size_t size) const {
    return {place.code, static_cast<std::size_t>(granules_of(size)) << shift_};
  }
  void tell_published(std::span<const std::byte> block, std::string_view name,
                      std::span<const CodeListener::Function> functions = {}) const;
  void tell_freed(const std::byte* code, std::size_t size) const;

  const CodeMemoryOptions options_;
  CodeSpace space_;
  BlockMap blocks_;
  const std::uint64_t number_;  // of blocks_
  const bool is_dual_;
  const bool has_listeners_;
  const unsigned shift_;  // of a granule's size
  const std::uint32_t granules_in_region_;
  const unsigned region_shift_;        // of that number, a power of two
  std::atomic<std::uint32_t> top_{0};  // the word behind all segments

  mutable std::mutex mutex_{};
  std::uint64_t mapped_ = 0;
  std::multimap<std::uint64_t, Granule> quarantine_{};  // by epoch
};

}  // namespace smf::internal
