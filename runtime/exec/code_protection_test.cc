// Who may write and run what, and when.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/exec/either_protection.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

using CodeProtectionWith = CodeMemoryWith;
INSTANTIATE_TEST_SUITE_P(Protections, CodeProtectionWith, either_protection(), name_of);

void* page_of(const void* address) {
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) & ~std::uintptr_t{4095});
}

TEST_P(CodeProtectionWith, ItIsHiddenUntilTheNextWrite) {
  CodeMemory memory = make();
  const void* const function = publish(memory, 1).value();
  const void* const large = publish(memory, 2, 100000).value();
  const auto change = [&](int which) {
    const auto code = code_returning(3);
    if (which == 0) {
      EXPECT_EQ(call_code(publish(memory, 3).value()), 3);
    }
    if (which == 1) {
      EXPECT_EQ(error_of(memory.write(function, 0, code)), "no error");
    }
    if (which == 2) {
      EXPECT_EQ(error_of(memory.free(function)), "no error");
    }
    if (which == 3) {
      EXPECT_EQ(error_of(memory.free(large)), "no error");
    }
    if (which == 4) {
      EXPECT_EQ(call_code(publish(memory, 3, 3'000'000).value()), 3);
    }
  };
  for (int which = 0; which != 5; ++which) {
    EXPECT_EQ(error_of(memory.quiesce()), "no error");
    EXPECT_EQ(error_of(memory.quiesce()), "no error");
    EXPECT_TRUE(memory.stats().is_hidden);
    EXPECT_TRUE(writable_views().empty());
    if (which < 2) {
      EXPECT_EQ(call_code(function), 1);
    }
    change(which);
    EXPECT_FALSE(memory.stats().is_hidden);
  }
}

TEST_P(CodeProtectionWith, WhatIsNotWrittenTraps) {
  CodeMemory memory = make();
  for (const std::size_t size : {100, 5000}) {
    const auto writer = memory.begin(size).value();
    std::vector<std::byte> traps(64 * ((size + 63) / 64));
    fill_with_traps(traps);
    EXPECT_TRUE(std::ranges::equal(writer.bytes(), Bytes(traps).first(size)));
  }
}

TEST_P(CodeProtectionWith, ItIsNotHiddenFromWhoWrites) {
  CodeMemory memory = make();
  auto writer = memory.begin(100).value();
  const auto refused = memory.quiesce();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_TRUE(refused.error().message.contains("being written"));
  EXPECT_FALSE(memory.seal().has_value());
  std::ranges::copy(code_returning(5), writer.bytes().begin());
  EXPECT_EQ(call_code(writer.commit().value()), 5);
  EXPECT_EQ(error_of(memory.quiesce()), "no error");
}

TEST_P(CodeProtectionWith, WhatIsSealedStaysAsItIs) {
  CodeMemory memory = make();
  const void* const function = publish(memory, 6).value();
  EXPECT_EQ(error_of(memory.seal()), "no error");
  EXPECT_TRUE(memory.stats().is_sealed);
  EXPECT_TRUE(writable_views().empty());
  EXPECT_EQ(call_code(function), 6);
  EXPECT_EQ(memory.find(function).data(), function);
  const auto code = code_returning(7);
  for (const auto& refused :
       {memory.free(function), memory.free(function, 3), memory.write(function, 0, code),
        memory.quiesce(), memory.seal(), begin_of(memory, 10)}) {
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(refused.error().message, "code memory is sealed");
  }
  memory.trim();
  EXPECT_EQ(call_code(function), 6);
  if (memory.stats().is_sealed_by_kernel) {
    void* const page = page_of(function);
    EXPECT_NE(::munmap(page, 4096), 0);
    EXPECT_NE(::mprotect(page, 4096, PROT_READ), 0);
  }
}

// Asks after each system call that nothing is writable and executable.
class WatchingCalls : public os::SystemCalls {
 public:
  std::string found{};
  int calls = 0;

