#include "bench/system_calls.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>
namespace smf::bench {
namespace {
TEST(SystemCalls, OfWorkAreCountedAndThoseOfPreparingAreNot) {
  const auto calls = count_system_calls(100, [] {
    for (int i = 0; i != 7; ++i) ::syscall(SYS_getppid);
    return [](int i) {
      for (int k = 0; k != i % 2; ++k) ::syscall(SYS_getppid);
    };
  });
  if (!calls && calls.error().code == ErrorCode::kSystem) GTEST_SKIP() << calls.error().describe();
  ASSERT_TRUE(calls);
  EXPECT_EQ(*calls, 0.5);
}
TEST(SystemCalls, OfComputingAreNone) {
  volatile int sum = 0;
  const auto calls = count_system_calls(100, [&] { return [&](int i) { sum = sum + i; }; });
  if (!calls) GTEST_SKIP();
  EXPECT_EQ(*calls, 0);
}
TEST(SystemCalls, AChildThatFailsIsAnError) {
  const auto calls = count_system_calls(1, [] { return [](int) { ::_exit(1); }; });
  EXPECT_FALSE(calls);
}
}  // namespace
}  // namespace smf::bench
