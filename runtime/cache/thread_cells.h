// What a hit writes: counts and stamps of its own thread.
//
// A count of users in the module itself is what makes a shared cache slow: two threads that hit the
// same modules pass its cache line back and forth (about 40 ns a hit instead of 12, and 0.5 of one
// thread's rate with two). So each thread has a cell for each module: how often it pinned the
// module, how often it let a pin go, and when it last used it; nobody else writes there. A pin may
// be let go by another thread than the one that took it. A module that nobody can find any more is
// free when as many pins were let go as taken, by all threads together. Letting go is summed up
// first, taking second: what is read in between can only make the difference larger, so a
// difference of 0 is true, and stays. That is looked at when a module leaves the cache, and when a
// pin of one that has left is let go. Whoever counted the last pin may still be about to ask the
// module whether it has left: he does that inside of a section, which is waited for once more.
//
//   Section   a thread that looks at shared tables says so in its `sequence`, odd meanwhile; what
//             was unlinked from the tables is freed after everybody who was inside has left.
//   fences    a section begins with a store that must be seen before the loads that follow. The one
//             who unlinks, seldom, fences for both (runtime/os/asymmetric_fence.h).
//   stamps    are counted by each thread for itself, from the cache's own count, which every miss
//             and eviction sets behind all of them: one thread's hits are in their order, several
//             threads' hits between two misses are in some order. Reading a clock would cost 8 ns.
//   threads   get their cells when they first use a cache, and leave them for the next thread when
//             they end: counts stay valid, since only sums matter.
//
// Memory: 16 bytes a module and thread, in chunks of 1024 modules, of which there can be 512
// (module_table.h refuses more). Counts are 32 bits and wrap around: their difference is right as
// long as there are fewer than 4 billion pins at once.
//
// Rejected: hazard pointers (one more store and a validating load a hit, and a list to scan at each
// release), reference counts with a bias (the count moves to the module as soon as two threads use
// it), read-copy-update alone (a pin may last for ever, and nothing could be freed meanwhile).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/cache/eviction.h"
#include "runtime/os/asymmetric_fence.h"

namespace smf::internal {

// Written by its thread only.
struct ThreadCell {
  std::atomic<std::uint32_t> taken{0};
  std::atomic<std::uint32_t> let_go{0};
  std::atomic<Stamp> stamp{0};
};
static_assert(sizeof(ThreadCell) == 16);

class ThreadCells;

// A thread's part.
class alignas(64) CellsOfThread {
 public:
  static constexpr std::size_t kChunk = 1024;
  static constexpr std::size_t kMaxChunks = 512;  // half a million modules

  CellsOfThread() = default;
  CellsOfThread(const CellsOfThread&) = delete;
  CellsOfThread& operator=(const CellsOfThread&) = delete;
  ~CellsOfThread();

  // Takes a pin of a module and stamps it. False where there is no memory for the cell.
  bool take(ModuleNumber module, Stamp now) {
    ThreadCell* const own = cell(module);
    if (own == nullptr) [[unlikely]]
      return false;
    add_one(own->taken);
    const Stamp before = last.load(std::memory_order_relaxed);
    const Stamp stamp = (now > before ? now : before) + 1;
    last.store(stamp, std::memory_order_relaxed);
    own->stamp.store(stamp, std::memory_order_relaxed);
    return true;
  }
  // Takes a pin that is no use: without a stamp.
  bool take_unused(ModuleNumber module) {
    ThreadCell* const own = cell(module);
    if (own == nullptr) return false;
    add_one(own->taken);
    return true;
  }
  // Lets one go, of a module that has a cell. Whoever sees that has seen all this thread did with
  // the module before.
  void let_go(ModuleNumber module) {
    ThreadCell* const own = cell(module);
    own->let_go.store(own->let_go.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // One more, of a count that only this thread writes.
  template <typename Count>
  static void add_one(std::atomic<Count>& count) {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // The cell of a module, made if need be; nullptr where there is no memory for it.
  ThreadCell* cell(ModuleNumber module) {
    std::array<ThreadCell, kChunk>* const chunk =
        chunks_[module / kChunk].load(std::memory_order_relaxed);
    if (chunk != nullptr) [[likely]]
      return &(*chunk)[module % kChunk];
    return make_cell(module);
  }
  // Of any thread: the cell, if there is one.
  const ThreadCell* find(ModuleNumber module) const {
    const auto* const chunk = chunks_[module / kChunk].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : &(*chunk)[module % kChunk];
  }

  std::atomic<std::uint64_t> sequence{0};  // odd inside of a section
  std::atomic<Stamp> last{0};              // the latest stamp, for tick()
  std::atomic<std::uint64_t> hits{0};

 private:
  friend class ThreadCells;
  ThreadCell* make_cell(ModuleNumber module);

  bool is_taken_ = true;
  std::array<std::atomic<std::array<ThreadCell, kChunk>*>, kMaxChunks> chunks_{};
};

// All threads' parts, of one cache. Threads keep what they got from of(); it lives as long as this
// object and as long as any thread still names it.
class ThreadCells : public std::enable_shared_from_this<ThreadCells> {
 public:
  // Throws std::bad_alloc.
  static std::shared_ptr<ThreadCells> create();

  // This thread's. nullptr where there is no memory, and while the thread's last objects go.
  CellsOfThread* mine() {
    if (last_number == number_) [[likely]]
      return last_cells;
    return find_mine();
  }

  // The following are for one thread at a time (the cache's lock).

  // Makes what was stored before visible to whoever enters a section from now on, and waits for
  // those who are inside to leave.
  void wait_for_readers();
  // Waits for those who are inside, and did before something of which the caller knows, such as
  // letting go of the pins that were summed up.
  void wait_for_those_inside();
  // Pins that were not let go, of all threads: never too few. A module that nobody can find and
  // that has none stays without.
  std::uint32_t pins(ModuleNumber module) const;
  // When any thread last used it.
  Stamp stamp(ModuleNumber module) const;
  // Hits of all threads.
  std::uint64_t hits() const;
  // Forgets the stamps and counts of a number that is about to be used again: all are 0 together.
  void reset(ModuleNumber module);
  // Later than every stamp there is; hits that come after it are later still.
  Stamp tick();

 private:
  friend struct ThreadRegistry;
  // The cache that this thread used last: apart from the registry, which has a destructor and so
  // costs a check at each use.
  static constinit thread_local std::uint64_t last_number;
  static constinit thread_local CellsOfThread* last_cells;

  ThreadCells();
  CellsOfThread* find_mine();
  CellsOfThread* take();
  void give_back(CellsOfThread* cells);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<CellsOfThread>> threads_;
  std::atomic<Stamp> now_{1};
  std::uint64_t number_;  // never used again

 public:
  std::uint64_t number() const { return number_; }
  Stamp now() const { return now_.load(std::memory_order_relaxed); }
};

// While it lives, nothing that this thread finds in the cache's tables is freed.
class Section {
 public:
  explicit Section(CellsOfThread& mine) : mine_(mine) {
    mine_.sequence.store(mine_.sequence.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
    os::asymmetric_fence_light();
  }
  ~Section() {
    mine_.sequence.store(mine_.sequence.load(std::memory_order_relaxed) + 1,
                         std::memory_order_release);
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  CellsOfThread& mine_;
};

}  // namespace smf::internal