  void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) override {
    return look(SystemCalls::mmap(address, size, protection, flags, fd, offset));
  }
  int munmap(void* address, size_t size) override {
    return look(SystemCalls::munmap(address, size));
  }
  int mprotect(void* address, size_t size, int protection) override {
    return look(SystemCalls::mprotect(address, size, protection));
  }
  int madvise(void* address, size_t size, int advice) override {
    return look(SystemCalls::madvise(address, size, advice));
  }

 private:
  template <typename T>
  T look(T result) {
    const int error = errno;
    if (found.empty()) found = find_write_exec();
    ++calls;
    errno = error;
    return result;
  }
};

TEST_P(CodeProtectionWith, NothingIsEverWritableAndExecutable) {
  const std::size_t before = os::mapping_count("smf-code");
  WatchingCalls calls;
  {
    CodeMemory memory = make({.max_bytes = 8u << 20, .region_bytes = 2u << 20, .calls = &calls});
    std::vector<const void*> functions;
    for (std::uint32_t i = 0; i != 300; ++i) {
      functions.push_back(publish(memory, i, 200 * i % 70000 + 1).value());
      if (i % 3 == 2) {
        ASSERT_TRUE(memory.free(functions.back()).has_value());
        functions.pop_back();
      }
      if (i % 50 == 7) {
        ASSERT_TRUE(memory.quiesce().has_value());
      }
      if (i % 50 == 9) {
        ASSERT_TRUE(memory.write(functions.back(), 0, code_returning(1)).has_value());
      }
      if (i % 50 == 11) memory.trim();
    }
  }
  EXPECT_EQ(calls.found, "");
  EXPECT_GT(calls.calls, 50);
  EXPECT_EQ(os::mapping_count("smf-code"), before);
}

// A child of fork() that ends with the status that `work` gives.
int status_of_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_P(CodeProtectionWith, AForkedChildRunsCodeAndWritesNone) {
  CodeMemory memory = make();
  const void* const function = publish(memory, 11).value();
  auto open = memory.begin(100).value();
  EXPECT_EQ(status_of_child([&] { return call_code(function); }), 11);
  const auto refuses = [&](const Result<void>& result) {
    return !result && result.error().code == ErrorCode::kUnsupported &&
           result.error().message.contains("the process that made it");
  };
  EXPECT_EQ(status_of_child([&] {
              if (!refuses(begin_of(memory, 10))) return 1;
              if (!refuses(begin_of(memory, 10000))) return 2;
              if (!refuses(memory.free(function))) return 3;
              if (!refuses(memory.write(function, 0, code_returning(12)))) return 4;
              if (!refuses(memory.quiesce())) return 5;
              if (!writable_views().empty()) return 6;
              return 0;
            }),
            0);
  if (is_dual()) {
    EXPECT_NE(status_of_child([&] {
                open.bytes()[0] = std::byte{1};
                return 0;
              }),
              0);
  }
  // A child that ends as a program does gives its memory back.
  EXPECT_EQ(status_of_child([&] {
              {
                const CodeWriter dropped = std::move(open);
              }
              {
                const CodeMemory gone = std::move(memory);
              }
              return 0;
            }),
            0);
  EXPECT_EQ(call_code(function), 11);
  EXPECT_EQ(call_code(publish(memory, 12).value()), 12);
}

using CodeMemoryDeath = CodeMemoryWith;
INSTANTIATE_TEST_SUITE_P(Protections, CodeMemoryDeath, either_protection(), name_of);

TEST_P(CodeMemoryDeath, WhatRunsCannotBeWritten) {
  CodeMemory memory = make();
  const void* const function = publish(memory, 1).value();
  EXPECT_EQ(permissions_at(function).substr(0, 3), "r-x");
  EXPECT_DEATH(*static_cast<volatile char*>(const_cast<void*>(function)) = 1, "");
  void* const page = page_of(function);
  if (is_dual()) {
    EXPECT_NE(::mprotect(page, 4096, PROT_READ | PROT_WRITE), 0);
    EXPECT_EQ(errno, EACCES);
  }
}

