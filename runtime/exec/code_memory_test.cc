#include "runtime/exec/code_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "runtime/exec/either_protection.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

INSTANTIATE_TEST_SUITE_P(Protections, CodeMemoryWith, either_protection(), name_of);

TEST_P(CodeMemoryWith, WhatIsWrittenRuns) {
  CodeMemory memory = make();
  const auto code = code_returning(7);
  auto writer = memory.begin(code.size());
  ASSERT_TRUE(writer.has_value()) << writer.error().describe();
  EXPECT_EQ(writer->bytes().size(), code.size());
  std::ranges::copy(code, writer->bytes().begin());
  const auto function = writer->commit();
  ASSERT_TRUE(function.has_value()) << function.error().describe();
  EXPECT_EQ(*function, writer->address());
  EXPECT_EQ(call_code(*function), 7);
  const CodeMemoryStats stats = memory.stats();
  EXPECT_EQ(stats.protection, GetParam());
  EXPECT_EQ(stats.refusal, "");
  EXPECT_EQ(stats.blocks, 1u);
  EXPECT_EQ(stats.requested, code.size());
}

TEST_P(CodeMemoryWith, BlocksOfAllSizesRunAndComeBack) {
  CodeMemory memory = make();
  std::vector<const void*> functions;
  std::uint32_t number = 0;
  for (const std::size_t size : {1, 63, 64, 65, 2047, 2048, 2049, 4096, 5000, 65536, 70000, 300000})
    functions.push_back(publish(memory, number++, size).value());
  const auto two = publish(memory, 500, 3'000'000);
  ASSERT_TRUE(two.has_value()) << two.error().describe();
  EXPECT_EQ(call_code(*two), 500);
  for (number = 0; number != functions.size(); ++number)
    EXPECT_EQ(call_code(functions[number]), static_cast<int>(number));
  EXPECT_EQ(memory.stats().blocks, functions.size() + 1);
  for (const void* function : functions) EXPECT_EQ(error_of(memory.free(function)), "no error");
  EXPECT_EQ(error_of(memory.free(*two)), "no error");
  const CodeMemoryStats stats = memory.stats();
  EXPECT_EQ(stats.blocks, 0u);
  EXPECT_EQ(stats.used, 0u);
  EXPECT_EQ(stats.requested, 0u);
}

TEST_P(CodeMemoryWith, AWriterThatIsNotCommittedLeavesNothing) {
  CodeMemory memory = make();
  for (const std::size_t size : {10, 3000, 200000}) {
    const std::byte* address = nullptr;
    {
      auto writer = memory.begin(size).value();
      address = writer.address();
      EXPECT_EQ(memory.stats().requested, size);
      EXPECT_EQ(memory.stats().blocks, 0u);
      EXPECT_TRUE(memory.find(address).empty());
    }
    EXPECT_EQ(memory.stats().used, 0u);
    const auto again = publish(memory, 3, size).value();
    EXPECT_EQ(again, address);
    EXPECT_EQ(call_code(again), 3);
    ASSERT_TRUE(memory.free(again).has_value());
  }
}

TEST_P(CodeMemoryWith, WhatIsNotNeededComesBackAtCommit) {
  CodeMemory memory = make();
  const auto code = code_returning(9);
  for (const std::size_t size : {300, 40000}) {
    auto writer = memory.begin(size).value();
    std::memset(writer.bytes().data(), 0x90, size);
    std::ranges::copy(code, writer.bytes().begin());
    const auto function = writer.commit_first(code.size()).value();
    EXPECT_EQ(call_code(function), 9);
    EXPECT_EQ(memory.stats().requested, code.size());
    EXPECT_LE(memory.stats().used, 4096u);
    EXPECT_EQ(memory.find(function).size(), code.size());
    ASSERT_TRUE(memory.free(function).has_value());
    EXPECT_EQ(memory.stats().used, 0u);
  }
}

