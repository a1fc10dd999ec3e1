// Tables for people: aligned columns, coloured where the output is a terminal.
//
// The first kRowsMeasured rows are kept until they have decided how wide the columns are; later
// ones are printed at once, so a table of millions of rows needs no memory. Put the column whose
// width nobody knows last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace smf::tool {

enum class Style : std::uint8_t { kPlain, kBold, kFaint, kRed, kGreen, kYellow };

// `text` between the escape sequences of `style`, or as it is where not `coloured`.
std::string styled(std::string_view text, Style style, bool coloured);

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string title{};
  Align align = Align::kLeft;
};

struct Cell {
  // Implicit, so that a row is a list of texts. NOLINTBEGIN(google-explicit-constructor)
  Cell(std::string text_in, Style style_in = Style::kPlain)
      : text(std::move(text_in)), style(style_in) {}
  Cell(const char* text_in) : text(text_in) {}
  // NOLINTEND(google-explicit-constructor)
  std::string text;
  Style style = Style::kPlain;
};

class Table {
 public:
  static constexpr std::size_t kRowsMeasured = 1000;

  Table(std::FILE* out, bool coloured, std::vector<Column> columns);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();  // prints what is still kept

  // As many cells as there are columns, or fewer. Their text is made safe to print here.
  void add_row(std::vector<Cell> cells);
  // A line of its own between the rows, aligned with none.
  void add_line(std::string_view text, Style style);

 private:
  void print_kept();
  struct Row {
    std::vector<Cell> cells{};
    bool is_line = false;  // one cell, aligned with none
  };
  void add(Row row);
  void print(const Row& row) const;

  std::FILE* out_;
  bool coloured_;
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<Row> kept_{};
  bool is_measured_ = false;
};

}  // namespace smf::tool
