// Parser: tables with a row on each line.
#include <fmt/format.h>

#include <cstring>

#include "runtime/sdn/parser.h"
#include "runtime/sdn/specials.h"
#include "runtime/sdn/text_check.h"
#include "runtime/sdn/unique_keys.h"

namespace smf::sdn::internal {

bool Parser::at_table_word(char opening) const {
  constexpr std::string_view kWord = "table";
  const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
  return rest.size() > kWord.size() && rest[kWord.size()] == opening && rest.starts_with(kWord);
}

// `|a, b|` or `{t1, t2}`, the cursor on its opening bracket.
bool Parser::table_header(char close, TableShape& shape) {
  const std::uint32_t mark = open_.size();
  const auto at_next = [&] { return p_ < end_ && *p_ == ','; };
  do {
    ++p_;
    Node name;
    if (!count_values(1) || !column_name(close, name)) return false;
    open_.push(name);
  } while (at_next());
  if (p_ == end_ || *p_ != close) return expected(fmt::format("',' or '{}'", close));
  ++p_;
  const std::uint32_t count = open_.size() - mark;
  const auto repeated =
      shape.named ? find_repeated(open_.at(mark), count, 1) : std::optional<std::uint32_t>{};
  if (repeated) {
    const Node& node = open_[mark + *repeated];
    return fail(ErrorKind::kDuplicateKey, begin_ + node.start,
                fmt::format("the column '{}' is there already", node.string()));
  }
  Node columns{};
  close_children(mark, 1, columns);
  shape.columns = columns.payload.range.first;
  shape.column_count = count;
  shape.cells = storage_.nodes.size();
  shape.row_count = 0;
  return true;
}

bool Parser::column_name(char close, Node& out) {
  skip_blanks();
  if (p_ < end_ && *p_ == '"') {
    if (!quoted(out)) return false;
    skip_blanks();
    return true;
  }
  const char* const first = p_;
  const char* last = first;
  for (; !at_line_end() && *p_ != ',' && *p_ != close; ++p_) {
    if (*p_ == '"' || at_comment()) break;
    if (!is_blank(*p_)) last = p_ + 1;
  }
  if (last == first) return expected(close == '|' ? "a column name" : "a type");
  const auto length = static_cast<std::uint64_t>(last - first);
  if (length > limits_.string_bytes) {
    return fail(ErrorKind::kLimit, first,
                fmt::format("a string longer than {} bytes", limits_.string_bytes));
  }
  out = {offset(first), Node::make_tag(Kind::kString, length), {.text = first}};
  return true;
}

bool Parser::named_table(std::int64_t column, std::uint32_t depth, Node& out) {
  if (!enter(depth)) return false;
  const char* const start = p_;
  TableShape shape{};
  shape.named = true;
  if (!table_header('|', shape) || !rows(column, shape)) return false;
  add_table(start, shape, out);
  return true;
}

// `table{t1, t2}` and rows below, or `= [(…), …]` after it.
bool Parser::typed_table(std::int64_t column, std::uint32_t depth, Node& out) {
  if (!enter(depth)) return false;
  const char* const start = p_;
  p_ += std::string_view("table").size();
  TableShape shape{};
  if (!table_header('}', shape)) return false;
  skip_blanks();
  if (p_ < end_ && *p_ == '=') {
    ++p_;
    if (!inline_rows(shape) || !finish_line()) return false;
  } else if (!rows(column, shape)) {
    return false;
  }
  add_table(start, shape, out);
  return true;
}

void Parser::add_table(const char* start, const TableShape& shape, Node& out) {
  out = {offset(start),
         Node::make_tag(Kind::kTable, 0),
         {.integer = static_cast<std::int64_t>(storage_.tables.size())}};
  storage_.tables.push_back(shape);
}

// Perhaps one row on the header's line, then every deeper line.
bool Parser::rows(std::int64_t column, TableShape& shape) {
  skip_blanks();
  const auto search = [this](const char* p) { return find_quote_escape_or_newline(p, end_); };
  if (!at_line_end() && !at_comment() && !row(shape, search)) return false;
  if (!finish_line()) return false;
  if (indent_ <= column) return true;
  const std::int64_t rows_column = indent_;
  Specials specials(p_, end_);
  const auto listed = [&](const char* p) { return specials.next(p); };
  do {
    if (!row(shape, listed) || !next_row(rows_column)) return false;
  } while (indent_ == rows_column);
  if (indent_ > column) {
    return fail(ErrorKind::kBadIndentation, p_,
                fmt::format("found an indentation of {}, expected {} as in the rows before",
                            indent_, rows_column));
  }
  return true;
}

bool Parser::run_row(std::uint64_t line, std::uint32_t column_count, std::uint32_t& cells) {
  const char* const start = begin_ + line;
  p_ = start;
  skip_blanks();
  if (at_line_end() || *p_ == '#') return false;
  TableShape shape{};
  shape.column_count = column_count;
  cells = storage_.nodes.size();
  const bool parsed =
      row(shape, [this](const char* p) { return find_quote_escape_or_newline(p, end_); });
  if (parsed) skip_blanks();
  const char* const newline = find_newline(p_, end_);
  const char* const stop = newline == end_ ? end_ : newline + 1;
  // What is no text at all is the first mistake, as it is in parse().
  const std::string_view taken(start, static_cast<std::size_t>(stop - start));
  if (const auto bad = find_bad_byte(taken))
    return fail(ErrorKind::kSyntax, start + bad->offset,
                fmt::format("found {}, expected UTF-8 text", bad->what));
  if (!parsed) return false;
  if (!at_line_end() && !at_comment()) return expected("the end of the line");
  return true;
}

// finish_line(), fast where the next line is a row like this one.
bool Parser::next_row(std::int64_t rows_column) {
  constexpr std::int64_t kMostSpaces = 8;
  constexpr std::uint64_t kSpaces = 0x2020'2020'2020'2020;
  if (indent_character_ == ' ' && rows_column <= kMostSpaces && end_ - p_ > kMostSpaces + 1 &&
      *p_ == '\n') {
    // Each byte of the indentation is read once here too.
    std::uint64_t word;
    std::memcpy(&word, p_ + 1, sizeof word);
    const char first = p_[1 + rows_column];
    if (((word ^ kSpaces) << (64 - 8 * rows_column)) == 0 && first > ' ' && first != '#') {
      p_ += 1 + rows_column;
      return true;
    }
  }
  return finish_line();
}

// One row. A last cell that is not quoted takes the rest of the line, commas included. The cursor
// is a local variable where it can be: as a member it would be written and read back at each step,
// since the nodes that are written in between might be it.
template <typename Find>
bool Parser::row(TableShape& shape, Find find) {
  if (!count_values(shape.column_count)) return false;
  const char* const start = p_;
  const char* p = p_;
  const char* const end = end_;
  Node* cell = storage_.nodes.extend(shape.column_count);
  Node* const last = cell + shape.column_count - 1;
  for (;; ++cell) {
    while (p < end && is_blank(*p)) ++p;
    const bool is_quoted = p < end && *p == '"';
    if (is_quoted) {
      const char* const stop = find(p + 1);
      if (!plain_quoted(p, stop, *cell)) {
        p_ = p;
        if (!quoted_with_escapes(*cell)) return false;
        p = p_;
      } else {
        p = stop + 1;
      }
      while (p < end && is_blank(*p)) ++p;
    } else if (cell != last) {
      p_ = p;
      if (!bare_cell(*cell)) return false;
      p = p_;
    }
    if (cell == last) {
      p_ = p;
      if (!is_quoted) {
        p_ = bare_line_end(p);
        if (!bare(p, p_, *cell)) return false;
      } else if (p < end && *p == ',') [[unlikely]] {
        return row_width(start, shape.column_count);
      }
      break;
    }
    if (p == end || *p != ',') [[unlikely]] {
      p_ = p;
      if (at_line_end() || at_comment()) return row_width(start, shape.column_count);
      return expected("',' after a cell");
    }
    ++p;
  }
  storage_.nodes.advance(shape.column_count);
  ++shape.row_count;
  return true;
}

bool Parser::bare_cell(Node& out) {
  const char* const first = p_;
  const char* last = first;
  for (; p_ < end_ && *p_ != ',' && *p_ != '\n'; ++p_) {
    if (*p_ == '#' && at_comment()) break;
    if (!is_blank(*p_) && *p_ != '\r') last = p_ + 1;
  }
  if (p_ < end_ && *p_ == '\n' && p_[-1] == '\r') --p_;
  return bare(first, last, out);
}

// A row that has too few or too many cells: counts them, for the message.
bool Parser::row_width(const char* row, std::uint32_t expected_count) {
  p_ = row;
  std::uint64_t count = 0;
  while (true) {
    ++count;
    skip_blanks();
    Node cell;
    if (!(p_ < end_ && *p_ == '"' ? quoted(cell) : bare_cell(cell))) return false;
    skip_blanks();
    if (p_ == end_ || *p_ != ',') break;
    ++p_;
  }
  return fail(ErrorKind::kRowWidth, row,
              fmt::format("expected {} cells, found {}", expected_count, count));
}

}  // namespace smf::sdn::internal
