#include "runtime/codegen/parallel_move.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <tuple>
#include <vector>

namespace smf::codegen {
namespace {

constexpr std::uint8_t kScratch[2] = {30, 31};

using End = std::tuple<Bank, bool, std::uint32_t>;

End end_of(Bank bank, const MoveEnd& end) { return {bank, end.is_memory, end.number}; }

// What is where after the moves one by one; at first each place holds itself.
std::map<End, End> after(std::span<const Move> moves) {
  std::map<End, End> held;
  for (const Move& move : moves) {
    const End from = end_of(move.bank, move.from);
    held[end_of(move.bank, move.to)] = held.contains(from) ? held[from] : from;
  }
  return held;
}

void expect_all_at_once(const std::vector<Move>& moves) {
  ParallelMove parallel;
  for (const Move& move : moves) parallel.add(move);
  const auto ordered = parallel.in_order(kScratch[0], kScratch[1]);
  const auto held = after(ordered);
  for (const Move& move : moves) {
    const End to = end_of(move.bank, move.to);
    EXPECT_EQ(held.contains(to) ? held.at(to) : to, end_of(move.bank, move.from));
  }
  // Nothing else was written.
  for (const auto& [to, from] : held) {
    const bool is_scratch =
        !std::get<bool>(to) &&
        std::get<2>(to) == kScratch[static_cast<std::size_t>(std::get<Bank>(to))];
    const bool is_asked = std::ranges::any_of(
        moves, [&](const Move& move) { return end_of(move.bank, move.to) == to; });
    EXPECT_TRUE(is_scratch || is_asked);
  }
}

Move between(std::uint32_t from, std::uint32_t to) {
  return {Bank::kGeneral, {false, from}, {false, to}};
}

TEST(ParallelMove, WhatStaysIsNotMoved) {
  ParallelMove parallel;
  parallel.add(between(3, 3));
  EXPECT_TRUE(parallel.in_order(kScratch[0], kScratch[1]).empty());
}

TEST(ParallelMove, AChainNeedsNoScratchRegister) {
  ParallelMove parallel;
  parallel.add(between(1, 2));
  parallel.add(between(2, 3));
  parallel.add(between(3, 4));
  const auto ordered = parallel.in_order(kScratch[0], kScratch[1]);
  EXPECT_EQ(std::vector(ordered.begin(), ordered.end()),
            (std::vector{between(3, 4), between(2, 3), between(1, 2)}));
}

TEST(ParallelMove, ACircleTakesOneMoveMore) {
  ParallelMove parallel;
  parallel.add(between(1, 2));
  parallel.add(between(2, 3));
  parallel.add(between(3, 1));
  EXPECT_EQ(parallel.in_order(kScratch[0], kScratch[1]).size(), 4u);
  expect_all_at_once({between(1, 2), between(2, 3), between(3, 1)});
}

TEST(ParallelMove, TwoCirclesAndABranchOfOne) {
  expect_all_at_once({between(1, 2), between(2, 1), between(3, 4), between(4, 5), between(5, 3),
                      between(1, 6), between(5, 7)});
}

TEST(ParallelMove, AnyMovesOfBothBanksAndMemory) {
  std::mt19937 random(1);
  for (int round = 0; round != 3000; ++round) {
    std::vector<Move> moves;
    for (const Bank bank : {Bank::kGeneral, Bank::kVector}) {
      std::vector<std::uint32_t> destinations(12);
      std::iota(destinations.begin(), destinations.end(), 0u);
      std::ranges::shuffle(destinations, random);
      destinations.resize(random() % 13);
      for (const std::uint32_t to : destinations) {
        const std::uint32_t from = static_cast<std::uint32_t>(random() % 12);
        const auto slot = static_cast<std::uint32_t>(random() % 100);
        switch (random() % 5) {
          case 0:
            moves.push_back({bank, {true, slot}, {false, to}});
            break;
          case 1:
            moves.push_back({bank, {false, from}, {true, 1000 + to}});
            break;
          default:
            moves.push_back({bank, {false, from}, {false, to}});
            break;
        }
      }
    }
    expect_all_at_once(moves);
    ASSERT_FALSE(HasFailure()) << round;
  }
}

TEST(ParallelMove, ItsMemoryIsUsedAgain) {
  ParallelMove parallel;
  parallel.add(between(1, 2));
  parallel.add(between(2, 1));
  EXPECT_EQ(parallel.in_order(kScratch[0], kScratch[1]).size(), 3u);
  parallel.clear();
  EXPECT_TRUE(parallel.empty());
  parallel.add(between(1, 2));
  EXPECT_EQ(parallel.in_order(kScratch[0], kScratch[1]).size(), 1u);
}

}  // namespace
}  // namespace smf::codegen
