#include "runtime/cache/slabs.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/failing_new.h"
#include "runtime/os/fault_calls.h"
#include "runtime/os/recording_calls.h"

namespace smf {
namespace {

// Fails where the kernel does not know how to populate.
class OldKernelCalls : public os::RecordingCalls {
 public:
  int madvise(void*, std::size_t, int) override {
    errno = EINVAL;
    return -1;
  }
};

// Gives mappings of which none is aligned to more than a page.
class UnalignedCalls : public os::RecordingCalls {
 public:
  void* mmap(void* address, std::size_t size, int protection, int flags, int fd,
             off_t offset) override {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto* begin = static_cast<std::byte*>(
        RecordingCalls::mmap(address, size + 2 * page, protection, flags, fd, offset));
    const bool is_first = reinterpret_cast<std::uintptr_t>(begin) % Slabs::kHugePage != 0;
    RecordingCalls::munmap(is_first ? begin + size : begin, is_first ? 2 * page : page);
    if (is_first) return begin;
    RecordingCalls::munmap(begin + page + size, page);
    return begin + page;
  }
};

SlabBlock take(Slabs& slabs, std::uint64_t size) {
  auto block = slabs.allocate(size);
  EXPECT_TRUE(block) << block.error().describe();
  return block ? *std::move(block) : SlabBlock();
}

// A block whose bytes say which one it is.
struct Marked {
  SlabBlock block;
  std::byte mark;

  Marked(SlabBlock its_block, unsigned number)
      : block(std::move(its_block)), mark(static_cast<std::byte>(number)) {
    std::memset(block.bytes().data(), static_cast<int>(mark), block.bytes().size());
  }
  bool is_intact() const {
    const auto bytes = block.bytes();
    return bytes[0] == mark && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
  }
};

bool is_in_memory(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data()) & ~(page - 1);
  const auto end = reinterpret_cast<std::uintptr_t>(bytes.data() + bytes.size());
  std::vector<unsigned char> pages((end - begin + page - 1) / page);
  EXPECT_EQ(::mincore(reinterpret_cast<void*>(begin), end - begin, pages.data()), 0);
  return std::ranges::all_of(pages, [](unsigned char in) { return (in & 1) != 0; });
}

// Sizes as modules have them: small ones mostly.
std::uint64_t random_size(std::mt19937& random, unsigned greatest_power) {
  const std::uint64_t power = std::uint64_t{1} << random() % (greatest_power + 1);
  return power + random() % power;
}

TEST(Slabs, BlocksAreAlignedAndNobodyElses) {
  Slabs slabs = *Slabs::create();
  std::mt19937 random(1);
  std::vector<Marked> blocks;
  std::uint64_t used = 0;
  const auto rounded = [](const Marked& held) {
    return align_up(held.block.bytes().size(), Slabs::kUnit);
  };
  for (unsigned step = 0; step < 20'000; ++step) {
    if (blocks.size() < 100 || (blocks.size() < 300 && random() % 2 == 0)) {
      const std::uint64_t size = random_size(random, 15);
      blocks.emplace_back(take(slabs, size), step);
      ASSERT_EQ(blocks.back().block.bytes().size(), size);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back().block.bytes().data()) % 64, 0u);
      used += rounded(blocks.back());
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      ASSERT_TRUE(blocks.back().is_intact()) << step;
      used -= rounded(blocks.back());
      blocks.pop_back();
    }
    ASSERT_EQ(slabs.stats().bytes_used, used);
    ASSERT_EQ(slabs.stats().blocks, blocks.size());
  }
  for (const Marked& held : blocks) ASSERT_TRUE(held.is_intact());
  blocks.clear();
  EXPECT_EQ(slabs.stats().bytes_used, 0u);
  EXPECT_EQ(slabs.stats().bytes_reserved, Slabs::kSlabBytes);
}

TEST(Slabs, OfNothingThereIsNothing) {
  os::RecordingCalls calls;
  Slabs slabs = *Slabs::create(calls);
  EXPECT_TRUE(take(slabs, 0).bytes().empty());
  EXPECT_TRUE(calls.names.empty());
}

