#include "runtime/ffi/exec_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "runtime/ffi/exec_memory_testing.h"
#include "runtime/ffi/mapped_files.h"

namespace smf::ffi {
namespace {

INSTANTIATE_TEST_SUITE_P(Both, Memory,
                         testing::Values(CodeProtection::kDualMapping,
                                         CodeProtection::kPageProtection),
                         name_of);

TEST_P(Memory, CodeIsTrapsUntilItIsWrittenAndThenRuns) {
  const auto address = memory.alloc_code(100);
  ASSERT_TRUE(address);
  EXPECT_TRUE(is_trap(*address, 128));
  EXPECT_EQ(memory.protection(*address + 99), kReadExecute);
  EXPECT_EQ(memory.is_executable(*address), true);
  EXPECT_EQ(memory.function(*address), *address);
  EXPECT_TRUE(refuses(call(memory, *address), "no code was written at 0x"));
  EXPECT_EQ(memory.total(), 100);
  EXPECT_EQ(memory.count(), 1);

  EXPECT_EQ(memory.write(*address, returning(42), 0), std::ssize(returning(42)));
  EXPECT_TRUE(memory.flush(*address, 100));
  EXPECT_EQ(call(memory, *address), 42);
  EXPECT_TRUE(refuses(call(memory, *address + 64), "no code was written at 0x"));
  // Again, and beside it.
  EXPECT_EQ(memory.write(*address, returning(43), 0), std::ssize(returning(43)));
  EXPECT_EQ(memory.write(*address, code_of(kSum), 64), std::ssize(kSum));
  EXPECT_EQ(call(memory, *address), 43);
  EXPECT_EQ(call(memory, *address + 64, INT64_C(-5), INT64_C(1) << 40), (INT64_C(1) << 40) - 5);
  EXPECT_EQ(memory.write(*address + 64, code_of(kFirstArgument), 0), std::ssize(kFirstArgument));
  EXPECT_EQ(call(memory, *address + 64, INT64_MIN), INT64_MIN);

  EXPECT_TRUE(memory.free(*address, 100));
  EXPECT_EQ(memory.total(), 0);
  EXPECT_EQ(memory.count(), 0);
  EXPECT_TRUE(refuses(call(memory, *address), "is in no executable memory allocated here"));
}

TEST_P(Memory, PagesBecomeExecutableWhereTheyAreAndAreNeverWritableAgain) {
  const std::int64_t size = page_size() + 1;
  const auto made = memory.alloc_pages(size);
  ASSERT_TRUE(made);
  const std::int64_t address = *made;
  EXPECT_EQ(address % page_size(), 0);
  EXPECT_TRUE(std::all_of(at(address), at(address) + 2 * page_size(),
                          [](std::byte byte) { return byte == std::byte{0}; }));
  EXPECT_EQ(memory.protection(address), kReadWrite);
  EXPECT_EQ(memory.is_executable(address), false);
  EXPECT_TRUE(refuses(memory.function(address), "is not executable"));
  EXPECT_TRUE(refuses(call(memory, address), "is not executable"));
  // Away and back, as long as it has not been executable.
  EXPECT_TRUE(memory.set_protection(address, size, kNone));
  EXPECT_TRUE(refuses(memory.write(address, returning(1), 0), "are not writable"));
  EXPECT_TRUE(refuses(memory.flush(address, 1), "is not readable"));
  EXPECT_TRUE(memory.set_protection(address, size, kReadWrite));

  std::ranges::copy(returning(17), at(address));
  EXPECT_EQ(memory.write(address, returning(18), page_size() - 32), std::ssize(returning(18)));
  EXPECT_TRUE(memory.make_executable(address, size));
  EXPECT_EQ(memory.protection(address), kReadExecute);
  EXPECT_EQ(call(memory, address), 17);
  EXPECT_EQ(call(memory, address + page_size() - 32), 18);
  EXPECT_TRUE(memory.make_executable(address, size));  // already is

  for (const std::int64_t bits : {kWrite, kReadWrite})
    EXPECT_TRUE(refuses(memory.set_protection(address, size, bits), "has been executable"));
  EXPECT_TRUE(refuses(memory.write(address, returning(1), 0), ": they have been executable"));
  for (const std::int64_t bits : {kRead, kNone}) {
    EXPECT_TRUE(memory.set_protection(address, size, bits));
    EXPECT_EQ(memory.protection(address), bits);
    EXPECT_TRUE(refuses(call(memory, address), "is not executable"));
    EXPECT_TRUE(refuses(memory.set_protection(address, size, kReadWrite), "has been executable"));
    EXPECT_TRUE(refuses(memory.write(address, returning(1), 0), "are not writable"));
  }
  EXPECT_TRUE(memory.set_protection(address, size, kExecute));
  EXPECT_EQ(call(memory, address), 17);
  EXPECT_TRUE(memory.set_protection(address, size, kRead));
  EXPECT_TRUE(memory.make_executable(address, size));
  EXPECT_EQ(call(memory, address), 17);
  EXPECT_TRUE(memory.free(address, size));
}

TEST_P(Memory, CodeKeepsItsProtection) {
  const std::int64_t address = alloc_with(returning(5), 64);
  EXPECT_TRUE(memory.make_executable(address, 64));
  EXPECT_TRUE(memory.set_protection(address, 64, kReadExecute));
  for (const std::int64_t bits : {kNone, kRead, kExecute})
    EXPECT_TRUE(refuses(memory.set_protection(address, 64, bits), "shares pages with other code",
                        ErrorCode::kUnsupported));
  for (const std::int64_t bits : {kWrite, kReadWrite})
    EXPECT_TRUE(refuses(memory.set_protection(address, 64, bits), "has been executable"));
  for (const std::int64_t bits : {kWrite | kExecute, std::int64_t{7}})
    EXPECT_TRUE(refuses(memory.set_protection(address, 64, bits), "executable together"));
  for (const std::int64_t bits : {std::int64_t{8}, std::int64_t{-1}, INT64_MIN})
    EXPECT_TRUE(refuses(memory.set_protection(address, 64, bits), "unknown bits"));
  EXPECT_EQ(memory.protection(address), kReadExecute);
  EXPECT_EQ(call(memory, address), 5);
}

// Each function that takes an address, with one that is in no allocation.
void expect_unknown(ExecMemory& memory, std::int64_t address) {
  static constexpr std::string_view kReason = "executable memory allocated here";
  EXPECT_TRUE(refuses(memory.free(address, 64), kReason));
  EXPECT_TRUE(refuses(memory.write(address, returning(1), 0), kReason));
  EXPECT_TRUE(refuses(memory.write(address, {}, 0), kReason));
  EXPECT_TRUE(refuses(memory.make_executable(address, 64), kReason));
  EXPECT_TRUE(refuses(memory.set_protection(address, 64, kRead), kReason));
  EXPECT_TRUE(refuses(memory.flush(address, 1), kReason));
  EXPECT_TRUE(refuses(memory.protection(address), kReason));
  EXPECT_TRUE(refuses(memory.is_executable(address), kReason));
  EXPECT_TRUE(refuses(memory.function(address), kReason));
  EXPECT_TRUE(refuses(memory.begin_call(address), kReason));
}

TEST_P(Memory, RefusesWhatWasNotAllocatedHere) {
  const std::int64_t code = alloc_with(returning(5), 64);
  const std::int64_t pages = memory.alloc_pages(page_size()).value();
  MappedFiles files;
  const auto mapped = files.map("", kReadExecute, 0x22, 0, page_size()).value();
  ExecMemory others({.protection = GetParam()});
  const std::int64_t foreign = others.alloc_code(64).value();
  const auto function = reinterpret_cast<std::int64_t>(&expect_unknown);
  for (const std::int64_t address :
       {INT64_C(0), INT64_C(1), INT64_C(-1), INT64_MIN, INT64_MAX, code - 1, code + 64,
        pages + page_size(), mapped.address, foreign, function}) {
    expect_unknown(memory, address);
  }
  EXPECT_EQ(memory.count(), 2);
  EXPECT_EQ(call(memory, code), 5);
  // Nor are these mapped files.
  EXPECT_FALSE(files.unmap(pages, page_size()));
  EXPECT_FALSE(files.view(code, 0, 1));
}

TEST_P(Memory, FreeingTakesAWholeAllocationOnce) {
  const std::array<std::int64_t, 2> made{alloc_with(returning(5), 100),
                                         memory.alloc_pages(100).value()};
  for (const std::int64_t address : made) {
    for (const std::int64_t size : {INT64_C(99), INT64_C(101), INT64_C(128), INT64_C(0),
                                    INT64_C(-100), INT64_MIN, INT64_MAX, page_size()})
      EXPECT_TRUE(refuses(memory.free(address, size), "are not all that was allocated at 0x"));
    EXPECT_TRUE(refuses(memory.free(address + 64, 36), "begins at 0x"));
    EXPECT_TRUE(refuses(memory.make_executable(address, 99), "are not all"));
    EXPECT_TRUE(refuses(memory.set_protection(address, 50, kRead), "are not all"));
  }
  EXPECT_EQ(memory.total(), 200);
  for (const std::int64_t address : made) {
    EXPECT_TRUE(memory.free(address, 100));
    EXPECT_TRUE(refuses(memory.free(address, 100), "begins at 0x"));
    expect_unknown(memory, address);
  }
  EXPECT_EQ(memory.count(), 0);
}

TEST_P(Memory, WritesStayInTheAllocation) {
  const std::int64_t first = alloc_with(returning(1), 64), second = alloc_with(returning(2), 64);
  const std::int64_t pages = memory.alloc_pages(64).value();
  const std::vector<std::byte> much(65, std::byte{0x90});
  for (const std::int64_t address : {first, pages}) {
    EXPECT_TRUE(refuses(memory.write(address, much, 0), "lead out of the 64 allocated at 0x"));
    for (const std::int64_t offset : {INT64_C(65), INT64_C(1) << 40, INT64_MAX})
      EXPECT_TRUE(refuses(memory.write(address, {}, offset), "lead out of"));
    EXPECT_TRUE(refuses(memory.write(address, Bytes(much).first(2), 63), "lead out of"));
    EXPECT_TRUE(refuses(memory.write(address + 63, Bytes(much).first(1), 1), "lead out of"));
    for (const std::int64_t offset : {INT64_C(-1), INT64_MIN})
      EXPECT_TRUE(refuses(memory.write(address, {}, offset), "negative"));
    EXPECT_EQ(memory.write(address, {}, 64), 0);
    EXPECT_EQ(memory.write(address + 60, Bytes(much).first(2), 2), 2);
    EXPECT_EQ(at(address)[63], std::byte{0x90});
    EXPECT_EQ(memory.write(address, Bytes(much).first(64), 0), 64);
    EXPECT_TRUE(refuses(memory.flush(address, 65), "lead out of"));
    EXPECT_TRUE(refuses(memory.flush(address + 1, 64), "lead out of"));
    EXPECT_TRUE(refuses(memory.flush(address, INT64_MAX), "lead out of"));
    EXPECT_TRUE(refuses(memory.flush(address, 0), "the size is 0"));
    EXPECT_TRUE(refuses(memory.flush(address, -1), "negative"));
  }
  EXPECT_EQ(call(memory, second), 2);
}

TEST_P(Memory, SizesThatCannotBeAreRefused) {
  for (const std::int64_t size : {INT64_C(-1), INT64_MIN}) {
    EXPECT_TRUE(refuses(memory.alloc_code(size), "negative"));
    EXPECT_TRUE(refuses(memory.alloc_pages(size), "negative"));
  }
  EXPECT_TRUE(refuses(memory.alloc_code(0), "the size is 0"));
  EXPECT_TRUE(refuses(memory.alloc_pages(0), "the size is 0"));
  for (const std::int64_t size : {(INT64_C(64) << 20) + 1, INT64_MAX})
    EXPECT_TRUE(refuses(memory.alloc_code(size), "more than a region", ErrorCode::kLimit));
  EXPECT_TRUE(refuses(memory.alloc_pages(INT64_MAX), "cannot map", ErrorCode::kSystem));
  EXPECT_EQ(memory.count(), 0);
  // One beyond what the code memory's map has small blocks for, and several pages.
  const std::int64_t large = alloc_with(returning(9), 100'000);
  EXPECT_EQ(memory.write(large, returning(10), 99'900), std::ssize(returning(10)));
  EXPECT_EQ(call(memory, large + 99'900), 10);
  EXPECT_TRUE(is_trap(large + 64, 99'900 - 64));
  EXPECT_TRUE(memory.free(large, 100'000));
}

TEST_P(Memory, NobodyWritesExecutableMemoryThroughItsAddress) {
  const std::int64_t code = alloc_with(returning(5), 64);
  const std::int64_t pages = memory.alloc_pages(64).value();
  ASSERT_TRUE(memory.make_executable(pages, 64));
  EXPECT_DEATH(*const_cast<volatile std::byte*>(at(code)) = std::byte{0}, "");
  EXPECT_DEATH(*const_cast<volatile std::byte*>(at(pages)) = std::byte{0}, "");
}

TEST_P(Memory, APointerToFreedCodeEndsTheProcess) {
  const std::int64_t code = alloc_with(returning(5), 64);
  const auto function = reinterpret_cast<int (*)()>(memory.function(code).value());
  EXPECT_EQ(function(), 5);
  ASSERT_TRUE(memory.free(code, 64));
  EXPECT_DEATH(static_cast<void>(function()), "");
}

// What code that is being called does to itself.
struct Inner {
  ExecMemory* memory;
  std::int64_t address;
  std::int64_t size;
};

std::int64_t change_the_caller(std::int64_t, std::int64_t argument) {
  const Inner& inner = *reinterpret_cast<const Inner*>(argument);
  constexpr std::string_view kReason = "is being called: calls under way: 1";
  constexpr auto kCode = ErrorCode::kUnsupported;
  const auto [memory, address, size] = inner;
  EXPECT_TRUE(refuses(memory->free(address, size), kReason, kCode));
  EXPECT_TRUE(refuses(memory->write(address, {}, 0), kReason, kCode));
  // Other calls of it, and all else, go well.
  EXPECT_EQ(memory->is_executable(address), true);
  EXPECT_TRUE(memory->begin_call(address));
  const auto other = memory->alloc_code(10);
  EXPECT_TRUE(other && memory->free(*other, 10));
  return memory->statistics().contains("calls:       1 under way") ? 1 : 0;
}

TEST_P(Memory, CodeThatIsBeingCalledIsNeitherFreedNorChanged) {
  const auto callback = reinterpret_cast<std::int64_t>(&change_the_caller);
  const std::int64_t code = alloc_with(code_of(kJumpToFirstArgument), 64);
  const Inner of_code{.memory = &memory, .address = code, .size = 64};
  EXPECT_EQ(call(memory, code, callback, reinterpret_cast<std::int64_t>(&of_code)), 1);
  EXPECT_TRUE(memory.free(code, 64));

  const std::int64_t pages = memory.alloc_pages(64).value();
  std::ranges::copy(code_of(kJumpToFirstArgument), at(pages));
  ASSERT_TRUE(memory.make_executable(pages, 64));
  const Inner of_pages{.memory = &memory, .address = pages, .size = 64};
  EXPECT_EQ(call(memory, pages, callback, reinterpret_cast<std::int64_t>(&of_pages)), 1);
  {
    const auto held = memory.begin_call(pages);
    for (const std::int64_t bits : {kNone, kRead})
      EXPECT_TRUE(refuses(memory.set_protection(pages, 64, bits), "is being called",
                          ErrorCode::kUnsupported));
    EXPECT_TRUE(memory.set_protection(pages, 64, kExecute));
  }
  EXPECT_TRUE(memory.free(pages, 64));
}

struct Meeting {
  std::barrier<> inside{2}, leave{2};
};

std::int64_t meet(std::int64_t, std::int64_t argument) {
  auto& meeting = *reinterpret_cast<Meeting*>(argument);
  meeting.inside.arrive_and_wait();
  meeting.leave.arrive_and_wait();
  return 7;
}

TEST_P(Memory, AnotherThreadsCallKeepsTheCode) {
  const std::int64_t code = alloc_with(code_of(kJumpToFirstArgument), 64);
  Meeting meeting;
  std::int64_t result = 0;
  std::thread caller([&] {
    result = call(memory, code, reinterpret_cast<std::int64_t>(&meet),
                  reinterpret_cast<std::int64_t>(&meeting))
                 .value();
  });
  meeting.inside.arrive_and_wait();
  EXPECT_TRUE(refuses(memory.free(code, 64), "is being called", ErrorCode::kUnsupported));
  EXPECT_TRUE(
      refuses(memory.write(code, returning(1), 0), "is being called", ErrorCode::kUnsupported));
  meeting.leave.arrive_and_wait();
  caller.join();
  EXPECT_EQ(result, 7);
  EXPECT_EQ(memory.write(code, returning(1), 0), std::ssize(returning(1)));
  EXPECT_EQ(call(memory, code), 1);
  EXPECT_TRUE(memory.free(code, 64));
}

std::int64_t throw_it(std::int64_t, std::int64_t argument) { throw argument; }

TEST_P(Memory, WhatCalledCodeThrowsReachesItsCallerAndEndsTheCall) {
  const std::int64_t code = alloc_with(code_of(kJumpToFirstArgument), 64);
  const auto thrower = reinterpret_cast<std::int64_t>(&throw_it);
  EXPECT_THROW(static_cast<void>(call(memory, code, thrower, INT64_C(5))), std::int64_t);
  EXPECT_TRUE(memory.free(code, 64));
}

TEST_P(Memory, StatisticsTellWhatIsThereAndHowItIsProtected) {
  EXPECT_TRUE(memory.statistics().starts_with("=== Executable Memory Statistics ===\n"));
  EXPECT_TRUE(memory.statistics().contains("protection:  not chosen yet"));
  alloc_with(returning(1), 100);
  ASSERT_TRUE(memory.alloc_pages(5000));
  const std::string text = memory.statistics();
  EXPECT_TRUE(text.contains("allocated:   5100 bytes in 2\n")) << text;
  EXPECT_TRUE(text.contains("code:        100 bytes in 1, of ")) << text;
  EXPECT_TRUE(text.contains("pages:       5000 bytes in 1\n")) << text;
  EXPECT_TRUE(text.contains("executable:  100 bytes in 1\n")) << text;
  EXPECT_TRUE(text.contains("calls:       0 under way\n")) << text;
  EXPECT_TRUE(text.contains(GetParam() == CodeProtection::kDualMapping
                                ? "protection:  dual mapping"
                                : "protection:  page protection"))
      << text;
}

}  // namespace
}  // namespace smf::ffi
