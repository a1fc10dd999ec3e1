// Which granules of code memory are free, and which blocks the others make up.
//
// A granule is 64 bytes, a cache line: code that runs and code that is being written never share
// one. 64 granules make a word: one 64-bit bitmap of what is free, 4 KiB of code. A block of up to
// 32 granules lies within a word, so taking it is one compare-and-swap there and giving it back one
// atomic OR; neighbours coalesce because bits do. A larger block is searched from the
// first word on, under the caller's lock. Beside the bitmap each granule has 16 bits of state,
// which say, for the first of a block, what the block is and how many bytes were asked for.
// Together that is 3.3 % of the code memory, outside of it, where no code can reach it by running
// on.
//
//   taking     begins where this thread took the last block of that size, and goes up from there:
//              next fit, a cursor for each size and thread.
//              With 100 000 blocks and random holes a sweep passes each word once a size, some
//              2 ns a word. First fit would pass the full ones again for each block (AsmJit's 2.5
//              us with half of 100 000 blocks freed), free lists would keep their links somewhere:
//              in code memory, where a freed function's bytes have to stay or trap, or in 4 more
//              bytes a granule.
//   threads    have cursors of their own, and begin at different places of new memory, so that they
//              rarely meet in a word; and a few blocks for themselves (thread_blocks.h).
//   sizes      from 33 granules on are rare, and take their time in copying.
//
// A state changes from live to nothing by compare-and-swap: of two threads that free the same block
// one is refused, and so is who frees an address inside of a block.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "runtime/base/error.h"
#include "runtime/base/single_threaded.h"
#include "runtime/os/system_calls.h"

namespace smf::internal {

using Granule = std::uint32_t;
inline constexpr Granule kNoGranule = ~Granule{0};

// Where a thread looks first, for each number of granules: the word where it took the last one.
// Any value will do.
struct BlockCursor {
  static constexpr std::size_t kSizes = 33;  // 0 is not used

  std::array<std::uint32_t, kSizes> next{};
};

class BlockMap {
 public:
  static constexpr unsigned kGranule = 64;  // bytes, of those whose size is in their state
  static constexpr unsigned kGranulesInWord = 64;
  static constexpr unsigned kMaxSmall = 32;  // granules of a block that stays within a word
  static constexpr std::uint32_t kMaxSize = 0xfff;

  enum class Kind : std::uint8_t {
    kNone,  // free, inside of a block, or just being taken or given
    kOpen,  // being written for the first time
    kLive,
    kQuarantined,  // freed, and not to be touched yet
  };

  // What a first granule says. A size of more than kMaxSize is kept elsewhere, by set_size(), and
  // is 0 here.
  struct State {
    Kind kind = Kind::kNone;
    bool is_written = false;  // a live one that is being changed
    std::uint32_t size = 0;   // bytes that were asked for

    // Free, and kept by a thread for itself.
    static State kept(unsigned granules) {
      return {.is_written = true, .size = granules * kGranule};
    }
    bool is_kept() const { return kind == Kind::kNone && is_written; }

    friend bool operator==(const State&, const State&) = default;
  };

  // Of so many granules, a multiple of 64, none of which is there yet. The memory is the kernel's,
  // touched as it is used. kSystem.
  static Result<BlockMap> create(std::uint32_t granules, os::SystemCalls& calls);
  BlockMap(BlockMap&& other) noexcept;
  BlockMap& operator=(BlockMap&&) = delete;
  ~BlockMap();

  std::uint32_t granules() const { return words_count_ * kGranulesInWord; }
  std::uint32_t words() const { return words_count_; }

  // The following may be called by any thread at any time.

  // Takes 1 to kMaxSmall granules within a word, looking up to word `end`. kNoGranule: nothing
  // there from the cursor on, which stands at the end then. (An optional goes through memory, in
  // two pieces that are read as one: 10 ns.)
  Granule take(unsigned count, BlockCursor& cursor, std::uint32_t end) {
    if (cursor.next[count] < end) [[likely]] {
      const Granule found = take_in(cursor.next[count], count);
      if (found != kNoGranule) [[likely]]
        return found;
    }
    return sweep(count, cursor, end);
  }
  // Gives back what take() or take_large() gave, or a part of it.
  void give(Granule first, std::uint32_t count);

