// For tests: every state that a disk may have while one file is written, and the power goes.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "runtime/os/fault_calls.h"
#include "runtime/os/power_cut.h"

namespace smf::os {

class PowerCutTest : public testing::Test {
 protected:
  using Events = std::span<const MemoryCalls::Event>;
  using Calls = FaultCallsOver<MemoryCalls>;

  static constexpr const char* kPath = "/nowhere/module.smf";
  // What is tested has fewer states than this, so that every one of them is looked at.
  static constexpr std::uint64_t kMostStates = 1u << 12;

  explicit PowerCutTest(std::string image) : image_(std::move(image)) {}

  // Calls check(state, events) for every state the disk may have after each prefix of the calls.
  template <typename Check>
  void for_each_state(const MemoryCalls& calls, ino_t number, const Check& check) {
    const Events events = calls.events();
    for (std::size_t n = 0; n <= events.size(); ++n) {
      const PowerCut cut(kPath, number, image_, events.first(n));
      EXPECT_TRUE(cut.for_each_state(kMostStates, [&](const std::string& state) {
        if (HasFailure()) return;
        ++states_;
        check(state, events.first(n));
      })) << "too many states to look at each";
    }
  }

  // Of a file that is written anew, and then has the name: the old one, or the new one.
  void expect_old_or_new(const MemoryCalls& calls, ino_t number) {
    const std::string after = calls.bytes(kPath);
    for_each_state(calls, number, [&](const std::string& state, Events events) {
      EXPECT_TRUE(state == after || (state == image_ && events.size() < calls.events().size()))
          << "half of a file, or one that was promised is gone";
    });
  }

  static std::size_t syncs(Events events) {
    return static_cast<std::size_t>(
        std::ranges::count(events, MemoryCalls::Event::Kind::kSync, &MemoryCalls::Event::kind));
  }

  // What other writers must not come between: writes to that file, and renames to its path.
  static void expect_locked(const MemoryCalls& calls, ino_t number, std::size_t writes,
                            std::size_t renames) {
    std::size_t written = 0, renamed = 0;
    for (const MemoryCalls::Event& event : calls.events()) {
      const bool is_write = event.kind == MemoryCalls::Event::Kind::kWrite && event.file == number;
      const bool is_rename = event.kind == MemoryCalls::Event::Kind::kName && event.path == kPath;
      written += is_write;
      renamed += is_rename;
      if (is_write || is_rename) {
        EXPECT_TRUE(event.is_locked);
      }
    }
    EXPECT_EQ(written, writes);
    EXPECT_EQ(renamed, renames);
  }

  // One writer is killed in front of each of its calls, the next finds what is in the cache, and
  // then the power goes: what the first one wrote may still not be on the disk. `first(calls)` is
  // killed; second(calls) comes then.
  template <typename First, typename Second, typename CheckCache, typename Check>
  void expect_nothing_lost(const First& first, const Second& second, const CheckCache& check_cache,
                           const Check& check) {
    for (int n = 0;; ++n) {
      Calls calls;
      const ino_t number = calls.put(kPath, image_);
      calls.fail_at = n;
      calls.stays_broken = true;
      static_cast<void>(first(calls));
      const bool was_killed = calls.calls > n;
      calls.fail_at = -1;
      ASSERT_TRUE(second(calls));
      check_cache(calls.bytes(kPath));
      for_each_state(calls, number, [&](const std::string& state, Events) { check(state); });
      ASSERT_FALSE(HasFailure()) << "killed in front of call " << n;
      if (!was_killed) break;
      ASSERT_LT(n, 100);
    }
  }

  std::string image_;
  std::size_t states_ = 0;
};

}  // namespace smf::os
