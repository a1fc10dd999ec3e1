// Each system call and each allocation fails once: nothing leaks, nothing is torn, and the code
// memory goes on.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base/failing_new.h"
#include "runtime/exec/either_protection.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

// Also looks, after each call that changed something, for what must never be.
class WatchedFaults : public os::FaultCalls {
 public:
  bool found_write_exec = false;

  void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) override {
    void* const result = os::FaultCalls::mmap(address, size, protection, flags, fd, offset);
    if (result != MAP_FAILED) look();
    return result;
  }
  int mprotect(void* address, size_t size, int protection) override {
    const int result = os::FaultCalls::mprotect(address, size, protection);
    if (result == 0) look();
    return result;
  }

 private:
  void look() { found_write_exec = found_write_exec || !find_write_exec().empty(); }
};

struct Count {
  int failures = 0;
  int successes = 0;

  template <typename T>
  bool operator()(const Result<T>& result) {
    ++(result ? successes : failures);
    return result.has_value();
  }
};

// A life with everything in it.
void live(const CodeMemoryOptions& options, Count& count) {
  auto created = CodeMemory::create(options);
  if (!count(created)) return;
  CodeMemory memory = *std::move(created);
  std::vector<std::pair<const void*, int>> functions;
  const auto add = [&](std::uint32_t number, std::size_t size) {
    const auto function = publish(memory, number, size);
    if (count(function)) functions.emplace_back(*function, static_cast<int>(number));
  };
  for (const std::size_t size : {10, 500, 3000, 100000})
    add(static_cast<std::uint32_t>(size) % 2000, size);
  {
    auto dropped = memory.begin(100);
    count(dropped);
  }
  if (!functions.empty()) {
    if (count(memory.free(functions.back().first))) functions.pop_back();
  }
  count(memory.quiesce());
  add(7, 20);
  if (!functions.empty()) {
    const auto code = code_returning(8);
    if (count(memory.write(functions[0].first, 0, code))) functions[0].second = 8;
  }
  if (!functions.empty() && count(memory.free(functions.back().first, 1))) functions.pop_back();
  count(memory.reclaim(1));
  memory.trim();
  add(9, 1'200'000);
  memory.trim();
  add(11, 5);
  // What was said to be there is there.
  for (const auto& [function, number] : functions) {
    if (permissions_at(function).substr(0, 3) == "r-x") {
      EXPECT_EQ(call_code(function), number);
    } else {
      // Page protection, and the change of a block that could not be closed again.
      EXPECT_EQ(memory.stats().protection, CodeProtection::kPageProtection);
    }
  }
  // And it goes on.
  const auto last = publish(memory, 3);
  if (count(last)) {
    EXPECT_EQ(call_code(*last), 3);
  }
}

class FaultsWith : public testing::TestWithParam<std::optional<CodeProtection>> {
 protected:
  static CodeMemoryOptions options_with(os::SystemCalls& calls) {
    return {
        .protection = GetParam(), .max_bytes = 8u << 20, .region_bytes = 4u << 20, .calls = &calls};
  }
};

INSTANTIATE_TEST_SUITE_P(Protections, FaultsWith, testing::ValuesIn([] {
                           std::vector<std::optional<CodeProtection>> protections{
                               std::nullopt, CodeProtection::kPageProtection};
                           if (allows_dual_mapping())
                             protections.emplace_back(CodeProtection::kDualMapping);
                           return protections;
                         }()));

TEST_P(FaultsWith, EachSystemCallFails) {
  const int descriptors = os::descriptor_count();
  int total = 0;
  for (int at = 0;; ++at) {
    WatchedFaults calls;
    calls.fail_at = at;
    calls.error = at % 2 == 0 ? ENOMEM : EPERM;
    Count count;
    live(options_with(calls), count);
    ASSERT_FALSE(calls.found_write_exec) << at;
    ASSERT_EQ(os::descriptor_count(), descriptors) << at;
    ASSERT_EQ(os::mapping_count("smf-code"), 0u) << at;
    // One failure refuses one thing, or none where there is another way; or the memory itself.
    ASSERT_LE(count.failures, 2) << at;
    total = calls.calls;
    if (calls.calls <= at) break;
  }
  EXPECT_GT(total, 20);
}

TEST_P(FaultsWith, AllSystemCallsFailFromOneOn) {
  const int descriptors = os::descriptor_count();
  for (int at = 0;; ++at) {
    WatchedFaults calls;
    calls.fail_at = at;
    calls.stays_broken = true;
    calls.error = ENOMEM;
    Count count;
    live(options_with(calls), count);
    ASSERT_FALSE(calls.found_write_exec) << at;
    ASSERT_EQ(os::descriptor_count(), descriptors) << at;
    if (calls.calls <= at) break;
  }
  EXPECT_EQ(os::mapping_count("smf-code"), 0u);
}

TEST_P(FaultsWith, EachAllocationFails) {
  const int descriptors = os::descriptor_count();
  const auto code = code_returning(5);
  const auto is_told = [](const auto& result) {
    return result.has_value() || result.error().code == ErrorCode::kOutOfMemory;
  };
  // Nothing here may throw.
  const std::int64_t allocations = fail_each_allocation([&] {
    auto memory = CodeMemory::create({.protection = GetParam(), .max_bytes = 8u << 20});
    EXPECT_TRUE(is_told(memory));
    if (!memory) return;
    for (const std::size_t size : {64, 5000, 700000}) {
      auto writer = memory->begin(size);
      EXPECT_TRUE(is_told(writer));
      if (!writer) continue;
      std::memcpy(writer->bytes().data(), code.data(), code.size());
      const auto function = writer->commit();
      EXPECT_TRUE(is_told(function));
      if (!function) continue;
      EXPECT_EQ(call_code(*function), 5);
      EXPECT_TRUE(is_told(memory->write(*function, 1, Bytes(code).first(0))));
      const auto freed = memory->free(*function, 1);
      EXPECT_TRUE(is_told(freed));
      if (!freed) {
        EXPECT_TRUE(is_told(memory->free(*function)));
      }
    }
    int local = 0;
    EXPECT_FALSE(memory->free(&local).has_value());
    EXPECT_TRUE(is_told(memory->quiesce()));
    EXPECT_TRUE(is_told(memory->reclaim(1)));
  });
  EXPECT_GT(allocations, 5);
  EXPECT_EQ(os::descriptor_count(), descriptors);
  EXPECT_EQ(os::mapping_count("smf-code"), 0u);
}

}  // namespace
}  // namespace smf
