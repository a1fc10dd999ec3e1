#include "runtime/mir/id_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smf::mir {
namespace {

class Texts {
 public:
  std::uint32_t find(std::string_view text) const {
    return ids_.find(hash_of(text), [&](std::uint32_t id) { return texts_[id] == text; });
  }
  void add(std::string_view text) {
    ids_.add(hash_of(text), static_cast<std::uint32_t>(texts_.size()));
    texts_.emplace_back(text);
  }
  // Whether something has its hash.
  bool has_hash(std::string_view text) const {
    return ids_.find(hash_of(text), [](std::uint32_t) { return true; }) != IdTable::kNotThere;
  }

 private:
  IdTable::Hash hash_of(std::string_view text) const { return IdTable::Hash(ids_).add(text); }

  IdTable ids_{};
  std::vector<std::string> texts_{};
};

TEST(IdTable, HasNothingAtFirst) {
  EXPECT_EQ(Texts().find(""), IdTable::kNotThere);
  EXPECT_EQ(Texts().find("i64"), IdTable::kNotThere);
}

TEST(IdTable, FindsEachOfManyAndNoOther) {
  constexpr std::uint32_t kMany = 20'000;
  Texts texts;
  for (std::uint32_t i = 0; i != kMany; ++i) {
    const std::string text = "function number " + std::to_string(i);
    ASSERT_EQ(texts.find(text), IdTable::kNotThere) << text;
    texts.add(text);
  }
  for (std::uint32_t i = 0; i != kMany; ++i)
    ASSERT_EQ(texts.find("function number " + std::to_string(i)), i);
  EXPECT_EQ(texts.find("function number " + std::to_string(kMany)), IdTable::kNotThere);
}

TEST(IdTable, TellsThingsOfOneHashApart) {
  IdTable ids;
  const IdTable::Hash hash = IdTable::Hash(ids).add(std::uint64_t{7});
  for (std::uint32_t id = 0; id != 100; ++id) ids.add(hash, id);
  for (std::uint32_t id = 0; id != 100; ++id)
    EXPECT_EQ(ids.find(hash, [&](std::uint32_t other) { return other == id; }), id);
}

TEST(IdTable, HashesTheEndOfATextAndItsLength) {
  Texts texts;
  texts.add("12345678");
  EXPECT_TRUE(texts.has_hash("12345678"));
  EXPECT_FALSE(texts.has_hash("1234567"));
  EXPECT_FALSE(texts.has_hash("123456780"));
  EXPECT_FALSE(texts.has_hash(std::string_view("12345678\0", 9)));
  EXPECT_FALSE(texts.has_hash("12345679"));
}

TEST(IdTable, HashesNumbersInTheirOrder) {
  IdTable ids;
  const auto hash_of = [&](const std::vector<std::uint32_t>& numbers) {
    return IdTable::Hash(ids).add(numbers);
  };
  const auto is_there = [&](const std::vector<std::uint32_t>& numbers) {
    return ids.find(hash_of(numbers), [](std::uint32_t) { return true; }) != IdTable::kNotThere;
  };
  ids.add(hash_of({1, 2}), 0);
  EXPECT_TRUE(is_there({1, 2}));
  EXPECT_FALSE(is_there({2, 1}));
  EXPECT_FALSE(is_there({1, 2, 0}));
  EXPECT_FALSE(is_there({1}));
}

}  // namespace
}  // namespace smf::mir
