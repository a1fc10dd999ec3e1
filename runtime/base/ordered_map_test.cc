#include "runtime/base/ordered_map.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>

namespace smf {
namespace {

TEST(OrderedMap, ConsumesInOrderWithAnyNumberOfWorkers) {
  for (const unsigned workers : {1u, 2u, 5u}) {
    std::vector<std::uint64_t> seen;
    const auto done = ordered_map<std::uint64_t>(
        1000, workers, 4, [](std::uint64_t i, unsigned) -> Result<std::uint64_t> { return i * i; },
        [&](std::uint64_t i, std::uint64_t value) -> Result<void> {
          EXPECT_EQ(value, i * i);
          seen.push_back(i);
          return {};
        });
    ASSERT_TRUE(done);
    ASSERT_EQ(seen.size(), 1000u);
    for (std::uint64_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
  }
}

TEST(OrderedMap, HoldsNoMoreResultsThanTheWindow) {
  std::atomic<int> alive{0}, most{0};
  const auto done = ordered_map<int>(
      200, 4, 3,
      [&](std::uint64_t, unsigned) -> Result<int> {
        const int now = ++alive;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        return 0;
      },
      [&](std::uint64_t, int) -> Result<void> {
        --alive;
        return {};
      });
  EXPECT_TRUE(done);
  // One more than the window: the result being consumed.
  EXPECT_LE(most, 4);
}

TEST(OrderedMap, StopsAtTheFirstErrorInOrder) {
  for (const unsigned workers : {1u, 3u}) {
    std::uint64_t consumed = 0;
    const auto done = ordered_map<int>(
        100, workers, 8,
        [](std::uint64_t i, unsigned) -> Result<int> {
          if (i >= 10) return fail(ErrorCode::kLimit, std::to_string(i));
          return 1;
        },
        [&](std::uint64_t, int) -> Result<void> {
          ++consumed;
          return {};
        });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "10");
    EXPECT_EQ(consumed, 10u);
  }
}

TEST(OrderedMap, TurnsAFailedAllocationIntoAnError) {
  const auto done = ordered_map<int>(
      3, 2, 2, [](std::uint64_t, unsigned) -> Result<int> { throw std::bad_alloc(); },
      [](std::uint64_t, int) -> Result<void> { return {}; });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kOutOfMemory);
}

}  // namespace
}  // namespace smf