TEST(Slabs, WhatIsHandedOutIsInMemory) {
  OldKernelCalls old_calls;
  for (os::SystemCalls* const calls :
       {&os::SystemCalls::kernel(), static_cast<os::SystemCalls*>(&old_calls)}) {
    Slabs slabs = *Slabs::create(*calls);
    std::vector<SlabBlock> blocks;
    for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{300'000},
                                   Slabs::kLargestBlock, Slabs::kLargestBlock + 1}) {
      blocks.push_back(take(slabs, size));
      EXPECT_TRUE(is_in_memory(blocks.back().bytes())) << size;
    }
    const SlabStats stats = slabs.stats();
    EXPECT_LE(stats.bytes_used, stats.bytes_populated);
    EXPECT_LE(stats.bytes_populated, stats.bytes_reserved);
  }
}

TEST(Slabs, AStepIsPopulatedForManyBlocks) {
  os::RecordingCalls calls;
  Slabs slabs = *Slabs::create(calls);
  std::vector<SlabBlock> blocks;
  blocks.reserve(200);
  for (int i = 0; i < 100; ++i) blocks.push_back(take(slabs, 1000));
  EXPECT_LE(std::ranges::count(calls.names, "madvise"), 2) << "huge, populate";
  calls.names.clear();
  EXPECT_EQ(slabs.stats().bytes_populated, Slabs::kStep);
  for (int i = 0; i < 100; ++i) blocks.push_back(take(slabs, 1000));
  EXPECT_EQ(calls.names, std::vector<std::string_view>{"madvise"});
  EXPECT_EQ(slabs.stats().bytes_populated, 2 * Slabs::kStep);
}