TEST_P(CodeMemoryWith, ABatchPacksFunctions) {
  CodeMemory memory = make();
  constexpr std::uint32_t kCount = 500;
  auto batch = memory.begin_batch(kCount * CodeBatch::kAlignment).value();
  std::vector<const std::byte*> functions;
  for (std::uint32_t i = 0; i != kCount; ++i) {
    const auto code = code_returning(i);
    const auto function = batch.add(code.size());
    ASSERT_TRUE(function.has_value()) << i;
    std::ranges::copy(code, function->bytes.begin());
    functions.push_back(function->address);
  }
  EXPECT_FALSE(batch.add(CodeBatch::kAlignment + 1).has_value());
  EXPECT_FALSE(batch.add(SIZE_MAX).has_value());
  const auto all = batch.commit().value();
  EXPECT_EQ(all, functions[0]);
  for (std::uint32_t i = 0; i != kCount; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(functions[i]) % CodeBatch::kAlignment, 0u);
    EXPECT_EQ(call_code(functions[i]), static_cast<int>(i));
  }
  EXPECT_LE(functions.back() - functions.front(), kCount * 16);
  EXPECT_EQ(memory.find(functions[77]).data(), functions[0]);
  EXPECT_FALSE(memory.free(functions[4]).has_value());
  EXPECT_TRUE(memory.free(all).has_value());
  EXPECT_EQ(memory.stats().used, 0u);
}

TEST_P(CodeMemoryWith, WhatIsNoBlockIsNotFreed) {
  CodeMemory memory = make();
  CodeMemory other = make();
  for (const std::size_t size : {100, 5000}) {
    const void* const function = publish(memory, 1, size).value();
    const auto* const inside = static_cast<const std::byte*>(function) + 64;
    int local = 0;
    for (const void* wrong :
         {static_cast<const void*>(nullptr), static_cast<const void*>(&local),
          static_cast<const void*>(inside), static_cast<const void*>(inside - 63)}) {
      const auto result = memory.free(wrong);
      ASSERT_FALSE(result.has_value());
      EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
      EXPECT_FALSE(memory.free(wrong, 1).has_value());
      EXPECT_FALSE(memory.write(wrong, 0, {}).has_value());
    }
    EXPECT_TRUE(error_of(memory.free(&local)).contains("is not in this code memory"));
    EXPECT_TRUE(error_of(memory.free(inside)).contains("no block of code begins at"));
    EXPECT_TRUE(error_of(other.free(function)).contains("is not in this code memory"));
    EXPECT_EQ(call_code(function), 1);
    EXPECT_EQ(error_of(memory.free(function)), "no error");
    EXPECT_TRUE(error_of(memory.free(function)).contains("freed already?"));
    auto writer = memory.begin(size).value();
    EXPECT_TRUE(error_of(memory.free(writer.address())).contains("still being written"));
  }
}

TEST_P(CodeMemoryWith, CodeIsChangedInPlaceWithinItsBlock) {
  CodeMemory memory = make();
  for (const std::size_t size : {64, 9000}) {
    const void* const function = publish(memory, 1, size).value();
    const auto code = code_returning(2);
    EXPECT_EQ(error_of(memory.write(function, 0, code)), "no error");
    EXPECT_EQ(call_code(function), 2);
    EXPECT_EQ(error_of(memory.write(function, size - code.size(), code)), "no error");
    const auto overlong = memory.write(function, size - code.size() + 1, code);
    EXPECT_TRUE(error_of(overlong).contains("lead out of the block")) << error_of(overlong);
    EXPECT_FALSE(memory.write(function, SIZE_MAX, code).has_value());
    EXPECT_EQ(error_of(memory.write(function, size, {})), "no error");
    ASSERT_TRUE(memory.free(function).has_value());
    EXPECT_FALSE(memory.write(function, 0, code).has_value());
  }
}