  State state(Granule first) const {
    return unpack(states_[first].load(std::memory_order_seq_cst));
  }
  void set_state(Granule first, State state) {
    states_[first].store(pack(state), std::memory_order_release);
  }
  // Only if it is `expected`.
  bool change_state(Granule first, State expected, State wanted) {
    std::uint16_t before = pack(expected);
    return states_[first].compare_exchange_strong(before, pack(wanted), std::memory_order_seq_cst);
  }
  // Of a live block that nobody writes and whose size is in its state: to kNone, and its size. 0
  // for all else, which stays as it is.
  std::uint32_t retire(Granule first) {
    constexpr unsigned kLive = static_cast<unsigned>(Kind::kLive) << 1;
    std::uint16_t before = states_[first].load(std::memory_order_seq_cst);
    const std::uint32_t size = before & kMaxSize;
    if (before >> 13 != kLive || size == 0) return 0;
    if (is_single_threaded()) {
      states_[first].store(0, std::memory_order_relaxed);
      return size;
    }
    return states_[first].compare_exchange_strong(before, 0, std::memory_order_seq_cst) ? size : 0;
  }
  bool is_free(Granule granule) const {
    return (free_[granule / kGranulesInWord].load(std::memory_order_seq_cst) >>
                (granule % kGranulesInWord) &
            1) != 0;
  }
  // The first granule of [from, end) that is not free; `end` without one, and
  // `from` where that is behind.
  Granule next_taken(Granule from, Granule end) const;
  // The first granule at or before `inside` that begins a small block, as far as such a block can
  // reach, which may end before `inside`; nullopt without one.
  std::optional<Granule> begin_before(Granule inside) const;

  // The following are for one thread at a time (the caller's lock), while others do the above.

  // Takes so many granules, more than kMaxSmall, from words of [begin, end): the first that are
  // free in a row.
  std::optional<Granule> take_large(std::uint32_t count, std::uint32_t begin, std::uint32_t end);
  // Sizes that a state has no room for, of blocks by their first granule.
  void set_size(Granule first, std::size_t size) { sizes_[first] = size; }  // throws std::bad_alloc
  void forget_size(Granule first) { sizes_.erase(first); }
  std::size_t size(Granule first) const { return sizes_.at(first); }
  // The block with such a size that holds the granule, or ends before it.
  std::optional<Granule> sized_before(Granule inside) const;

  // Words that are there from now on, all free; and that are no longer there, if all were free.
  void add_words(std::uint32_t first, std::uint32_t count);
  bool remove_words(std::uint32_t first, std::uint32_t count);
  std::uint32_t count_free(std::uint32_t first, std::uint32_t count) const;

 private:
  BlockMap() = default;

  static constexpr std::uint64_t mask(unsigned count) { return ~std::uint64_t{0} >> (64 - count); }
  // The lowest bit from which `count` bits of `free` are set; 64 without one.
  static unsigned find_run(std::uint64_t free, unsigned count);
  Granule take_in(std::uint32_t word, unsigned count);
  bool take_exactly(Granule first, std::uint32_t count);
  Granule sweep(unsigned count, BlockCursor& cursor, std::uint32_t end);

  // 2 bits of kind, 1 of is_written, 12 of size.
  static constexpr std::uint16_t pack(State state) {
    return static_cast<std::uint16_t>(static_cast<unsigned>(state.kind) << 14 |
                                      static_cast<unsigned>(state.is_written) << 13 | state.size);
  }
  static constexpr State unpack(std::uint16_t bits) {
    return {.kind = static_cast<Kind>(bits >> 14),
            .is_written = (bits >> 13 & 1) != 0,
            .size = bits & kMaxSize};
  }

  std::uint32_t words_count_ = 0;
  std::size_t mapped_size_ = 0;
  os::SystemCalls* calls_ = nullptr;
  std::span<std::atomic<std::uint64_t>> free_{};
  std::span<std::atomic<std::uint16_t>> states_{};
  std::map<Granule, std::size_t> sizes_{};
};

inline unsigned BlockMap::find_run(std::uint64_t free, unsigned count) {
  // After each step a bit says that so many bits from it on are set.
  unsigned have = 1;
  while (have < count) {
    const unsigned step = have < count - have ? have : count - have;
    free &= free >> step;
    have += step;
  }
  return static_cast<unsigned>(std::countr_zero(free));
}

inline Granule BlockMap::take_in(std::uint32_t word, unsigned count) {
  std::uint64_t before = free_[word].load(std::memory_order_relaxed);
  while (true) {
    const unsigned at = find_run(before, count);
    if (at == kGranulesInWord) return kNoGranule;
    if (free_[word].compare_exchange_weak(before, before & ~(mask(count) << at),
                                          std::memory_order_seq_cst, std::memory_order_relaxed))
      return word * kGranulesInWord + at;
  }
}

}  // namespace smf::internal
