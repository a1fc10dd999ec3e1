#include "bench/io/break_even.h"

#include <gtest/gtest.h>

namespace smf::bench {
namespace {

constexpr std::size_t kKs[] = {1, 2, 4, 8};

TEST(BreakEven, SaysForWhichNumbersOfAccessesMappingIsCheaper) {
  EXPECT_EQ(describe_wins(kKs, {true, true, true, true}), "always");
  EXPECT_EQ(describe_wins(kKs, {false, false, false, false}), "never");
  EXPECT_EQ(describe_wins(kKs, {false, false, true, true}), "from 4");
  EXPECT_EQ(describe_wins(kKs, {true, false, false, false}), "below 2");
  EXPECT_EQ(describe_wins(kKs, {false, true, true, false}), "2 to 4");
  EXPECT_EQ(describe_wins(kKs, {false, true, false, false}), "2");
  EXPECT_EQ(describe_wins(kKs, {true, false, true, true}), "mixed");
  EXPECT_EQ(describe_wins(kKs, {false, true, false, true}), "mixed");
}

}  // namespace
}  // namespace smf::bench
