// Many threads allocate, run, change, quarantine and free at once. SMF_LONG=1 lets each mix go on
// for a minute.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/exec/either_protection.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

constexpr unsigned kThreads = 8;

bool is_long() { return std::getenv("SMF_LONG") != nullptr; }

class ThreadsWith : public CodeMemoryWith {
 protected:
  // Until it is time, `step(random, i)` in each thread; the rest of the time is not measured.
  template <typename Step>
  static void run(unsigned threads, int steps, const Step& step) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::vector<std::thread> running;
    for (unsigned number = 0; number != threads; ++number) {
      running.emplace_back([&, number] {
        std::mt19937 random(number);
        for (int i = 0; is_long() ? std::chrono::steady_clock::now() < end : i != steps; ++i)
          step(number, random);
      });
    }
    for (auto& thread : running) thread.join();
  }
};

INSTANTIATE_TEST_SUITE_P(Protections, ThreadsWith, either_protection(), name_of);

struct Block {
  const void* code = nullptr;
  std::uint32_t number = 0;
};

TEST_P(ThreadsWith, EverythingAtOnce) {
  CodeMemory memory = make({.max_bytes = 64u << 20, .region_bytes = 16u << 20});
  std::atomic<std::uint64_t> wrong{0}, refused{0}, runs{0};
  std::atomic<std::uint64_t> epoch{1};
  // Blocks that one thread made and another frees.
  std::mutex mutex;
  std::vector<Block> shared;
  std::vector<std::vector<Block>> own(kThreads);
  const auto expect = [&](const Block& block) {
    runs.fetch_add(1, std::memory_order_relaxed);
    if (call_code(block.code) != static_cast<int>(block.number)) ++wrong;
  };
  run(kThreads,
      is_dual()       ? 20'000
      : is_emulated() ? 300
                      : 1'500,
      [&](unsigned thread, std::mt19937& random) {
        auto& mine = own[thread];
        const unsigned what = random() % 1000;
        if (what < 450 && mine.size() < 100) {
          const std::uint32_t number = random() % 2048;
          const auto function = publish(memory, number, 1 + random() % (what < 10 ? 50000 : 600));
          if (!function) {
            ++refused;
            return;
          }
          mine.push_back({*function, number});
        } else if (what < 800 && !mine.empty()) {
          std::swap(mine[random() % mine.size()], mine.back());
          expect(mine.back());
          if (!memory.free(mine.back().code)) ++wrong;
          mine.pop_back();
        } else if (what < 850 && !mine.empty()) {
          expect(mine.back());
          const std::uint64_t now = epoch.fetch_add(1);
          if (!memory.free(mine.back().code, now)) ++wrong;
          mine.pop_back();
          if (!memory.reclaim(now - 1)) ++wrong;
        } else if (what < 900 && !mine.empty()) {
          Block block = mine.back();
          mine.pop_back();
          const std::lock_guard lock(mutex);
          shared.push_back(block);
        } else if (what < 950) {
          Block block;
          {
            const std::lock_guard lock(mutex);
            if (shared.empty()) return;
            block = shared.back();
            shared.pop_back();
          }
          expect(block);
          if (memory.find(block.code).data() != block.code) ++wrong;
          if (!memory.free(block.code)) ++wrong;
        } else if (what < 980 && !mine.empty()) {
          mine.back().number = random() % 2048;
          if (!memory.write(mine.back().code, 0, code_returning(mine.back().number))) ++wrong;
        } else if (what < 985) {
          static_cast<void>(memory.quiesce());  // refused while another thread writes
        } else if (what < 990) {
          memory.trim();
        } else if (what < 991) {
          static_cast<void>(memory.stats());
        } else if (what < 992) {
          if (!find_write_exec().empty()) ++wrong;
        }
      });
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(refused, 0u);
  EXPECT_GT(runs, 500u);
  for (const auto& blocks : own)
    for (const Block& block : blocks) EXPECT_TRUE(memory.free(block.code).has_value());
  for (const Block& block : shared) EXPECT_TRUE(memory.free(block.code).has_value());
  EXPECT_TRUE(memory.reclaim(epoch).has_value());
  EXPECT_EQ(memory.stats().used, 0u);
  memory.trim();
  EXPECT_EQ(memory.stats().mapped, 0u);
}

TEST_P(ThreadsWith, OfManyWhoFreeTheSameBlockOneDoes) {
  CodeMemory memory = make();
  constexpr int kBlocks = 2000;
  std::vector<const void*> blocks;
  for (int i = 0; i != kBlocks; ++i) blocks.push_back(publish(memory, 1).value());
  std::atomic<int> freed{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i != 4; ++i) {
    threads.emplace_back([&, i] {
      for (const void* block : blocks)
        if (i % 2 == 0 ? memory.free(block).has_value() : memory.free(block, 1).has_value())
          ++freed;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(freed, kBlocks);
  EXPECT_TRUE(memory.reclaim(1).has_value());
  EXPECT_EQ(memory.stats().used, 0u);
}

}  // namespace
}  // namespace smf
