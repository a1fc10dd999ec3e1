#include "runtime/note/index.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace smf {
namespace {

using Place = NoteIndex::Place;

constexpr std::uint32_t kSize = 1u << 30;

std::array<NoteIndex::Table, 2> tables(std::uint32_t end = kSize) {
  return {{{{NoteColumn::kId, NoteColumn::kTemplate, NoteColumn::kMangledName}, 1, end},
           {{NoteColumn::kMangledName, NoteColumn::kOther}, 2, end}}};
}

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("List${}", i));
  return names;
}

ByteVector build(const std::vector<std::string>& names, std::uint32_t end = kSize) {
  std::vector<NoteIndex::Row> rows;
  for (std::uint32_t i = 0; i < names.size(); ++i)
    rows.push_back(
        {names[i], {i % 2 == 0 ? NoteTable::kInstantiations : NoteTable::kPossible, 10 * i + 1}});
  return NoteIndex::build(rows, tables(end), kSize);
}

std::vector<Place> all(const NoteIndex& index, std::string_view name) {
  std::vector<Place> places;
  auto walk = index.find(name);
  while (const auto place = walk.next()) places.push_back(*place);
  return places;
}

TEST(NoteIndex, FindsEveryNameWithinItsProbes) {
  const auto entered = names(10'000);
  const ByteVector section = build(entered);
  const auto index = NoteIndex::open(section);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->slot_count(), 32'768u);
  for (std::uint32_t i = 0; i < entered.size(); ++i) {
    const Place expected{i % 2 == 0 ? NoteTable::kInstantiations : NoteTable::kPossible,
                         10 * i + 1};
    const auto places = all(*index, entered[i]);
    EXPECT_NE(std::ranges::find(places, expected), places.end()) << entered[i];
  }
  std::size_t wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += all(*index, fmt::format("absent{}", i)).size();
  EXPECT_LE(wrong, 2u);  // only where 32 bits of the hash collide
}

TEST(NoteIndex, RemembersTheTablesAndTheTextItCovers) {
  const ByteVector section = build(names(3), 77);
  const auto index = NoteIndex::open(section);
  ASSERT_TRUE(index);
  EXPECT_EQ(index->packed_size(), kSize);
  EXPECT_EQ(index->table(NoteTable::kInstantiations), tables(77)[0]);
  EXPECT_EQ(index->table(NoteTable::kPossible), tables(77)[1]);
}

TEST(NoteIndex, EntersANameOnceForItsFirstRow) {
  const std::vector<NoteIndex::Row> rows = {{"A", {NoteTable::kInstantiations, 5}},
                                            {"A", {NoteTable::kPossible, 9}}};
  const ByteVector section = NoteIndex::build(rows, tables(20), 20);
  const auto index = NoteIndex::open(section);
  ASSERT_TRUE(index);
  EXPECT_EQ(all(*index, "A"), (std::vector<Place>{{NoteTable::kInstantiations, 5}}));
  int entered = 0;
  for (std::uint32_t i = 0; i < index->slot_count(); ++i) entered += index->slot(i).has_value();
  EXPECT_EQ(entered, 1);
}

TEST(NoteIndex, AnEmptyOneFindsNothing) {
  const ByteVector section = build({});
  const auto index = NoteIndex::open(section);
  ASSERT_TRUE(index);
  EXPECT_TRUE(all(*index, "A").empty());
}

TEST(NoteIndex, NeverPointsOutsideOfTheRowsOfATable) {
  const ByteVector section = build(names(4), 15);  // rows at 1, 11, 21, 31
  const auto index = NoteIndex::open(section);
  ASSERT_TRUE(index);
  EXPECT_EQ(all(*index, "List$1").size(), 1u);
  EXPECT_TRUE(all(*index, "List$2").empty());
}

TEST(NoteIndex, AWalkIsBoundedInAFullTable) {
  ByteVector section = build(names(100));
  const auto slots = std::span(section).subspan(NoteIndex::kHeaderSize);
  for (std::size_t i = 0; i < slots.size(); i += 8) store(slots, i + 4, std::uint32_t{1});
  const auto index = NoteIndex::open(section);
  ASSERT_TRUE(index);
  EXPECT_LE(all(*index, "List$7").size(), std::size_t{NoteIndex::kMaxProbe});
}

TEST(NoteIndex, IsRefusedWhereItsHeadOrSizeIsWrong) {
  const ByteVector good = build(names(5));
  ASSERT_TRUE(NoteIndex::open(good));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(NoteIndex::open(std::span(good).first(size))) << size;
  for (std::size_t at = 0; at < NoteIndex::kHeaderSize; ++at) {
    ByteVector bad = good;
    bad[at] ^= std::byte{0x80};
    EXPECT_FALSE(NoteIndex::open(bad)) << at;
  }
}

}  // namespace
}  // namespace smf
