#include "runtime/format/symbol_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "runtime/base/hash.h"

namespace smf {
namespace {

struct Names {
  std::vector<std::string> texts;
  std::vector<int> ranks;

  std::vector<std::string_view> views() const { return {texts.begin(), texts.end()}; }
  ByteVector build() const { return SymbolIndex::build(views(), ranks); }
  // The one a reference means: lowest rank, then first.
  std::optional<std::uint32_t> search(std::string_view name) const {
    std::optional<std::uint32_t> best;
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
      if (!texts[i].empty() && texts[i] == name && (!best || ranks[i] < ranks[*best])) best = i;
    }
    return best;
  }
};

std::optional<std::uint32_t> look_up(const SymbolIndex& index, const Names& names,
                                     std::string_view name) {
  auto candidates = index.find(name);
  while (const auto i = candidates.next())
    if (names.texts.at(*i) == name) return i;
  return std::nullopt;
}

Names numbered(std::uint32_t count) {
  Names names;
  for (std::uint32_t i = 0; i < count; ++i) names.texts.push_back("symbol_" + std::to_string(i));
  names.ranks.assign(count, 0);
  return names;
}

TEST(SymbolIndex, FindsWhatALinearSearchFindsInAThousandRandomSets) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 1000; ++round) {
    Names names;
    for (std::uint64_t n = random() % 60; n > 0; --n) {
      names.texts.push_back(random() % 10 == 0 ? "" : "n" + std::to_string(random() % 40));
      names.ranks.push_back(static_cast<int>(random() % 4));
    }
    const ByteVector bytes = names.build();
    const auto index = SymbolIndex::open(bytes, static_cast<std::uint32_t>(names.texts.size()));
    ASSERT_TRUE(index);
    for (int i = 0; i < 40; ++i) {
      const std::string name = "n" + std::to_string(i);
      ASSERT_EQ(look_up(*index, names, name), names.search(name)) << name << " round " << round;
    }
  }
}

TEST(SymbolIndex, BytesDependOnTheNamesAlone) {
  EXPECT_EQ(numbered(1000).build(), numbered(1000).build());
}

// Slots from where the name belongs to the empty one that ends the search.
std::uint32_t slots_touched(Bytes section, std::uint32_t slot_count, std::string_view name) {
  auto at = static_cast<std::uint32_t>(xxh3_64(as_bytes(name))) & (slot_count - 1);
  std::uint32_t touched = 1;
  while (load<std::uint32_t>(section, 16 + 8 * std::uint64_t{at} + 4) != 0) {
    at = (at + 1) & (slot_count - 1);
    ++touched;
  }
  return touched;
}

TEST(SymbolIndex, ALookUpIn100000SymbolsTouchesAFewSlots) {
  const Names names = numbered(100'000);
  const ByteVector bytes = names.build();
  const auto index = SymbolIndex::open(bytes, 100'000);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->slot_count(), 262'144u);
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < 100'000; i += 7) {
    ASSERT_EQ(look_up(*index, names, names.texts[i]), i);
    const std::uint32_t touched = slots_touched(bytes, index->slot_count(), names.texts[i]);
    ASSERT_LE(touched, SymbolIndex::kMaxProbe + 1);
    total += touched;
  }
  EXPECT_LT(total / (100'000 / 7), 4u);
  EXPECT_EQ(look_up(*index, names, "absent"), std::nullopt);
}

TEST(SymbolIndex, AMalformedSectionIsNoIndex) {
  const ByteVector good = numbered(5).build();
  ASSERT_TRUE(SymbolIndex::open(good, 5));
  EXPECT_FALSE(SymbolIndex::open(good, 4));
  EXPECT_FALSE(SymbolIndex::open(good, 6));
  EXPECT_FALSE(SymbolIndex::open({}, 0));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(SymbolIndex::open(Bytes(good).first(size), 5)) << size;
  for (const std::size_t at : {0u, 1u, 2u, 3u, 4u, 5u, 8u, 11u, 12u, 13u, 15u}) {
    ByteVector bad = good;
    bad[at] ^= std::byte{0x11};
    EXPECT_FALSE(SymbolIndex::open(bad, 5)) << at;
  }
  ByteVector longer = good;
  longer.push_back({});
  EXPECT_FALSE(SymbolIndex::open(longer, 5));
}

TEST(SymbolIndex, NoSlotsAtAllIsNoIndex) {
  ByteVector bytes = numbered(0).build();
  bytes.resize(16);
  store(std::span(bytes), 12, std::uint32_t{0});
  EXPECT_FALSE(SymbolIndex::open(bytes, 0));
}

TEST(SymbolIndex, ALyingTableGivesFewCandidatesAndOnlyExistingSymbols) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    ByteVector bytes = numbered(40).build();
    const bool is_full = round % 2 == 0;
    for (std::size_t at = 16; at < bytes.size(); ++at)
      bytes[at] = static_cast<std::byte>(is_full ? random() : random() % 3);
    const std::uint64_t hash = xxh3_64(as_bytes("name"));
    if (is_full) {  // every slot a hit
      for (std::size_t at = 16; at < bytes.size(); at += 8) {
        store(std::span(bytes), at, static_cast<std::uint32_t>(hash >> 32));
        store(std::span(bytes), at + 4, static_cast<std::uint32_t>(random() % 80));
      }
    }
    const auto index = SymbolIndex::open(bytes, 40);
    ASSERT_TRUE(index);
    std::uint32_t count = 0;
    auto candidates = index->find("name");
    while (const auto i = candidates.next()) {
      ASSERT_LT(*i, 40u);
      ++count;
    }
    EXPECT_LE(count, SymbolIndex::kMaxProbe);
    EXPECT_EQ(candidates.next(), std::nullopt);
  }
}

TEST(SymbolIndex, NamesThatAllWantTheSameSlotMakeTheTableGrow) {
  // Found by search: names whose low hash bits agree in a table of 512 slots.
  Names names;
  for (std::uint32_t i = 0; names.texts.size() < 100; ++i) {
    const std::string name = "c" + std::to_string(i);
    if ((xxh3_64(as_bytes(name)) & 0xFF) == 0x42) names.texts.push_back(name);
  }
  names.ranks.assign(names.texts.size(), 0);
  const ByteVector bytes = names.build();
  const auto index = SymbolIndex::open(bytes, 100);
  ASSERT_TRUE(index);
  EXPECT_GT(index->slot_count(), 256u);
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(look_up(*index, names, names.texts[i]), i);
}

}  // namespace
}  // namespace smf
