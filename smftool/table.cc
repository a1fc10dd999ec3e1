#include "smftool/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "smftool/printable.h"

namespace smf::tool {
namespace {

constexpr std::size_t kIndent = 2;

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\033[1m";
    case Style::kFaint:
      return "\033[2m";
    case Style::kRed:
      return "\033[31m";
    case Style::kGreen:
      return "\033[32m";
    case Style::kYellow:
      return "\033[33m";
  }
  return "";
}

// Characters, each taken as one column wide.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string styled(std::string_view text, Style style, bool coloured) {
  const std::string_view escape = coloured ? escape_of(style) : "";
  if (escape.empty() || text.empty()) return std::string(text);
  return fmt::format("{}{}\033[0m", escape, text);
}

Table::Table(std::FILE* out, bool coloured, std::vector<Column> columns)
    : out_(out), coloured_(coloured), columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(width_of(column.title));
}

Table::~Table() { print_kept(); }

void Table::add_row(std::vector<Cell> cells) { add({.cells = std::move(cells)}); }

void Table::add_line(std::string_view text, Style style) {
  add({.cells = {Cell(std::string(text), style)}, .is_line = true});
}

void Table::add(Row row) {
  for (Cell& cell : row.cells) cell.text = printable(cell.text);
  if (is_measured_) {
    print(row);
    return;
  }
  for (std::size_t i = 0; !row.is_line && i < std::min(row.cells.size(), widths_.size()); ++i)
    widths_[i] = std::max(widths_[i], width_of(row.cells[i].text));
  kept_.push_back(std::move(row));
  if (kept_.size() == kRowsMeasured) print_kept();
}

void Table::print_kept() {
  if (!is_measured_) {
    std::vector<Cell> titles;
    bool has_title = false;
    for (const Column& column : columns_) {
      titles.emplace_back(column.title, Style::kBold);
      has_title = has_title || !column.title.empty();
    }
    if (has_title) print({.cells = std::move(titles)});
  }
  is_measured_ = true;
  for (const Row& row : kept_) print(row);
  kept_.clear();
}

void Table::print(const Row& row) const {
  const std::vector<Cell>& cells = row.cells;
  std::string line(kIndent, ' ');
  std::size_t gap = 0;  // spaces owed before the next text: none are left at the end of a line
  for (std::size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i) {
    const std::size_t width = width_of(cells[i].text);
    const std::size_t padding = widths_[i] > width ? widths_[i] - width : 0;
    const bool is_right = !row.is_line && columns_[i].align == Align::kRight;
    if (is_right) gap += padding;
    if (width > 0) {
      line.append(std::exchange(gap, 0), ' ');
      line += styled(cells[i].text, cells[i].style, coloured_);
    }
    gap += (is_right ? 0 : padding) + 2;
  }
  fmt::print(out_, "{}\n", line);
}

}  // namespace smf::tool
