#include "smftool/table.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace smf::tool {
namespace {

template <typename Fill>
std::string printed(bool coloured, std::vector<Column> columns, Fill fill) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const out = open_memstream(&text, &size);
  {
    Table table(out, coloured, std::move(columns));
    fill(table);
  }
  std::fclose(out);
  const std::string result(text, size);
  free(text);
  return result;
}

TEST(Table, AlignsColumnsAndLeavesNoSpacesAtTheEnd) {
  EXPECT_EQ(printed(false, {{"n", Align::kRight}, {"name"}, {"last"}},
                    [](Table& table) {
                      table.add_row({"1", "a", "x"});
                      table.add_row({"100", "größe", ""});
                    }),
            "    n  name   last\n"
            "    1  a      x\n"
            "  100  größe\n");
}

TEST(Table, ColoursOnlyWhereAsked) {
  const auto fill = [](Table& table) { table.add_row({{"x", Style::kRed}}); };
  EXPECT_EQ(printed(false, {{}}, fill), "  x\n");
  EXPECT_EQ(printed(true, {{}}, fill), "  \033[31mx\033[0m\n");
}

TEST(Table, MakesCellsSafeToPrint) {
  EXPECT_EQ(printed(false, {{}}, [](Table& table) { table.add_row({"\033[2J"}); }), "  \\x1b[2J\n");
}

TEST(Table, PrintsLongTablesAsTheyGrow) {
  const std::string text = printed(false, {{"n"}}, [](Table& table) {
    for (std::size_t i = 0; i < Table::kRowsMeasured * 3; ++i) table.add_row({std::to_string(i)});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), Table::kRowsMeasured * 3 + 1);
}

}  // namespace
}  // namespace smf::tool