TEST_P(CodeMemoryWith, AnyAddressOfALiveBlockFindsIt) {
  CodeMemory memory = make();
  for (const std::size_t size : {1, 100, 2048, 2049, 10000}) {
    const auto* const function = static_cast<const std::byte*>(publish(memory, 1, size).value());
    const std::size_t asked = std::max(size, code_returning(1).size());
    for (const std::size_t at : {std::size_t{0}, asked / 2, asked - 1}) {
      EXPECT_EQ(memory.find(function + at).data(), function) << size << "+" << at;
      EXPECT_EQ(memory.find(function + at).size(), asked);
    }
    EXPECT_NE(memory.find(function + asked).data(), function);
    ASSERT_TRUE(memory.free(function).has_value());
    EXPECT_TRUE(memory.find(function).empty());
  }
  EXPECT_TRUE(memory.find(nullptr).empty());
  EXPECT_TRUE(memory.find(&memory).empty());
}

TEST_P(CodeMemoryWith, CodeFreedWithAnEpochStaysUntilThatHasPassed) {
  CodeMemory memory = make();
  const void* const first = publish(memory, 1).value();
  const void* const second = publish(memory, 2, 5000).value();
  const void* const third = publish(memory, 3).value();
  EXPECT_TRUE(memory.free(first, 10).has_value());
  EXPECT_TRUE(memory.free(second, 12).has_value());
  EXPECT_TRUE(memory.free(third, 11).has_value());
  EXPECT_TRUE(error_of(memory.free(first)).contains("was freed already"));
  EXPECT_TRUE(error_of(memory.free(first, 10)).contains("was freed already"));
  EXPECT_TRUE(memory.find(first).empty());
  EXPECT_EQ(memory.stats().quarantined_blocks, 3u);
  EXPECT_EQ(memory.stats().blocks, 0u);
  std::vector<const void*> others;
  for (int i = 0; i != 100; ++i) others.push_back(publish(memory, 9).value());
  for (const void* old : {first, second, third}) EXPECT_EQ(std::ranges::count(others, old), 0);
  EXPECT_EQ(memory.reclaim(9), 0u);
  EXPECT_EQ(call_code(first) + call_code(second) + call_code(third), 6);
  EXPECT_EQ(memory.reclaim(11), 2u);
  EXPECT_EQ(call_code(second), 2);
  EXPECT_EQ(memory.reclaim(100), 1u);
  EXPECT_EQ(memory.stats().quarantined_blocks, 0u);
  EXPECT_EQ(memory.stats().quarantined, 0u);
  EXPECT_TRUE(error_of(memory.free(first)).contains("freed already?"));
}

TEST_P(CodeMemoryWith, CodeIsNearWhatItCalls) {
  for (const void* near :
       {static_cast<const void*>(nullptr), reinterpret_cast<const void*>(&std::malloc)}) {
    CodeMemory memory = make({.near = near});
    const void* const anchor =
        near != nullptr ? near : reinterpret_cast<const void*>(&CodeMemory::create);
    const void* const function = publish(memory, 1).value();
    if (!memory.stats().is_near) continue;  // sanitizers leave little room around a program
    const auto distance = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(anchor) -
                                                    reinterpret_cast<std::uintptr_t>(function));
    EXPECT_LT(std::abs(distance), std::int64_t{1} << 31);
  }
}

