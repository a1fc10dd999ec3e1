#include "runtime/exec/block_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/exec/tiny_code.h"
#include "runtime/os/fault_calls.h"

namespace smf::internal {
namespace {

constexpr std::uint32_t kWords = 32;

BlockMap make_map(std::uint32_t words = kWords) {
  auto map = BlockMap::create(words * BlockMap::kGranulesInWord, os::SystemCalls::kernel());
  EXPECT_TRUE(map.has_value()) << map.error().describe();
  return *std::move(map);
}

TEST(BlockMap, NothingIsThereAtFirst) {
  BlockMap map = make_map();
  BlockCursor cursor;
  EXPECT_EQ(map.granules(), kWords * 64);
  EXPECT_EQ(map.take(1, cursor, kWords), kNoGranule);
  EXPECT_FALSE(map.take_large(64, 0, kWords).has_value());
  EXPECT_EQ(map.count_free(0, kWords), 0u);
}

TEST(BlockMap, WordsThatWereAddedAreTakenFromTheLowest) {
  BlockMap map = make_map();
  map.add_words(3, 2);
  BlockCursor cursor;
  EXPECT_EQ(map.take(3, cursor, kWords), 3u * 64);
  EXPECT_EQ(map.take(3, cursor, kWords), 3u * 64 + 3);
  EXPECT_EQ(map.count_free(0, kWords), 128u - 6);
  EXPECT_FALSE(map.is_free(3 * 64 + 5));
  EXPECT_TRUE(map.is_free(3 * 64 + 6));
}

TEST(BlockMap, TheCursorStaysBelowTheEnd) {
  BlockMap map = make_map();
  map.add_words(0, kWords);
  BlockCursor cursor;
  cursor.next.fill(~0u);
  ASSERT_TRUE(map.take_large(64, 0, 1).has_value());
  EXPECT_EQ(map.take(5, cursor, kWords), kNoGranule);
  EXPECT_EQ(cursor.next[5], kWords);
}

TEST(BlockMap, ABlockStaysWithinAWord) {
  BlockMap map = make_map();
  map.add_words(0, 2);
  BlockCursor cursor;
  EXPECT_EQ(map.take(30, cursor, kWords), 0u);
  EXPECT_EQ(map.take(30, cursor, kWords), 30u);
  EXPECT_EQ(map.take(30, cursor, kWords), 64u);
  EXPECT_EQ(map.take(4, cursor, kWords), 60u);
}

TEST(BlockMap, NeighboursCoalesce) {
  BlockMap map = make_map();
  map.add_words(0, 1);
  BlockCursor cursor;
  for (int i = 0; i != 64; ++i) ASSERT_NE(map.take(1, cursor, kWords), kNoGranule);
  EXPECT_EQ(map.take(1, cursor, kWords), kNoGranule);
  for (Granule at = 10; at != 42; ++at) map.give(at, 1);
  cursor.next.fill(0);
  EXPECT_EQ(map.take(32, cursor, kWords), 10u);
}

TEST(BlockMap, ALargeBlockTakesTheFirstGranulesInARow) {
  BlockMap map = make_map();
  map.add_words(0, kWords);
  BlockCursor cursor;
  ASSERT_EQ(map.take(1, cursor, kWords), 0u);
  EXPECT_EQ(map.take_large(130, 0, kWords), 1u);
  EXPECT_FALSE(map.is_free(130));
  EXPECT_TRUE(map.is_free(131));
  EXPECT_EQ(map.take_large(40, 0, kWords), 131u);
  EXPECT_EQ(map.take_large(64, 0, kWords), 171u);
  EXPECT_FALSE(map.take_large(kWords * 64 - 234, 0, kWords).has_value());
  EXPECT_EQ(map.take_large(kWords * 64 - 235, 0, kWords), 235u);
  EXPECT_EQ(map.count_free(0, kWords), 0u);
  map.give(1, 130);
  EXPECT_FALSE(map.take_large(131, 0, kWords).has_value());
  EXPECT_EQ(map.take_large(130, 0, kWords), 1u);
}

TEST(BlockMap, ALargeBlockStaysBetweenItsBounds) {
  BlockMap map = make_map();
  map.add_words(0, kWords);
  EXPECT_FALSE(map.take_large(129, 4, 6).has_value());
  EXPECT_EQ(map.count_free(0, kWords), kWords * 64);
  EXPECT_EQ(map.take_large(128, 4, 6), 4u * 64);
}

TEST(BlockMap, WordsInUseAreNotRemoved) {
  BlockMap map = make_map();
  map.add_words(0, 4);
  BlockCursor cursor;
  const Granule block = map.take(5, cursor, kWords);
  EXPECT_FALSE(map.remove_words(0, 4));
  EXPECT_EQ(map.count_free(0, 4), 4u * 64 - 5);
  map.give(block, 5);
  EXPECT_TRUE(map.remove_words(0, 4));
  EXPECT_EQ(map.take(1, cursor, kWords), kNoGranule);
}

TEST(BlockMap, WhatIsTakenIsFoundAmongTheFree) {
  BlockMap map = make_map();
  map.add_words(0, kWords);
  EXPECT_EQ(map.next_taken(0, 500), 500u);
  ASSERT_EQ(map.take_large(40, 2, kWords), 128u);
  EXPECT_EQ(map.next_taken(0, 500), 128u);
  EXPECT_EQ(map.next_taken(130, 500), 130u);
  EXPECT_EQ(map.next_taken(168, 500), 500u);
  EXPECT_EQ(map.next_taken(0, 100), 100u);
  EXPECT_EQ(map.next_taken(100, 100), 100u);
}

TEST(BlockMap, AStateKeepsWhatItSays) {
  BlockMap map = make_map();
  using State = BlockMap::State;
  for (const auto kind : {BlockMap::Kind::kNone, BlockMap::Kind::kOpen, BlockMap::Kind::kLive,
                          BlockMap::Kind::kQuarantined}) {
    for (const bool is_written : {false, true}) {
      for (const std::uint32_t size : {0u, 1u, 2048u, BlockMap::kMaxSize}) {
        const State state{.kind = kind, .is_written = is_written, .size = size};
        map.set_state(9, state);
        EXPECT_EQ(map.state(9), state);
      }
    }
  }
  const State live{.kind = BlockMap::Kind::kLive, .size = 70};
  map.set_state(9, live);
  EXPECT_FALSE(map.change_state(9, {.kind = BlockMap::Kind::kLive, .size = 71}, {}));
  EXPECT_TRUE(map.change_state(9, live, {}));
  EXPECT_FALSE(map.change_state(9, live, {}));
}

TEST(BlockMap, TheBeginOfABlockIsFoundFromInside) {
  BlockMap map = make_map();
  map.set_state(100, {.kind = BlockMap::Kind::kLive, .size = 2048});
  EXPECT_EQ(map.begin_before(100), 100u);
  EXPECT_EQ(map.begin_before(131), 100u);
  EXPECT_FALSE(map.begin_before(132).has_value());
  EXPECT_FALSE(map.begin_before(99).has_value());
  EXPECT_FALSE(map.begin_before(0).has_value());
  map.set_size(640, 100000);
  EXPECT_EQ(map.sized_before(700), 640u);
  EXPECT_EQ(map.size(640), 100000u);
  EXPECT_FALSE(map.sized_before(639).has_value());
  map.forget_size(640);
  EXPECT_FALSE(map.sized_before(700).has_value());
}

TEST(BlockMap, WithoutMemoryThereIsNone) {
  os::FaultCalls calls;
  calls.fail_at = 0;
  calls.error = ENOMEM;
  const auto map = BlockMap::create(64, calls);
  ASSERT_FALSE(map.has_value());
  EXPECT_EQ(map.error().code, ErrorCode::kSystem);
}

// A million operations against a map of which granule belongs to which block.
TEST(BlockMap, AgreesWithAModel) {
  constexpr std::uint32_t kMany = 256;
  BlockMap map = make_map(kMany);
  std::vector<std::uint32_t> owner(kMany * 64, 0);  // 0: not there; 1: free; else a block
  std::map<std::uint32_t, std::pair<Granule, std::uint32_t>> blocks;
  std::vector<std::uint32_t> names;
  std::uint32_t next = 2;
  std::mt19937 random(20261125);
  BlockCursor cursor;
  const auto remember = [&](Granule first, std::uint32_t count) {
    for (std::uint32_t i = 0; i != count; ++i) {
      ASSERT_LT(first + i, owner.size());
      ASSERT_EQ(owner[first + i], 1u) << first << "+" << i;
      owner[first + i] = next;
    }
    names.push_back(next);
    blocks[next++] = {first, count};
  };
  const auto longest_in_word = [&](std::uint32_t count) {
    for (std::uint32_t word = 0; word != kMany; ++word) {
      std::uint32_t run = 0;
      for (std::uint32_t i = 0; i != 64; ++i) {
        run = owner[word * 64 + i] == 1 ? run + 1 : 0;
        if (run == count) return true;
      }
    }
    return false;
  };
  const int steps = is_emulated() ? 1'000'000 / kEmulatedPart : 1'000'000;
  for (int step = 0; step != steps; ++step) {
    const unsigned what = random() % 100;
    if (what < 48) {
      const unsigned count = 1 + random() % 32;
      Granule found = map.take(count, cursor, kMany);
      if (found == kNoGranule) {
        cursor.next[count] = 0;
        found = map.take(count, cursor, kMany);
      }
      if (found != kNoGranule) {
        ASSERT_EQ(found / 64, (found + count - 1) / 64);
        remember(found, count);
      } else {
        ASSERT_FALSE(longest_in_word(count));
      }
    } else if (what < 50) {
      const std::uint32_t count = 33 + random() % 200;
      if (const auto found = map.take_large(count, 0, kMany)) {
        remember(*found, count);
      }
    } else if (what < 98) {
      if (names.empty()) continue;
      std::swap(names[random() % names.size()], names.back());
      const auto [first, count] = blocks[names.back()];
      std::fill_n(owner.begin() + first, count, 1u);
      map.give(first, count);
      blocks.erase(names.back());
      names.pop_back();
    } else {
      const std::uint32_t word = random() % kMany;
      const auto begin = owner.begin() + word * 64;
      if (*begin == 0) {
        map.add_words(word, 1);
        std::fill_n(begin, 64, 1u);
      } else {
        const bool is_free = std::all_of(begin, begin + 64, [](auto one) { return one == 1; });
        ASSERT_EQ(map.remove_words(word, 1), is_free);
        if (is_free) std::fill_n(begin, 64, 0u);
      }
    }
    if (step % 50'000 == 0) {
      for (Granule at = 0; at != owner.size(); ++at) ASSERT_EQ(map.is_free(at), owner[at] == 1);
    }
  }
  EXPECT_GT(static_cast<int>(next), steps / 100);
}

TEST(BlockMapThreads, NoGranuleIsTakenTwice) {
  BlockMap map = make_map(64);
  map.add_words(0, 64);
  std::vector<std::atomic<int>> holders(64 * 64);
  std::atomic<bool> is_double{false};
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    BlockCursor cursor;
    std::vector<std::pair<Granule, unsigned>> mine;
    const auto give_last = [&] {
      const auto [first, size] = mine.back();
      mine.pop_back();
      for (unsigned i = 0; i != size; ++i)
        holders[first + i].fetch_sub(1, std::memory_order_relaxed);
      map.give(first, size);
    };
    for (int step = 0; step != 20'000; ++step) {
      const unsigned count = 1 + random() % 32;
      const Granule found = map.take(count, cursor, 64);
      if (found == kNoGranule) {
        cursor.next[count] = 0;
      } else {
        for (unsigned i = 0; i != count; ++i)
          if (holders[found + i].fetch_add(1, std::memory_order_relaxed) != 0) is_double = true;
        mine.emplace_back(found, count);
      }
      if (mine.size() > 20 || (found == kNoGranule && !mine.empty())) {
        std::swap(mine[random() % mine.size()], mine.back());
        give_last();
      }
    }
    while (!mine.empty()) give_last();
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i != 4; ++i) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(is_double);
  EXPECT_EQ(map.count_free(0, 64), 64u * 64);
}

}  // namespace
}  // namespace smf::internal
