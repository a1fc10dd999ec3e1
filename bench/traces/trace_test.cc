#include "bench/traces/trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>

#include "bench/traces/simulation.h"

namespace smf::bench {
namespace {

TEST(Trace, IsReadFromNumbersAndRanges) {
  const auto trace = parse_trace("# keys\n0-2\n\n7\r\n1-1\n");
  ASSERT_TRUE(trace);
  EXPECT_EQ(*trace, (Trace{0, 1, 2, 7, 1}));
}

TEST(Trace, WithoutALastNewlineIsReadToTheEnd) {
  const auto trace = parse_trace("3\n4");
  ASSERT_TRUE(trace);
  EXPECT_EQ(*trace, (Trace{3, 4}));
}

TEST(Trace, ThatIsWrongIsToldWithItsLine) {
  for (const char* const text : {"1\nx\n", "1\n2-\n", "1\n3-2\n", "1\n-1\n", "1\n4294967296\n"}) {
    const auto trace = parse_trace(text);
    ASSERT_FALSE(trace) << text;
    EXPECT_NE(trace.error().message.find("line 2:"), std::string::npos) << trace.error().message;
  }
  EXPECT_FALSE(parse_trace("# nothing\n"));
}

TEST(Trace, ThatIsTooLongIsALimit) {
  const auto trace = parse_trace("0-4294967295\n");
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().code, ErrorCode::kLimit);
}

// All ways to let keys go, tried out.
std::uint64_t best_of_all(const Trace& trace, std::size_t at, std::set<Key> cached,
                          std::size_t capacity) {
  for (; at < trace.size() && cached.contains(trace[at]); ++at) {
    // What is hit changes nothing.
  }
  if (at == trace.size()) return 0;
  if (cached.size() < capacity) {
    cached.insert(trace[at]);
    return best_of_all(trace, at + 1, std::move(cached), capacity) + 1;
  }
  std::uint64_t least = UINT64_MAX;
  for (const Key key : cached) {
    std::set<Key> without = cached;
    without.erase(key);
    without.insert(trace[at]);
    least = std::min(least, best_of_all(trace, at + 1, std::move(without), capacity) + 1);
  }
  return least;
}

TEST(Optimum, IsTheBestOfAllWays) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    Trace trace(14);
    for (Key& key : trace) key = random() % 5;
    for (const std::size_t capacity : {1u, 2u, 3u}) {
      EXPECT_EQ(optimum(trace, capacity), trace.size() - best_of_all(trace, 0, {}, capacity))
          << "round " << round << " capacity " << capacity;
    }
  }
}

TEST(Simulation, OfALoopLargerThanTheCacheHitsNothingByLru) {
  const Trace loop = loop_trace(11, 1100);
  EXPECT_EQ(simulate(loop, 10, EvictionKind::kLru), 0u);
  EXPECT_EQ(simulate(loop, 11, EvictionKind::kLru), 1100u - 11);
  EXPECT_GT(optimum(loop, 10), 900u);
}

TEST(Simulation, IsNeverBetterThanTheOptimum) {
  for (const Trace& trace :
       {zipf_trace(500, 20'000, 0.8), scan_trace(500, 20'000), build_trace(5)}) {
    for (const EvictionKind kind : {EvictionKind::kLru, EvictionKind::kSieve})
      EXPECT_LE(simulate(trace, 50, kind), optimum(trace, 50)) << eviction_name(kind);
  }
}

}  // namespace
}  // namespace smf::bench
