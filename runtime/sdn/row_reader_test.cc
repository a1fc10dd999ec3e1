#include "runtime/sdn/row_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace smf::sdn {
namespace {

constexpr std::string_view kTable =
    "t |a, b, c|\n"
    "    1, \"x, y\", the rest, of it  # said\n"
    "    # a remark\n"
    "\n"
    "    2, , \"tab\\there\"\r\n"
    "    3, \"\"\"two\nlines\"\"\", z";

std::vector<std::uint64_t> lines(std::string_view text) {
  std::vector<std::uint64_t> starts = {0};
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts.push_back(i + 1);
  return starts;
}

TEST(RowReader, GivesTheCellsThatParseGives) {
  const auto document = parse(kTable);
  ASSERT_TRUE(document);
  const Table table = *document->get("t")->as_table();
  ASSERT_EQ(table.row_count(), 3u);
  RowReader reader;
  const auto starts = lines(kTable);
  const std::uint64_t rows[] = {starts[1], starts[4], starts[5]};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto row = reader.read(kTable, rows[i], 3);
    ASSERT_TRUE(row && *row) << i;
    EXPECT_EQ((*row)->offset(), table.row(i).offset());
    for (std::size_t c = 0; c < 3; ++c) EXPECT_TRUE((**row)[c] == table.cell(i, c)) << i << c;
  }
}

TEST(RowReader, FindsNoRowInACommentAnEmptyLineAndATombstone) {
  RowReader reader;
  EXPECT_FALSE(reader.read(kTable, lines(kTable)[2], 3).value());
  EXPECT_FALSE(reader.read(kTable, lines(kTable)[3], 3).value());
  EXPECT_FALSE(reader.read("#   1, x, y\n", 0, 3).value());
}

TEST(RowReader, TellsMistakesWithTheirPlaceInTheText) {
  RowReader reader;
  const std::string text = "t |a, b|\n    1, 2\n    x\n    \"y\" z, 1\n    \"\x01\", 2\n";
  const auto starts = lines(text);
  EXPECT_EQ(reader.read(text, starts[2], 2).error().message, "3:5: expected 2 cells, found 1");
  EXPECT_EQ(reader.read(text, starts[3], 2).error().message,
            "4:9: expected ',' after a cell, found 'z'");
  EXPECT_FALSE(reader.read(text, starts[4], 2));
  EXPECT_EQ(reader.read(text, 3, 2).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(reader.read(text, text.size(), 2).error().code, ErrorCode::kInvalidArgument);
  // Reusable after a mistake.
  EXPECT_TRUE(reader.read(text, starts[1], 2).value());
}

// Whatever a line holds: the reader and the parser agree whether it is a row, and on its cells.
TEST(RowReader, AgreesWithParseOnRandomLines) {
  std::mt19937 random(7);
  const std::string_view pieces[] = {"a",    " ",    ",",    "\"", "\"q\"", "1",    "-2.5",
                                     "#",    " #",   "\\n",  "\t", "\r",    "\x02", "\xC3\xA9",
                                     "\xC3", "null", "true", "[",  "\"\"\""};
  int rows = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string line = " ";
    for (auto left = random() % 9; left > 0; --left) {
      const std::string_view piece = pieces[random() % std::size(pieces)];
      // Mixed indentation is not the reader's business.
      if (piece == "\t" && line.find_first_not_of(' ') == std::string::npos) continue;
      line += piece;
    }
    const std::string text = "t |a, b|\n" + line + "\n";
    const auto document = parse(text);
    RowReader reader;
    const auto row = reader.read(text, 9, 2);
    // What stands in a comment is not looked at.
    if (row && !*row && !document) continue;
    ASSERT_EQ(document.has_value(), row.has_value()) << line;
    if (!row) {
      EXPECT_EQ(row.error().offset, document.error().offset) << line;
      EXPECT_EQ(row.error().message, document.error().message) << line;
      continue;
    }
    const Table table = *document->get("t")->as_table();
    ASSERT_EQ(table.row_count(), row->has_value() ? 1u : 0u) << line;
    if (!*row) continue;
    ++rows;
    for (std::size_t c = 0; c < 2; ++c) EXPECT_TRUE((**row)[c] == table.cell(0, c)) << line;
  }
  EXPECT_GT(rows, 1000);
}

}  // namespace
}  // namespace smf::sdn