TEST_P(CodeMemoryWith, LimitsAreToldAndKept) {
  for (const CodeMemoryOptions& options :
       {CodeMemoryOptions{.max_bytes = 0}, CodeMemoryOptions{.region_bytes = 0},
        CodeMemoryOptions{.region_bytes = 1000}, CodeMemoryOptions{.max_bytes = 1ull << 50}}) {
    const auto memory = CodeMemory::create(options);
    ASSERT_FALSE(memory.has_value());
    EXPECT_EQ(memory.error().code, ErrorCode::kInvalidArgument);
  }
  constexpr std::size_t kRegion = std::size_t{1} << 20;
  CodeMemory memory = make({.max_bytes = 2 * kRegion, .region_bytes = kRegion});
  EXPECT_EQ(memory.begin(0).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(memory.begin(kRegion + 1).error().code, ErrorCode::kLimit);
  EXPECT_EQ(memory.begin(SIZE_MAX).error().code, ErrorCode::kLimit);
  const void* const first = publish(memory, 1, kRegion).value();
  const void* const second = publish(memory, 2, kRegion).value();
  const auto third = memory.begin(1);
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(third.error().message.contains("code memory is full: 2097152 bytes of 2097152"));
  EXPECT_EQ(call_code(first) + call_code(second), 3);
  EXPECT_EQ(memory.stats().regions, 2u);
  ASSERT_TRUE(memory.free(first).has_value());
  EXPECT_EQ(call_code(publish(memory, 4, kRegion).value()), 4);
}

TEST_P(CodeMemoryWith, ManyRegionsAreOneMemory) {
  constexpr std::size_t kRegion = std::size_t{1} << 20;
  CodeMemory memory = make({.max_bytes = 8 * kRegion, .region_bytes = kRegion});
  std::vector<const void*> functions;
  for (std::uint32_t i = 0; i != 1500; ++i) functions.push_back(publish(memory, i, 3000).value());
  EXPECT_GE(memory.stats().regions, 4u);
  for (std::uint32_t i = 0; i != 1500; ++i) EXPECT_EQ(call_code(functions[i]), static_cast<int>(i));
  for (const void* function : functions) ASSERT_TRUE(memory.free(function).has_value());
  EXPECT_EQ(memory.stats().used, 0u);
}

TEST_P(CodeMemoryWith, EmptyMemoryGoesBackToTheSystem) {
  const std::size_t before = os::mapping_count("smf-code");  // what another test sealed stays
  CodeMemory memory = make();
  std::vector<const void*> functions;
  for (int i = 0; i != 400; ++i) functions.push_back(publish(memory, 1, 20000).value());
  const std::uint64_t most = memory.stats().mapped;
  EXPECT_GE(most, 400u * 20000);
  for (const void* function : functions) ASSERT_TRUE(memory.free(function).has_value());
  memory.trim();
  EXPECT_EQ(memory.stats().mapped, 0u);
  EXPECT_EQ(memory.stats().segments, 0u);
  EXPECT_EQ(os::mapping_count("smf-code"), before);
  EXPECT_EQ(call_code(publish(memory, 5).value()), 5);
}

TEST(CodeMemory, MemoryIsFetchedInProportionToWhatThereIs) {
  const auto fill = [](unsigned growth_divisor) {
    auto memory = CodeMemory::create({.growth_divisor = growth_divisor}).value();
    for (int i = 0; i != 1000; ++i) EXPECT_TRUE(publish(memory, 1, 1000).has_value());
    return memory.stats();
  };
  const CodeMemoryStats slow = fill(40), fast = fill(1), none = fill(0);
  EXPECT_GE(slow.segments, fast.segments * 3 / 2);
  EXPECT_LT(slow.mapped, slow.used * 11 / 10);
  // 16 KiB, and twice as much seven times.
  EXPECT_LE(fast.segments, 8u);
  EXPECT_LE(fast.mapped, fast.used * 2 + (std::uint64_t{1} << 20));
  EXPECT_EQ(none.segments, fast.segments);
}

TEST(CodeMemory, MuchEmptyMemoryGoesBackByItself) {
  if (!allows_dual_mapping()) GTEST_SKIP() << "this emulator has no dual mapping";
  auto memory = CodeMemory::create({.protection = CodeProtection::kDualMapping}).value();
  std::vector<const void*> functions;
  for (int i = 0; i != 8000; ++i) functions.push_back(publish(memory, 1, 2000).value());
  const std::uint64_t most = memory.stats().mapped;
  for (const void* function : functions) ASSERT_TRUE(memory.free(function).has_value());
  EXPECT_LT(memory.stats().mapped, most / 2);
}

}  // namespace
}  // namespace smf
