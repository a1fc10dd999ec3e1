#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "runtime/exec/either_protection.h"

namespace smf {
namespace {

using CodeMemoryModelWith = CodeMemoryWith;
INSTANTIATE_TEST_SUITE_P(Protections, CodeMemoryModelWith, either_protection(), name_of);

// Random operations against what the caller remembers: each block runs its own function, and no two
// overlap.
TEST_P(CodeMemoryModelWith, AgreesWithAModel) {
  const int steps = (is_dual() ? 1'000'000 : 20'000) / (is_emulated() ? kEmulatedPart : 1);
  CodeMemory memory = make({.max_bytes = 64u << 20, .region_bytes = 16u << 20});
  struct Block {
    const std::byte* code;
    std::size_t size;
    std::uint32_t number;
  };
  std::vector<Block> blocks;
  std::map<const std::byte*, std::size_t> live;  // all of those, and quarantined ones
  std::multimap<std::uint64_t, Block> quarantined;
  std::uint64_t epoch = 0;
  std::mt19937 random(5);
  const auto size_at_random = [&] {
    const unsigned kind = random() % 100;
    if (kind < 90) return 1 + random() % 1031;
    if (kind < 99) return 1 + random() % 20000;
    return 1 + random() % 300000;
  };
  for (int step = 0; step != steps; ++step) {
    const unsigned what = random() % 1000;
    if (what < 450 && blocks.size() < 3000) {
      const std::uint32_t number = random() % 2048;
      const std::size_t size = std::max<std::size_t>(size_at_random(), code_returning(0).size());
      const auto published = publish(memory, number, size);
      ASSERT_TRUE(published.has_value()) << published.error().describe();
      const auto* const code = static_cast<const std::byte*>(*published);
      const auto after = live.lower_bound(code);
      if (after != live.end()) {
        ASSERT_LE(code + size, after->first);
      }
      if (after != live.begin()) {
        ASSERT_LE(std::prev(after)->first + std::prev(after)->second, code);
      }
      live[code] = size;
      blocks.push_back({code, size, number});
    } else if (what < 900 && !blocks.empty()) {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      const Block block = blocks.back();
      ASSERT_EQ(call_code(block.code), static_cast<int>(block.number));
      const auto found = memory.find(block.code + random() % block.size);
      ASSERT_EQ(found.data(), block.code);
      ASSERT_EQ(found.size(), block.size);
      blocks.pop_back();
      if (what < 800) {
        ASSERT_TRUE(memory.free(block.code).has_value());
        ASSERT_FALSE(memory.free(block.code).has_value());
        live.erase(block.code);
      } else {
        ASSERT_TRUE(memory.free(block.code, epoch).has_value());
        quarantined.emplace(epoch, block);
      }
    } else if (what < 960 && !blocks.empty()) {
      Block& block = blocks[random() % blocks.size()];
      block.number = random() % 2048;
      ASSERT_TRUE(memory.write(block.code, 0, code_returning(block.number)).has_value());
    } else if (what < 990) {
      ++epoch;
      const std::uint64_t passed = epoch > 5 ? epoch - 5 : 0;
      const auto end = quarantined.upper_bound(passed);
      std::size_t count = 0;
      for (auto at = quarantined.begin(); at != end; ++at, ++count) {
        ASSERT_EQ(call_code(at->second.code), static_cast<int>(at->second.number));
        live.erase(at->second.code);
      }
      quarantined.erase(quarantined.begin(), end);
      ASSERT_EQ(memory.reclaim(passed), count);
    } else if (what < 992) {
      ASSERT_TRUE(memory.quiesce().has_value());
    } else if (what < 993) {
      memory.trim();
    }
    if (step % (steps / 10) == 0) {
      const CodeMemoryStats stats = memory.stats();
      ASSERT_EQ(stats.blocks, blocks.size());
      ASSERT_EQ(stats.quarantined_blocks, quarantined.size());
      std::uint64_t sum = 0;
      for (const auto& [code, size] : live) sum += size;
      ASSERT_EQ(stats.requested, sum);
      ASSERT_LE(stats.used, stats.mapped);
    }
  }
  for (const Block& block : blocks)
    ASSERT_EQ(call_code(block.code), static_cast<int>(block.number));
}

}  // namespace
}  // namespace smf
