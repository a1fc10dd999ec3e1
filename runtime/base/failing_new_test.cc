#include "runtime/base/failing_new.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>

namespace smf {
namespace {

// Called as functions: new-expressions may be left out by the compiler.
void allocate_once() { ::operator delete(::operator new(8)); }

TEST(FailingNew, TheNthAllocationThrowsAndTheOthersDoNot) {
  const FailingNew failing(1);
  EXPECT_NO_THROW(allocate_once());
  EXPECT_FALSE(failing.has_failed());
  EXPECT_THROW(allocate_once(), std::bad_alloc);
  EXPECT_TRUE(failing.has_failed());
  EXPECT_NO_THROW(allocate_once());
  EXPECT_EQ(failing.count(), 3);
}

TEST(FailingNew, WithoutExceptionsItIsNull) {
  const FailingNew failing(0);
  EXPECT_EQ(::operator new(8, std::nothrow), nullptr);
  void* const next = ::operator new(8, std::nothrow);
  EXPECT_NE(next, nullptr);
  ::operator delete(next);
}

TEST(FailingNew, OfOtherThreadsOnlyWhenAllAreMeant) {
  for (const auto threads : {FailingNew::Threads::kThis, FailingNew::Threads::kAll}) {
    bool has_thrown = false;
    std::atomic<bool> goes{false};
    std::thread other([&] {
      goes.wait(false);
      try {
        allocate_once();
      } catch (const std::bad_alloc&) {
        has_thrown = true;
      }
    });
    const FailingNew failing(0, threads);
    goes = true;
    goes.notify_one();
    other.join();
    EXPECT_EQ(has_thrown, threads == FailingNew::Threads::kAll);
  }
}

TEST(FailingNew, EachAllocationOfAnOperationFailsOnce) {
  int failures = 0;
  EXPECT_EQ(fail_each_allocation([&] {
              try {
                allocate_once();
                allocate_once();
              } catch (const std::bad_alloc&) {
                ++failures;
              }
            }),
            2);
  EXPECT_EQ(failures, 2);
}

}  // namespace
}  // namespace smf
