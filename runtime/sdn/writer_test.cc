#include "runtime/sdn/writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "runtime/sdn/document.h"

namespace smf::sdn {
namespace {

TEST(Write, IsTidy) {
  OwnedTable users({"id", "full name"});
  users.add_row({0, "Alice"});
  users.add_row({1, "B, b"});
  OwnedValue inner = OwnedValue::dict();
  inner.put("list", OwnedValue::array({1, 2.5, "a: b"}));
  inner.put("empty", OwnedValue::dict());
  inner.put("path", "/tmp/x");
  inner.put("text", "42");
  OwnedValue value = OwnedValue::dict();
  value.put("version", 1);
  value.put("build", std::move(inner));
  value.put("users", std::move(users));
  value.put("a b", nullptr);
  EXPECT_EQ(write(value).value(),
            "version: 1\n"
            "\n"
            "build:\n"
            "    list: [1, 2.5, a: b]\n"
            "    empty: {}\n"
            "    path: /tmp/x\n"
            "    text: \"42\"\n"
            "\n"
            "users |id, full name|\n"
            "    0, Alice\n"
            "    1, \"B, b\"\n"
            "\n"
            "\"a b\": null\n");
}

TEST(Write, PutsLongArraysOnLinesOfTheirOwn) {
  OwnedValue value = OwnedValue::dict();
  value.put("k", OwnedValue::array({"one", "a: b", OwnedValue::array({"x"})}));
  EXPECT_EQ(write(value, {.line_width = 10}).value(), "k:\n    one\n    \"a: b\"\n    [x]\n");
}

TEST(Write, RefusesWhatHasNoNotation) {
  const auto refused = [](OwnedValue inner) {
    OwnedValue value = OwnedValue::dict();
    value.put("k", std::move(inner));
    return write(value).error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused(std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(refused(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(refused("\xFF"));
  EXPECT_TRUE(refused(OwnedTable({"a", "a"})));
  OwnedTable nested({"a"});
  nested.add_row({OwnedValue::array()});
  EXPECT_TRUE(refused(std::move(nested)));
  EXPECT_EQ(write(OwnedValue(1)).error().code, ErrorCode::kInvalidArgument);
}

TEST(Write, RefusesWhatParseWouldFindTooDeep) {
  OwnedValue value(1);
  for (int i = 0; i < 50; ++i) value = OwnedValue::array({std::move(value)});
  OwnedValue document = OwnedValue::dict();
  document.put("k", value);
  EXPECT_TRUE(parse(write(document).value()));
  document.put("k", OwnedValue::array({std::move(value)}));
  EXPECT_EQ(write(document).error().code, ErrorCode::kLimit);
}

TEST(TableWriter, WritesANotesTable) {
  std::string out = "# head\n\n";
  const std::string_view columns[] = {"id", "name", "can_defer"};
  TableWriter writer(out, "possible", columns, {.cells = Quoting::kEveryString});
  writer.cell(std::int64_t{0});
  writer.cell("List$Int");
  writer.cell(true);
  writer.end_row();
  ASSERT_TRUE(writer.finish());
  EXPECT_EQ(out, "# head\n\npossible |id, name, can_defer|\n    0, \"List$Int\", true\n");
}

TEST(TableWriter, LeavesNothingBehindAfterAMistake) {
  std::string out = "before\n";
  const std::string_view columns[] = {"a"};
  TableWriter writer(out, "k", columns);
  writer.cell("\xFF");
  writer.end_row();
  EXPECT_EQ(writer.finish().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(out, "before\n");
}

TEST(TableWriter, WritesAMillionRowsThatReadBack) {
  std::string out;
  const std::string_view columns[] = {"id", "name"};
  TableWriter writer(out, "rows", columns);
  for (std::int64_t i = 0; i < 1'000'000; ++i) {
    writer.cell(i);
    writer.cell("name");
    writer.end_row();
  }
  ASSERT_TRUE(writer.finish());
  const auto document = parse(out);
  ASSERT_TRUE(document);
  const Table rows = *document->get("rows")->as_table();
  EXPECT_EQ(rows.row_count(), 1'000'000u);
  EXPECT_EQ(rows.cell(999'999, 0).as_int(), 999'999);
}

TEST(WriteRow, IsARowOfATable) {
  const std::vector<OwnedValue> cells = {3, "a, b", nullptr, "x"};
  EXPECT_EQ(write_row(cells).value(), "    3, \"a, b\", null, x\n");
  EXPECT_EQ(write_row(cells, {.cells = Quoting::kEveryString}, 2).value(),
            "  3, \"a, b\", null, \"x\"\n");
}

}  // namespace
}  // namespace smf::sdn
