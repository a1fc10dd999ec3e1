// SMF_LONG=1 in the environment makes the random runs long.
#include "runtime/ffi/exec_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cstdlib>
#include <map>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/failing_new.h"
#include "runtime/exec/machine_code.h"
#include "runtime/ffi/mapped_files.h"
#include "runtime/ffi/sample_code.h"
#include "runtime/os/fault_calls.h"
#include "runtime/os/tiny_function.h"

namespace smf::ffi {
namespace {

constexpr std::int64_t kNone = 0, kRead = 1, kWrite = 2, kExecute = 4;
constexpr std::int64_t kReadWrite = kRead | kWrite, kReadExecute = kRead | kExecute;
const bool kIsLong = std::getenv("SMF_LONG") != nullptr;

std::int64_t page_size() { return ::sysconf(_SC_PAGESIZE); }

std::byte* at(std::int64_t address) { return reinterpret_cast<std::byte*>(address); }

Bytes code_of(std::span<const std::uint8_t> code) { return std::as_bytes(code); }

// Keeps the function alive as long as the bytes are used.
std::vector<std::byte> returning(std::uint32_t number) {
  const auto code = os::function_returning(number);
  return {code.begin(), code.end()};
}

template <typename... Arguments>
Result<std::int64_t> call(ExecMemory& memory, std::int64_t address, Arguments... arguments) {
  SMF_ASSIGN(const auto function, memory.begin_call(address));
  return function.run(arguments...);
}

bool is_trap(std::int64_t address, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) {
    const auto trap = kTrap[static_cast<std::size_t>(i) % kTrap.size()];
    if (at(address)[i] != static_cast<std::byte>(trap)) return false;
  }
  return true;
}

// Whether it is refused as what cannot be, with this in the message.
template <typename T>
testing::AssertionResult refuses(const Result<T>& result, std::string_view message,
                                 ErrorCode code = ErrorCode::kInvalidArgument) {
  if (result) return testing::AssertionFailure() << "it succeeded";
  if (result.error().code != code || !result.error().message.contains(message))
    return testing::AssertionFailure() << result.error().describe();
  return testing::AssertionSuccess();
}

// With either protection.
class Memory : public testing::TestWithParam<CodeProtection> {
 protected:
  std::int64_t alloc_with(Bytes code, std::int64_t size) {
    const std::int64_t address = memory.alloc_code(size).value();
    EXPECT_EQ(memory.write(address, code, 0), static_cast<std::int64_t>(code.size()));
    return address;
  }

