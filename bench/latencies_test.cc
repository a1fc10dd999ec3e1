#include "bench/latencies.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <vector>

namespace smf::bench {
namespace {

Distribution named(const std::string& name) {
  const auto all = latencies();
  const auto found = std::ranges::find(all, name, &Distribution::name);
  return found == all.end() ? Distribution() : *found;
}

void sleep_us(long us) {
  const timespec time{.tv_sec = 0, .tv_nsec = us * 1000};
  ::nanosleep(&time, nullptr);
}

TEST(LatenciesTest, OperationsAreTimedOneByOne) {
  std::vector<int> called;
  time_each("sleep", 5, 20, 1, [&](int i) {
    called.push_back(i);
    sleep_us(i == 24 ? 30'000 : 1000);
  });
  EXPECT_EQ(called.size(), 20u);
  EXPECT_EQ(called.front(), 5);
  EXPECT_EQ(called.back(), 24);
  const Distribution found = named("sleep");
  EXPECT_EQ(found.count, 20u);
  EXPECT_EQ(found.group, 1u);
  EXPECT_GT(found.p50, 0.99e6);  // no less than was slept; the calibration is within a percent
  EXPECT_GE(found.max, 29.5e6);
  EXPECT_LE(found.p50, found.p90);
  EXPECT_LE(found.p90, found.p99);
  EXPECT_LE(found.p99, found.max);
}

TEST(LatenciesTest, AGroupsTimeIsDividedByItsOperations) {
  int calls = 0;
  time_each("group", 0, 4, 10, [&](int) {
    ++calls;
    sleep_us(200);
  });
  EXPECT_EQ(calls, 40);
  const Distribution found = named("group");
  EXPECT_EQ(found.count, 4u);
  EXPECT_EQ(found.group, 10u);
  EXPECT_GT(found.p50, 0.198e6);
}

TEST(LatenciesTest, WhatIsAddedLaterJoins) {
  add_latencies("joined", 1, {1, 2, 3});
  add_latencies("joined", 1, {4});
  EXPECT_EQ(named("joined").count, 4u);
}

TEST(LatenciesTest, TheClocksOwnTimeIsSubtracted) {
  add_latencies("nothing", 1, {0});
  const Distribution found = named("nothing");
  EXPECT_EQ(found.max, 0);
  EXPECT_GT(found.clock_ns, 0);
  EXPECT_LT(found.clock_ns, 10'000);
}

}  // namespace
}  // namespace smf::bench
