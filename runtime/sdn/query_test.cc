#include "runtime/sdn/query.h"

#include <gtest/gtest.h>

#include <array>

#include "runtime/sdn/document.h"

namespace smf::sdn {
namespace {

class TableQueryTest : public testing::Test {
 protected:
  Document document_ = parse_owned(
                           "t |id, name, size, note|\n"
                           "    1, anna, 30, \n"
                           "    2, bert, 7.5, x\n"
                           "    3, carl, null, true\n"
                           "    4, dora, 30, abc\n"
                           "    5, emil, -2, big\n"
                           "u: table{i64, text}\n    1, a\n    2, b\n")
                           .value();
  TableQuery all_{*document_.get("t")->as_table()};

  static std::string ids(const TableQuery& query) {
    std::string out;
    for (std::size_t i = 0; i < query.count(); ++i)
      out += std::to_string(*query.row(i)[0].as_int());
    return out;
  }
};

TEST_F(TableQueryTest, FiltersByValue) {
  EXPECT_EQ(ids(*all_.where("size", Comparison::kEqual, 30)), "14");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kEqual, 30.0)), "14");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kNotEqual, 30)), "235");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kLess, 8)), "25");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kLessOrEqual, 7.5)), "25");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kGreater, 7)), "124");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kGreaterOrEqual, 30)), "14");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kLess, "8")), "");
  EXPECT_EQ(ids(*all_.where("note", Comparison::kContains, "b")), "45");
  EXPECT_EQ(ids(*all_.where("note", Comparison::kStartsWith, "b")), "5");
  EXPECT_EQ(ids(*all_.where("note", Comparison::kEqual, "")), "1");
  EXPECT_EQ(ids(*all_.where("size", Comparison::kEqual, nullptr)), "3");
}

TEST_F(TableQueryTest, ChainsFilters) {
  const auto large = all_.where("size", Comparison::kEqual, 30);
  EXPECT_EQ(ids(*large->where("name", Comparison::kEqual, "dora")), "4");
  EXPECT_EQ(ids(large->where([](const Row& row) { return *row[0].as_int() < 2; })), "1");
}

TEST_F(TableQueryTest, OrdersStablyAndAcrossKinds) {
  EXPECT_EQ(ids(*all_.order_by("size")), "35214");
  EXPECT_EQ(ids(*all_.order_by("size", Order::kDescending)), "14253");
  EXPECT_EQ(ids(*all_.order_by("note")), "31452");
}

TEST_F(TableQueryTest, TakesAPart) {
  EXPECT_EQ(ids(all_.offset(1).limit(2)), "23");
  EXPECT_EQ(ids(all_.limit(2).offset(1)), "2");
  EXPECT_EQ(ids(all_.offset(9)), "");
  EXPECT_EQ(ids(all_.limit(9)), "12345");
  EXPECT_EQ(all_.limit(0).count(), 0u);
  EXPECT_FALSE(all_.limit(0).any());
  EXPECT_FALSE(all_.limit(0).first());
  EXPECT_TRUE(all_.any());
  EXPECT_EQ((*all_.first())[1].as_string(), "anna");
  EXPECT_EQ((*all_.last())[1].as_string(), "emil");
}

TEST_F(TableQueryTest, SelectsAndPlucks) {
  const std::array<std::string_view, 2> names = {"size", "id"};
  const auto two = all_.select(names);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->column_count(), 2u);
  EXPECT_EQ(two->column_name(0), "size");
  EXPECT_EQ(two->cell(1, 0).as_float(), 7.5);
  EXPECT_EQ(ids(*two->where("name", Comparison::kEqual, "bert")), "2");
  const OwnedTable table = two->limit(1).to_table();
  EXPECT_EQ(table.column_name(1), "id");
  EXPECT_EQ(table.cell(0, 0).as_int(), 30);
  const auto plucked = all_.offset(3).pluck("name");
  ASSERT_TRUE(plucked);
  EXPECT_EQ((*plucked)[1].as_string(), "emil");
}

TEST_F(TableQueryTest, NamesTheColumnsThatAreThere) {
  EXPECT_EQ(all_.where("sise", Comparison::kEqual, 1).error().message,
            "no column 'sise': the table has id, name, size, note");
  EXPECT_EQ(all_.order_by("x").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(all_.pluck("x"));
  EXPECT_FALSE(all_.select({}));
  const TableQuery typed(*document_.get("u")->as_table());
  EXPECT_EQ(typed.where("0", Comparison::kEqual, 2)->count(), 1u);
  EXPECT_EQ(typed.where("2", Comparison::kEqual, 2).error().message,
            "no column '2': the table has columns 0 to 1");
}

TEST(Compare, IsExactBetweenIntsAndFloats) {
  EXPECT_TRUE(compare(std::int64_t{9007199254740993}, 9007199254740992.0) > 0);
  EXPECT_TRUE(compare(INT64_MAX, 9223372036854775808.0) < 0);
  EXPECT_TRUE(compare(INT64_MIN, -9223372036854775808.0) == 0);
  EXPECT_TRUE(compare(-1, -1.5) > 0);
  EXPECT_TRUE(compare(0, -0.0) == 0);
  EXPECT_TRUE(compare(1e300, 5) > 0);
  EXPECT_TRUE(compare(-1e300, INT64_MIN) < 0);
  EXPECT_TRUE(compare(nullptr, false) < 0);
  EXPECT_TRUE(compare(true, 0) < 0);
  EXPECT_TRUE(compare(7, "") < 0);
}

}  // namespace
}  // namespace smf::sdn
