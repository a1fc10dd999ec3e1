// What a thread has of a code memory: where it looks first, and a few free blocks.
//
// A block that a thread frees it keeps, up to four of each size and 16 KiB in all, and gives out
// again when it is asked for one. That takes no locked operation, where the bitmap takes two, 6 ns
// each; three of four that there would be for a block, counting the one by which a free finds out
// that it is the only one.
//
// For the bitmap a kept block is taken; its state says what it is (BlockMap::State). A thread that
// ends gives back what it keeps; it finds the maps that are still there in a registry, by numbers
// that are never used again. So does one that turns to other code memories.
//
// Threads that are there at the same time each have a place, a number from 0 that is as low as it
// can be, and begin to look for memory in words of their own: a cache line of the bitmap apart, and
// many of the states. Two that met in a word would wait for each other's writes with each block,
// 30 ns, for as long as they give out again what they keep from there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/exec/block_map.h"

namespace smf::internal {

struct ThreadBlocks {
  static constexpr unsigned kDepth = 4;
  static constexpr std::uint32_t kMaxKept = 256;  // granules
  static constexpr std::uint32_t kMostPlaces = 64;
  static constexpr std::uint32_t kWordsApart = 8;

  std::uint64_t owner = 0;  // the map's number
  std::uint32_t place = 0;  // kMostPlaces: one that others have, too
  BlockCursor cursor{};
  std::uint32_t freed = 0;  // granules, since empty memory was looked for
  std::uint32_t kept_granules = 0;
  std::array<std::uint8_t, BlockCursor::kSizes> depth{};
  std::array<std::array<Granule, kDepth>, BlockCursor::kSizes> kept{};

  // A block that is kept, whose state is to be set; kNoGranule without one.
  Granule take(unsigned count) {
    if (depth[count] == 0) return kNoGranule;
    kept_granules -= count;
    return kept[count][--depth[count]];
  }
  // Whether the block, which is full of traps and of no kind, is kept.
  bool keep(BlockMap& map, Granule first, unsigned count) {
    if (depth[count] == kDepth || kept_granules + count > kMaxKept) return false;
    kept_granules += count;
    kept[count][depth[count]++] = first;
    map.set_state(first, BlockMap::State::kept(count));
    return true;
  }
  void give_back_to(BlockMap& map);
  // The word to begin at in new memory, or when all is looked through again.
  std::uint32_t first_word() const { return place % kMostPlaces * kWordsApart; }
};

// Numbers a map, from 1. It stays where it is. Throws std::bad_alloc.
std::uint64_t register_map(BlockMap& map);
// Waits for threads that are giving blocks back to it.
void unregister_map(std::uint64_t number);

// This thread's part of a map: of those it used last.
class ThreadBlocksOf {
 public:
  static ThreadBlocks& of(std::uint64_t number) {
    ThreadBlocks& own = blocks[number % blocks.size()];
    if (own.owner != number) [[unlikely]]
      turn_to(own, number);
    return own;
  }

 private:
  friend struct ThreadEnd;
  static void turn_to(ThreadBlocks& own, std::uint64_t number);
  static constinit thread_local std::array<ThreadBlocks, 2> blocks;
};

}  // namespace smf::internal
