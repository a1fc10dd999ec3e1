#include "runtime/exec/block_map.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <new>
#include <utility>

#include "runtime/base/check.h"

namespace smf::internal {

Result<BlockMap> BlockMap::create(std::uint32_t granules, os::SystemCalls& calls) {
  SMF_CHECK(granules % kGranulesInWord == 0 && granules != 0);
  BlockMap map;
  map.calls_ = &calls;
  map.words_count_ = granules / kGranulesInWord;
  const std::size_t free_bytes = map.words_count_ * sizeof(std::atomic<std::uint64_t>);
  map.mapped_size_ = free_bytes + granules * sizeof(std::atomic<std::uint16_t>);
  void* const memory = calls.mmap(nullptr, map.mapped_size_, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    map.mapped_size_ = 0;
    return fail_system("mmap the table of code memory", {}, errno);
  }
  // Zeros, which the kernel gives, are what both arrays begin with: constructing them would touch
  // every page.
  auto* const free = static_cast<std::atomic<std::uint64_t>*>(memory);
  map.free_ = {free, map.words_count_};
  map.states_ = {reinterpret_cast<std::atomic<std::uint16_t>*>(free + map.words_count_), granules};
  return map;
}

BlockMap::BlockMap(BlockMap&& other) noexcept
    : words_count_(other.words_count_),
      mapped_size_(std::exchange(other.mapped_size_, 0)),
      calls_(other.calls_),
      free_(other.free_),
      states_(other.states_),
      sizes_(std::move(other.sizes_)) {}

BlockMap::~BlockMap() {
  if (mapped_size_ != 0) calls_->munmap(free_.data(), mapped_size_);
}

Granule BlockMap::sweep(unsigned count, BlockCursor& cursor, std::uint32_t end) {
  std::uint32_t word = std::min(cursor.next[count], end);
  Granule found = kNoGranule;
  for (; word != end; ++word) {
    found = take_in(word, count);
    if (found != kNoGranule) break;
  }
  cursor.next[count] = word;
  return found;
}

void BlockMap::give(Granule first, std::uint32_t count) {
  while (count != 0) {
    const unsigned bit = first % kGranulesInWord;
    const unsigned here = std::min(count, kGranulesInWord - bit);
    free_[first / kGranulesInWord].fetch_or(mask(here) << bit, std::memory_order_seq_cst);
    first += here;
    count -= here;
  }
}

Granule BlockMap::next_taken(Granule from, Granule end) const {
  if (from >= end) return from;
  while (from < end) {
    const unsigned bit = from % kGranulesInWord;
    const std::uint64_t free = free_[from / kGranulesInWord].load(std::memory_order_seq_cst);
    const auto run = static_cast<unsigned>(std::countr_one(free >> bit));
    if (run < kGranulesInWord - bit) return std::min(from + run, end);
    from += kGranulesInWord - bit;
  }
  return end;
}

std::optional<Granule> BlockMap::begin_before(Granule inside) const {
  const Granule last = inside - std::min(inside, kMaxSmall - 1);
  for (Granule at = inside;; --at) {
    if (state(at).kind != Kind::kNone) return at;
    if (at == last) return std::nullopt;
  }
}

// All of these, or none.
bool BlockMap::take_exactly(Granule first, std::uint32_t count) {
  for (std::uint32_t taken = 0; taken != count;) {
    const unsigned bit = (first + taken) % kGranulesInWord;
    const unsigned here = std::min(count - taken, kGranulesInWord - bit);
    const std::uint64_t bits = mask(here) << bit;
    std::atomic<std::uint64_t>& word = free_[(first + taken) / kGranulesInWord];
    std::uint64_t before = word.load(std::memory_order_relaxed);
    do {
      if ((before & bits) != bits) {
        give(first, taken);
        return false;
      }
    } while (!word.compare_exchange_weak(before, before & ~bits, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
    taken += here;
  }
  return true;
}

std::optional<Granule> BlockMap::take_large(std::uint32_t count, std::uint32_t begin,
                                            std::uint32_t end) {
  std::uint32_t run = 0;  // free granules in front of the word
  for (std::uint32_t word = begin; word < end; ++word) {
    const std::uint64_t free = free_[word].load(std::memory_order_relaxed);
    if (run + static_cast<unsigned>(std::countr_one(free)) >= count) {
      const Granule first = word * kGranulesInWord - run;
      if (take_exactly(first, count)) return first;
      run = 0;  // somebody else was there
      continue;
    }
    run = free == ~std::uint64_t{0} ? run + kGranulesInWord
                                    : static_cast<unsigned>(std::countl_one(free));
  }
  return std::nullopt;
}

std::optional<Granule> BlockMap::sized_before(Granule inside) const {
  const auto after = sizes_.upper_bound(inside);
  if (after == sizes_.begin()) return std::nullopt;
  return std::prev(after)->first;
}

void BlockMap::add_words(std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t word = first; word != first + count; ++word)
    free_[word].store(~std::uint64_t{0}, std::memory_order_release);
}

bool BlockMap::remove_words(std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t word = first; word != first + count; ++word) {
    std::uint64_t all = ~std::uint64_t{0};
    if (free_[word].compare_exchange_strong(all, 0, std::memory_order_seq_cst)) continue;
    add_words(first, word - first);
    return false;
  }
  return true;
}

std::uint32_t BlockMap::count_free(std::uint32_t first, std::uint32_t count) const {
  std::uint32_t sum = 0;
  for (std::uint32_t word = first; word != first + count; ++word)
    sum += static_cast<std::uint32_t>(std::popcount(free_[word].load(std::memory_order_relaxed)));
  return sum;
}

}  // namespace smf::internal