TEST(Slabs, FreeNeighboursBecomeOneInWhicheverOrderTheyGo) {
  std::array<int, 3> order{0, 1, 2};
  do {
    Slabs slabs = *Slabs::create();
    const SlabBlock before = take(slabs, 64);
    std::array<SlabBlock, 3> blocks;
    const std::array<std::size_t, 3> sizes{64, 1000, 5000};
    for (std::size_t i = 0; i < 3; ++i) blocks[i] = take(slabs, sizes[i]);
    const SlabBlock after = take(slabs, 64);
    const std::byte* const begin = blocks[0].bytes().data();
    const auto size = static_cast<std::size_t>(after.bytes().data() - begin);
    for (const int i : order) blocks[static_cast<std::size_t>(i)].reset();
    EXPECT_EQ(take(slabs, size).bytes().data(), begin);
    EXPECT_NE(take(slabs, size + 1).bytes().data(), begin);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Slabs, TheSmallestHoleThatFitsIsTaken) {
  Slabs slabs = *Slabs::create();
  std::vector<SlabBlock> kept, freed;
  for (const std::size_t size : {9000, 3000, 100'000, 5000, 4000}) {
    freed.push_back(take(slabs, size));
    kept.push_back(take(slabs, 64));
  }
  const std::byte* const hole = freed[3].bytes().data();
  freed.clear();
  EXPECT_EQ(take(slabs, 4100).bytes().data(), hole);
  EXPECT_EQ(take(slabs, 4999).bytes().data(), hole);
  EXPECT_EQ(take(slabs, 4096 + 64).bytes().data(), hole);
}

TEST(Slabs, OneSlabThatIsFreeIsKeptAndOthersGoBack) {
  os::RecordingCalls calls;
  {
    Slabs slabs = *Slabs::create(calls);
    std::vector<SlabBlock> blocks;
    blocks.reserve(200);
    for (int i = 0; i < 200; ++i) blocks.push_back(take(slabs, 200'000));
    EXPECT_EQ(slabs.stats().bytes_reserved, 5 * Slabs::kSlabBytes);
    EXPECT_EQ(calls.mapped_bytes, 5 * Slabs::kSlabBytes);
    blocks.clear();
    EXPECT_EQ(slabs.stats().bytes_reserved, Slabs::kSlabBytes);
    EXPECT_EQ(calls.mapped_bytes, Slabs::kSlabBytes);
    calls.names.clear();
    for (int i = 0; i < 1000; ++i) take(slabs, 200'000);
    EXPECT_TRUE(calls.names.empty()) << "a block that comes and goes";
  }
  EXPECT_EQ(calls.mapped_bytes, 0u);
}

TEST(Slabs, LargerBlocksAreMappingsOfTheirOwn) {
  os::RecordingCalls calls;
  Slabs slabs = *Slabs::create(calls);
  for (const std::size_t size : {Slabs::kLargestBlock + 1, Slabs::kSlabBytes - Slabs::kUnit,
                                 Slabs::kSlabBytes, 2 * Slabs::kSlabBytes}) {
    const Marked held(take(slabs, size), 7);
    EXPECT_EQ(held.block.bytes().size(), size);
    EXPECT_GE(calls.mapped_bytes, size);
    EXPECT_LE(calls.mapped_bytes, size + Slabs::kUnit + 65'536);
    EXPECT_EQ(slabs.stats().bytes_reserved, calls.mapped_bytes);
    EXPECT_EQ(slabs.stats().bytes_populated, calls.mapped_bytes);
  }
  EXPECT_EQ(calls.mapped_bytes, 0u);
  EXPECT_EQ(slabs.stats().bytes_used, 0u);
}

TEST(Slabs, MoreThanThereIsIsRefused) {
  Slabs slabs = *Slabs::create();
  for (const std::uint64_t size : {UINT64_MAX, UINT64_MAX / 2, std::uint64_t{1} << 60}) {
    const auto block = slabs.allocate(size);
    ASSERT_FALSE(block);
    EXPECT_EQ(block.error().code, ErrorCode::kOutOfMemory);
  }
}

TEST(Slabs, BlocksOutliveThem) {
  os::RecordingCalls calls;
  std::vector<Marked> blocks;
  {
    Slabs slabs = *Slabs::create(calls);
    for (unsigned i = 0; i < 40; ++i) blocks.emplace_back(take(slabs, 100'000), i);
    blocks.emplace_back(take(slabs, Slabs::kSlabBytes), 40);
  }
  while (!blocks.empty()) {
    EXPECT_TRUE(blocks.back().is_intact());
    EXPECT_GT(calls.mapped_bytes, 0u);
    blocks.pop_back();
  }
  EXPECT_EQ(calls.mapped_bytes, 0u);
}

TEST(Slabs, MovingABlockLeavesItsBytesWhereTheyAre) {
  Slabs slabs = *Slabs::create();
  SlabBlock block = take(slabs, 100);
  const std::byte* const data = block.bytes().data();
  SlabBlock other = std::move(block);
  EXPECT_EQ(other.bytes().data(), data);
  SlabBlock third = take(slabs, 100);
  third = std::move(other);
  EXPECT_EQ(third.bytes().data(), data);
  third.reset();
  EXPECT_TRUE(third.bytes().empty());
  Slabs moved = std::move(slabs);
  EXPECT_EQ(take(moved, 100).bytes().size(), 100u);
}

// Modules come and go: the memory stays in proportion to what they took together.
TEST(Slabs, HolesAreFilledAgain) {
  constexpr std::size_t kBlocks = 2000;
  Slabs slabs = *Slabs::create();
  std::mt19937 random(2);
  std::vector<SlabBlock> blocks(kBlocks);
  std::uint64_t most_used = 0;
  for (std::size_t step = 0; step < 50 * kBlocks; ++step) {
    SlabBlock& block = blocks[random() % kBlocks];
    block.reset();
    block = take(slabs, random_size(random, 14));
    most_used = std::max(most_used, slabs.stats().bytes_used);
  }
  EXPECT_LE(slabs.stats().bytes_populated, most_used + most_used / 4);
}

TEST(Slabs, AreAlignedForHugePagesAlsoWhereTheSystemDoesNotDoIt) {
  UnalignedCalls calls;
  {
    Slabs slabs = *Slabs::create(calls);
    std::vector<Marked> blocks;
    for (unsigned i = 0; i < 3; ++i) {
      blocks.emplace_back(take(slabs, Slabs::kLargestBlock), i);
      // Behind the slab's own books, which are short.
      const auto begin = reinterpret_cast<std::uintptr_t>(blocks.back().block.bytes().data());
      EXPECT_LE(begin % Slabs::kHugePage, 32'768u);
      EXPECT_EQ(calls.mapped_bytes, slabs.stats().bytes_reserved);
    }
    for (const Marked& held : blocks) EXPECT_TRUE(held.is_intact());
  }
  EXPECT_EQ(calls.mapped_bytes, 0u);
}

// Of a kernel that aligns mappings, and of one that does not.
template <typename Base>
class SlabFaults : public testing::Test {};
using Kernels = testing::Types<os::RecordingCalls, UnalignedCalls>;
TYPED_TEST_SUITE(SlabFaults, Kernels);

TYPED_TEST(SlabFaults, EachSystemCallMayFail) {
  for (const int error : {ENOMEM, EAGAIN}) {
    for (int n = 0;; ++n) {
      os::FaultCallsOver<TypeParam> calls;
      calls.fail_at = n;
      calls.error = error;
      int failures = 0;
      {
        Slabs slabs = *Slabs::create(calls);
        std::vector<SlabBlock> blocks;
        for (const std::size_t size :
             {std::size_t{1000}, std::size_t{300'000}, Slabs::kLargestBlock, Slabs::kLargestBlock,
              Slabs::kSlabBytes}) {
          auto block = slabs.allocate(size);
          if (block) {
            blocks.push_back(*std::move(block));
            continue;
          }
          ++failures;
          EXPECT_EQ(block.error().code,
                    error == ENOMEM ? ErrorCode::kOutOfMemory : ErrorCode::kSystem);
          EXPECT_EQ(block.error().system_errno, error == ENOMEM ? 0 : error);
          EXPECT_TRUE(is_in_memory(take(slabs, size).bytes())) << "the next call goes well";
        }
        EXPECT_LE(failures, 1);
        EXPECT_EQ(slabs.stats().blocks, blocks.size());
        EXPECT_EQ(slabs.stats().bytes_reserved, calls.mapped_bytes);
      }
      EXPECT_EQ(calls.mapped_bytes, 0u) << n;
      if (calls.calls <= n) {
        EXPECT_GE(n, 8);
        break;
      }
    }
  }
}

TEST(Slabs, OnlyMakingThemAllocates) {
  EXPECT_EQ(fail_each_allocation([] {
              const auto slabs = Slabs::create();
              EXPECT_TRUE(slabs || slabs.error().code == ErrorCode::kOutOfMemory);
            }),
            1);
  Slabs slabs = *Slabs::create();
  const FailingNew counting(-1);
  for (const std::size_t size : {std::size_t{100}, std::size_t{200'000}, Slabs::kSlabBytes}) {
    const auto block = slabs.allocate(size);
    EXPECT_TRUE(block);
  }
  EXPECT_EQ(counting.count(), 0);
}

TEST(Slabs, ThreadsTakeAndGiveBackAtOnce) {
  constexpr unsigned kThreads = 4;
  os::SystemCalls calls;
  std::vector<std::thread> threads;
  std::vector<std::vector<Marked>> left(kThreads);
  {
    Slabs slabs = *Slabs::create(calls);
    for (unsigned thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&slabs, &mine = left[thread], thread] {
        std::mt19937 random(thread);
        for (int step = 0; step < 3000; ++step) {
          if (mine.size() < 20) {
            mine.emplace_back(take(slabs, random_size(random, 14)), thread);
            continue;
          }
          std::swap(mine[random() % mine.size()], mine.back());
          EXPECT_TRUE(mine.back().is_intact());
          mine.pop_back();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }
  // Without the Slabs, and the last one to go ends the memory.
  for (auto& mine : left) {
    threads.emplace_back([&mine] {
      for (const Marked& held : mine) EXPECT_TRUE(held.is_intact());
      mine.clear();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace smf