TEST_P(CodeMemoryDeath, WhatIsWrittenCannotBeRun) {
  CodeMemory memory = make();
  auto writer = memory.begin(64).value();
  std::ranges::copy(code_returning(1), writer.bytes().begin());
  EXPECT_EQ(permissions_at(writer.bytes().data()).substr(0, 3), "rw-");
  EXPECT_DEATH(call_code(writer.bytes().data()), "");
}

TEST_P(CodeMemoryDeath, CodeThatWasFreedTraps) {
  CodeMemory memory = make();
  for (const std::size_t size : {64, 10000}) {
    const void* const function = publish(memory, 1, size).value();
    ASSERT_TRUE(memory.free(function).has_value());
    EXPECT_DEATH(call_code(function), "");
  }
  const void* const later = publish(memory, 1).value();
  ASSERT_TRUE(memory.free(later, 1).has_value());
  ASSERT_EQ(memory.reclaim(1), 1u);
  EXPECT_DEATH(call_code(later), "");
}

TEST_P(CodeMemoryDeath, MemoryEndsWithPagesThatNobodyMayTouch) {
  CodeMemory memory = make({.max_bytes = 1u << 20, .region_bytes = 1u << 20});
  const auto* const all = static_cast<const std::byte*>(publish(memory, 1, 1u << 20).value());
  EXPECT_EQ(permissions_at(all - 1).substr(0, 3), "---");
  EXPECT_EQ(permissions_at(all + (1u << 20)).substr(0, 3), "---");
}

TEST(CodeMemory, NoDescriptorStays) {
  const int before = os::descriptor_count();
  auto memory = CodeMemory::create().value();
  ASSERT_TRUE(publish(memory, 1, 100000).has_value());
  EXPECT_EQ(os::descriptor_count(), before);
}

TEST(CodeMemory, TheWritableViewIsFarFromTheCode) {
  if (!allows_dual_mapping()) GTEST_SKIP() << "this emulator has no dual mapping";
  auto memory = CodeMemory::create({.protection = CodeProtection::kDualMapping}).value();
  auto other = CodeMemory::create({.protection = CodeProtection::kDualMapping}).value();
  const auto first = memory.begin(10).value();
  const auto second = other.begin(10).value();
  EXPECT_NE(first.bytes().data() - first.address(), second.bytes().data() - second.address());
}

TEST(CodeMemory, ItFallsBackUnderAnEmulatorThatDoesNotSeeCodeChange) {
  if (allows_dual_mapping()) GTEST_SKIP() << "no such emulator runs this";
  auto memory = CodeMemory::create().value();
  EXPECT_EQ(memory.stats().protection, CodeProtection::kPageProtection);
  EXPECT_EQ(memory.stats().refusal,
            "code that was written through another address was not run as written");
  EXPECT_EQ(call_code(publish(memory, 3).value()), 3);
}

TEST(CodeMemory, ItFallsBackWhereMemfdsMayNotBeExecuted) {
  // As a kernel with vm.memfd_noexec=2 does.
  struct : os::SystemCalls {
    int memfd_create(const char*, unsigned) override {
      errno = EACCES;
      return -1;
    }
  } calls;
  auto memory = CodeMemory::create({.calls = &calls}).value();
  EXPECT_EQ(memory.stats().protection, CodeProtection::kPageProtection);
  EXPECT_EQ(memory.stats().refusal, "cannot memfd_create: Permission denied");
  EXPECT_EQ(call_code(publish(memory, 3).value()), 3);
  const auto forced =
      CodeMemory::create({.protection = CodeProtection::kDualMapping, .calls = &calls});
  ASSERT_FALSE(forced.has_value());
  EXPECT_EQ(forced.error().code, ErrorCode::kSystem);
}

}  // namespace
}  // namespace smf
