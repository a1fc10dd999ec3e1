// What ExecMemory does where the system or the memory refuses.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <new>
#include <optional>
#include <string>

#include "runtime/base/failing_new.h"
#include "runtime/ffi/exec_memory.h"
#include "runtime/ffi/exec_memory_testing.h"
#include "runtime/os/fault_calls.h"

namespace smf::ffi {
namespace {

// What was mapped, but for what lies in a range that was mapped before.
class HeldCalls : public os::SystemCalls {
 public:
  std::map<void*, std::size_t> held{};

  void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) override {
    void* const got = SystemCalls::mmap(address, size, protection, flags, fd, offset);
    if (got != MAP_FAILED && (flags & MAP_FIXED) == 0) held[got] = size;
    return got;
  }
  int munmap(void* address, size_t size) override {
    const auto found = held.find(address);
    EXPECT_TRUE(found != held.end() && found->second == size);
    held.erase(address);
    return SystemCalls::munmap(address, size);
  }
};

using FailingCalls = os::FaultCallsOver<HeldCalls>;

// Allocates, writes, calls and frees; how many of these the system refused.
int use_all(ExecMemory& memory) {
  int failures = 0;
  const auto went_well = [&](const auto& result) {
    if (result) return true;
    EXPECT_EQ(result.error().code, ErrorCode::kSystem) << result.error().describe();
    EXPECT_EQ(result.error().system_errno, ENOMEM);
    return ++failures == 0;
  };
  for (const std::int64_t size : {INT64_C(64), INT64_C(200'000)}) {
    const auto code = memory.alloc_code(size);
    if (!went_well(code)) continue;
    EXPECT_TRUE(is_trap(*code, size));
    const bool is_written = went_well(memory.write(*code, returning(5), 0));
    EXPECT_EQ(memory.protection(*code), is_written ? kReadExecute : kNone);
    EXPECT_EQ(call(memory, *code).has_value(), is_written);
    went_well(memory.free(*code, size));
    EXPECT_FALSE(memory.free(*code, size));
  }
  const auto pages = memory.alloc_pages(64);
  if (went_well(pages)) {
    std::ranges::copy(returning(6), at(*pages));
    const bool is_made = went_well(memory.make_executable(*pages, 64));
    EXPECT_EQ(memory.protection(*pages), is_made ? kReadExecute : kReadWrite);
    if (is_made) {
      EXPECT_EQ(call(memory, *pages), 6);
      const bool is_changed = went_well(memory.set_protection(*pages, 64, kRead));
      EXPECT_EQ(memory.is_executable(*pages), !is_changed);
    }
    went_well(memory.free(*pages, 64));
  }
  EXPECT_EQ(memory.count(), 0);
  EXPECT_EQ(memory.total(), 0);
  return failures;
}

TEST(ExecMemory, WhateverSystemCallFailsNothingIsLeft) {
  const int descriptors = os::descriptor_count();
  for (const std::optional<CodeProtection> protection :
       {std::optional<CodeProtection>(), std::optional(CodeProtection::kDualMapping),
        std::optional(CodeProtection::kPageProtection)}) {
    bool went_well = false;
    for (int n = 0; n < 200 && !went_well; ++n) {
      FailingCalls calls;
      calls.fail_at = n;
      calls.error = ENOMEM;
      {
        ExecMemory memory({.protection = protection, .calls = &calls});
        const int failures = use_all(memory);
        went_well = calls.calls <= n;
        EXPECT_LE(failures, went_well ? 0 : 1) << "call " << n;
      }
      EXPECT_TRUE(calls.held.empty()) << "call " << n;
      EXPECT_EQ(os::mapping_count("smf-code"), 0u) << "call " << n;
      EXPECT_EQ(os::descriptor_count(), descriptors) << "call " << n;
    }
    EXPECT_TRUE(went_well);
  }
}

TEST(ExecMemory, WhatIsNotFreedGoesWithIt) {
  FailingCalls calls;
  {
    ExecMemory memory({.calls = &calls});
    ASSERT_TRUE(memory.alloc_code(100));
    ASSERT_TRUE(memory.alloc_pages(3 * page_size() + 1));
    EXPECT_FALSE(calls.held.empty());
  }
  EXPECT_TRUE(calls.held.empty());
}

TEST(ExecMemory, WithoutDualMappingItSaysWhy) {
  class NoMemfd : public os::SystemCalls {
   public:
    int memfd_create(const char*, unsigned) override {
      errno = EPERM;
      return -1;
    }
  };
  NoMemfd calls;
  ExecMemory memory({.calls = &calls});
  const std::int64_t code = memory.alloc_code(64).value();
  ASSERT_TRUE(memory.write(code, returning(5), 0));
  EXPECT_EQ(call(memory, code), 5);
  const std::string text = memory.statistics();
  EXPECT_TRUE(
      text.contains("page protection: code is executable or writable, in turn (no dual "
                    "mapping: cannot memfd_create: "))
      << text;

  ExecMemory strict({.protection = CodeProtection::kDualMapping, .calls = &calls});
  EXPECT_TRUE(refuses(strict.alloc_code(64), "memfd_create", ErrorCode::kSystem));
  EXPECT_TRUE(strict.alloc_pages(64));
}

TEST(ExecMemory, CodeThatStayedWritableIsNotExecutableUntilItIsWrittenAgain) {
  FailingCalls calls;
  ExecMemory memory({.protection = CodeProtection::kPageProtection, .calls = &calls});
  const std::int64_t code = memory.alloc_code(64).value();
  ASSERT_TRUE(memory.write(code, returning(5), 0));
  calls.fail_at = calls.calls + 1;  // made writable, and not executable again
  EXPECT_TRUE(refuses(memory.write(code, returning(6), 0), "executable", ErrorCode::kSystem));
  EXPECT_EQ(memory.is_executable(code), false);
  EXPECT_EQ(memory.protection(code), kNone);
  EXPECT_TRUE(refuses(call(memory, code), "is not executable"));
  EXPECT_TRUE(refuses(memory.make_executable(code, 64), "write it again", ErrorCode::kUnsupported));
  EXPECT_TRUE(refuses(memory.set_protection(code, 64, kReadWrite), "has been executable"));
  EXPECT_TRUE(memory.write(code, returning(7), 0));
  EXPECT_EQ(call(memory, code), 7);
  EXPECT_TRUE(memory.free(code, 64));
}

TEST(ExecMemory, MemoryThatSomebodyElseUnmappedIsNotTakenForTheOld) {
  // Gives the same address twice, as the kernel does when somebody else unmaps what is ours.
  class Twice : public os::SystemCalls {
   public:
    void* mmap(void*, size_t, int, int, int, off_t) override { return page.data(); }
    int munmap(void*, size_t) override {
      ++unmapped;
      return 0;
    }
    int unmapped = 0;
    alignas(4096) std::array<std::byte, 65'536> page{};
  };
  Twice calls;
  ExecMemory memory({.calls = &calls});
  const auto first = memory.alloc_pages(100);
  ASSERT_TRUE(first);
  EXPECT_TRUE(refuses(memory.alloc_pages(50), "was unmapped by other means"));
  EXPECT_EQ(calls.unmapped, 1);
  EXPECT_EQ(memory.total(), 100);
  EXPECT_TRUE(memory.free(*first, 100));
}

TEST(ExecMemory, WithoutMemoryForItsTableNothingIsLeft) {
  for (const auto protection : {CodeProtection::kDualMapping, CodeProtection::kPageProtection}) {
    FailingCalls calls;
    {
      ExecMemory memory({.protection = protection, .calls = &calls});
      // What is made once is there.
      const std::int64_t first = memory.alloc_code(64).value();
      const std::size_t held = calls.held.size();
      const auto function = returning(5);
      const std::int64_t allocations = fail_each_allocation([&] {
        try {
          const auto code = memory.alloc_code(100'000);
          if (!code) {
            EXPECT_EQ(code.error().code, ErrorCode::kOutOfMemory);
            return;
          }
          EXPECT_TRUE(memory.write(*code, function, 0));
          EXPECT_TRUE(memory.free(*code, 100'000));
          const auto pages = memory.alloc_pages(64);
          EXPECT_TRUE(pages && memory.free(*pages, 64));
        } catch (const std::bad_alloc&) {
        }
      });
      EXPECT_GT(allocations, 1);
      EXPECT_EQ(memory.count(), 1);
      EXPECT_EQ(calls.held.size(), held);
      EXPECT_TRUE(memory.free(first, 64));
    }
    EXPECT_TRUE(calls.held.empty());
  }
}

}  // namespace
}  // namespace smf::ffi
