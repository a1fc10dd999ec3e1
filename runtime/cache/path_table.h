// From a path to its module: read by any number of threads without a lock, changed by one.
//
// Open addressing with linear probing, at most three quarters full, 16 bytes a slot. Readers are
// inside of a Section (thread_cells.h) and see a slot either empty, or with a name that stays where
// it is until they have left; the whole path is compared, so that equal hashes do no harm. A slot
// that was emptied keeps its hash as a mark, or a search would end there; marks go when the table
// is made anew. The hash is XXH3-64 of the path as given: two spellings of one path are two names.
//
// A name carries its path behind itself, and the number of its module: a hit reads the slot, the
// name, and the module's cell, and nothing else that could be far away.
//
// Rejected: buckets of pointers (a dependent load more), moving entries back on erasure (a reader
// could miss one that moves past it), slots of 8 bytes with a part of the hash in a pointer's upper
// bits (they belong to hardware tags on some machines), a hash from a seed (whoever may open files
// with names of his choice can do worse than slow look-ups down; a probe is bounded by the table's
// size all the same).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "runtime/cache/eviction.h"

namespace smf::internal {

class CachedModule;

// Its path stands behind it in memory: whoever makes one has the room there.
struct Name {
  Name(std::string_view path, CachedModule* its_module, ModuleNumber its_number)
      : module(its_module), number(its_number), path_size(static_cast<std::uint32_t>(path.size())) {
    std::memcpy(reinterpret_cast<char*>(this + 1), path.data(), path.size());
  }
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;

  std::string_view path() const { return {reinterpret_cast<const char*>(this + 1), path_size}; }

  std::atomic<std::int64_t> checked{0};  // when the file was last asked for changes, in ms
  CachedModule* const module;
  const ModuleNumber number;  // of the module
  const std::uint32_t path_size;
  Name* next = nullptr;  // of the module's, or of the names to be freed
};

class PathTable {
 public:
  PathTable();  // throws std::bad_alloc
  ~PathTable();
  PathTable(const PathTable&) = delete;
  PathTable& operator=(const PathTable&) = delete;

  static std::uint64_t hash(std::string_view path);

  // Inside of a section.
  Name* find(std::uint64_t hash, std::string_view path) const {
    const Slots& slots = *slots_.load(std::memory_order_acquire);
    for (std::uint64_t at = hash & slots.mask;; at = (at + 1) & slots.mask) {
      const Slot& slot = slots.slot[at];
      const std::uint64_t there = slot.hash.load(std::memory_order_acquire);
      if (there == kEmpty) return nullptr;
      if (there != marked(hash)) continue;
      Name* const name = slot.name.load(std::memory_order_acquire);
      if (name != nullptr && name->path() == path) return name;
    }
  }

  // The following are for one thread at a time.

  struct Slots;
  // Adds a name that is not there. If the table had to be made anew, the old one is returned, and
  // goes when no reader can be in it. Throws std::bad_alloc, and nothing is changed then.
  Slots* insert(std::uint64_t hash, Name* name);
  // Takes out a name that is there. Readers may have it until they leave their sections.
  void erase(const Name* name);

  std::size_t size() const { return size_; }

  struct Slot {
    std::atomic<std::uint64_t> hash{kEmpty};
    std::atomic<Name*> name{nullptr};
  };
  struct Slots {
    explicit Slots(std::size_t count) : mask(count - 1), slot(std::make_unique<Slot[]>(count)) {}
    std::uint64_t mask;
    std::unique_ptr<Slot[]> slot;
    Slots* next = nullptr;  // of those to be freed
  };

 private:
  static constexpr std::uint64_t kEmpty = 0;
  static constexpr std::size_t kFirstSlots = 64;

  // What stands in the slot of a name with this hash: never kEmpty.
  static std::uint64_t marked(std::uint64_t hash) { return hash | (std::uint64_t{1} << 63); }
  static void put(Slots& slots, std::uint64_t marked_hash, Name* name);

  std::atomic<Slots*> slots_;
  std::size_t size_ = 0;
  std::size_t used_ = 0;  // slots that are not empty
};

}  // namespace smf::internal