  ExecMemory memory{{.protection = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Both, Memory,
                         testing::Values(CodeProtection::kDualMapping,
                                         CodeProtection::kPageProtection),
                         [](const auto& tested) {
                           return tested.param == CodeProtection::kDualMapping ? "DualMapping"
                                                                               : "PageProtection";
                         });

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

// A block as the model knows it.
struct Known {
  std::int64_t size;
  bool is_code;
  std::int64_t protection;
  bool was_executable;
  std::int64_t written;                  // of code: the end of it
  std::optional<std::uint32_t> returns;  // of the function at its first byte
};

// Random calls, of which the model says what they give.
class Model {
 public:
  Model(ExecMemory& memory, unsigned seed) : memory_(memory), random_(seed) {}

  void step() {
    pick();
    switch (random_() % 8) {
      case 0:
        return alloc();
      case 1:
        return random_() % 2 == 0 ? free() : alloc();
      case 2:
        return protect();
      case 3:
        return note(memory_.make_executable(address_, size_).has_value() == make_executable());
      case 4:
      case 5:
        return write();
      default:
        return ask();
    }
  }

  void free_all() {
    for (const auto& [address, known] : known_) EXPECT_TRUE(memory_.free(address, known.size));
    EXPECT_EQ(memory_.count(), 0);
    EXPECT_EQ(memory_.total(), 0);
  }

  int wrong = 0, calls = 0;

 private:
  // An address and a size: a block's, most of the time.
  void pick() {
    static constexpr std::int64_t kExtremes[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    address_ = kExtremes[random_() % std::size(kExtremes)];
    size_ = kExtremes[random_() % std::size(kExtremes)];
    if (!known_.empty() && random_() % 16 != 0) {
      const auto& [begin, known] =
          *std::next(known_.begin(), static_cast<std::ptrdiff_t>(random_() % known_.size()));
      address_ = begin;
      if (random_() % 8 != 0) size_ = known.size;
      if (random_() % 8 == 0) address_ += static_cast<std::int64_t>(random_() % 100) * 4;
    }
    // The block that holds the address, if any.
    const auto after = known_.upper_bound(address_);
    begin_ = after == known_.begin() ? 0 : std::prev(after)->first;
    block_ = after == known_.begin() || address_ - begin_ >= std::prev(after)->second.size
                 ? nullptr
                 : &std::prev(after)->second;
    is_whole_ = block_ != nullptr && address_ == begin_ && size_ == block_->size;
  }
  bool is_executable() const { return block_ != nullptr && block_->protection >= kExecute; }
  void note(bool is_right) {
    if (!is_right) ++wrong;
  }

  void alloc() {
    const bool is_code = random_() % 2 == 0;
    const auto size = static_cast<std::int64_t>(random_() % 5000);
    const auto made = is_code ? memory_.alloc_code(size) : memory_.alloc_pages(size);
    note(made.has_value() == (size != 0));
    if (!made) return;
    note(known_
             .emplace(*made, Known{.size = size,
                                   .is_code = is_code,
                                   .protection = is_code ? kReadExecute : kReadWrite,
                                   .was_executable = is_code,
                                   .written = 0,
                                   .returns = {}})
             .second);
  }

  void free() {
    note(memory_.free(address_, size_).has_value() == is_whole_);
    if (is_whole_) known_.erase(begin_);
  }

  bool make_executable() {
    if (is_whole_) block_->was_executable = true;
    if (is_whole_ && block_->protection < kExecute) block_->protection = kReadExecute;
    return is_whole_;
  }

  void protect() {
    const auto bits = static_cast<std::int64_t>(random_() % 9);
    bool expected = is_whole_ && bits < 6;
    if (expected && bits != block_->protection)
      expected = !block_->is_code && ((bits & kWrite) == 0 || !block_->was_executable);
    note(memory_.set_protection(address_, size_, bits).has_value() == expected);
    if (!expected) return;
    block_->protection = bits;
    block_->was_executable |= bits >= kExecute;
  }

  void write() {
    const std::uint32_t value = random_() % 2000;
    const auto bytes = returning(value);
    const std::int64_t offset =
        random_() % 4 == 0 ? 8 * static_cast<std::int64_t>(random_() % 700) : 0;
    const std::int64_t end = block_ == nullptr ? 0 : address_ - begin_ + offset + std::ssize(bytes);
    const bool expected = block_ != nullptr && end <= block_->size &&
                          (block_->is_code || (block_->protection & kWrite) != 0);
    const auto written = memory_.write(address_, bytes, offset);
    note(written.has_value() == expected && (!written || *written == std::ssize(bytes)));
    if (!expected) return;
    block_->written = std::max(block_->written, end);
    const std::int64_t from = end - std::ssize(bytes);
    if (from == 0) block_->returns = value;
    if (from > 0 && from < std::ssize(bytes)) block_->returns.reset();
  }

  void ask() {
    const auto executable = memory_.is_executable(address_);
    note(executable.has_value() == (block_ != nullptr) &&
         (!executable || *executable == is_executable()));
    const auto bits = memory_.protection(address_);
    note(bits.has_value() == (block_ != nullptr) && (!bits || *bits == block_->protection));
    note(memory_.function(address_).has_value() == is_executable());
    const bool can_run =
        is_executable() && (!block_->is_code || address_ - begin_ < block_->written);
    const auto call = memory_.begin_call(address_);
    note(call.has_value() == can_run);
    if (!call || address_ != begin_ || !block_->returns) return;
    note(call->run() == *block_->returns);
    ++calls;
  }

  ExecMemory& memory_;
  std::mt19937 random_;
  std::map<std::int64_t, Known> known_{};
  std::int64_t address_ = 0, size_ = 0, begin_ = 0;
  Known* block_ = nullptr;
  bool is_whole_ = false;
};

TEST_P(Memory, RandomCallsGiveWhatTheModelSays) {
  for (unsigned seed = 1; seed <= (kIsLong ? 300u : 8u); ++seed) {
    Model model(memory, seed);
    for (int i = 0; i < 2000 && model.wrong == 0; ++i) model.step();
    EXPECT_EQ(model.wrong, 0) << "seed " << seed;
    EXPECT_GT(model.calls, 30);
    model.free_all();
  }
}

// ---- What the system refuses ----

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

// ---- Threads ----

// Addresses are shared, so that others write and free what one calls. A call gives what was written
// as a whole, or is refused.
TEST_P(Memory, EightThreadsAllocateWriteCallAndFreeTheSameCode) {
  constexpr int kThreads = 8, kSlots = 16;
  constexpr std::int64_t kSize = 100;
  const int steps = kIsLong ? 200'000 : 2'000;
  std::array<std::atomic<std::int64_t>, kSlots> addresses{};
  std::atomic<int> wrong = 0, called = 0, made = 0, freed = 0;
  const auto is_fine = [](const auto& result) {
    return result || result.error().code == ErrorCode::kInvalidArgument ||
           result.error().code == ErrorCode::kUnsupported;
  };
  const auto free = [&](std::int64_t address) {
    const auto result = memory.free(address, kSize);
    if (!is_fine(result)) ++wrong;
    if (result) ++freed;
    return result.has_value();
  };
  const auto work = [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int n = 0; n < steps; ++n) {
      auto& slot = addresses[random() % kSlots];
      std::int64_t address = slot.load();
      if (address == 0) {
        const bool is_code = random() % 4 != 0;
        const auto got = is_code ? memory.alloc_code(kSize) : memory.alloc_pages(kSize);
        if (!got) {
          ++wrong;
          continue;
        }
        ++made;
        // Somebody with an old address that is this one may be calling it, or have freed it.
        if (!is_fine(memory.write(*got, returning(1 + random() % 4), 0)) ||
            !is_fine(memory.make_executable(*got, kSize)))
          ++wrong;
        if (!slot.compare_exchange_strong(address, *got)) free(*got);
      } else if (random() % 16 == 0) {
        if (free(address)) slot.compare_exchange_strong(address, 0);
      } else if (random() % 8 == 0) {
        if (!is_fine(memory.write(address, returning(5 + random() % 4), 0))) ++wrong;
      } else if (const auto result = call(memory, address)) {
        ++called;
        if (*result < 1 || *result > 8) ++wrong;
      } else {
        if (!is_fine(result)) ++wrong;
        slot.compare_exchange_strong(address, 0);
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(called, 0);
  EXPECT_GT(freed, 0);
  EXPECT_EQ(memory.count(), made - freed);
  EXPECT_EQ(memory.total(), kSize * (made - freed));
}

}  // namespace
}  // namespace smf::ffi
