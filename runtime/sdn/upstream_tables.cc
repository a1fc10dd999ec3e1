// UpstreamParser: tables. Cells are gathered first, because a value between brackets inside a cell
// leaves nodes of its own behind.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "runtime/sdn/upstream_parser.h"

namespace smf::sdn::internal {
namespace {

// How the first token of a joined cell is spelled: numbers by their value.
std::string spelled(const Node& value, std::string_view lexeme) {
  char digits[400];
  const auto number = [&](auto... what) {
    const auto [last, error] = std::to_chars(digits, digits + sizeof digits, what...);
    return error == std::errc{} ? std::string(digits, last) : std::string(lexeme);
  };
  switch (value.kind()) {
    case Kind::kString:
      return std::string(value.string());
    case Kind::kInt:
      return number(value.payload.integer);
    case Kind::kFloat:
      return number(value.payload.real, std::chars_format::fixed);
    case Kind::kNull:
      return "null";
    default:
      return std::string(lexeme);
  }
}

}  // namespace

// `|a, b|` or `{t1, t2}`; the token is its first mark.
bool UpstreamParser::columns(char close, TableShape& shape) {
  const std::uint32_t mark = open_.size();
  if (!advance()) return false;
  while (!is_mark(close)) {
    if (!is(Token::Kind::kWord)) return expected(close == '|' ? "a column name" : "a type");
    if (!count_values(1)) return false;
    open_.push(token_.value);
    if (!advance()) return false;
    if (!is_mark(',')) break;
    if (!advance()) return false;
  }
  if (open_.size() == mark) return expected("a column");
  Node names{};
  shape.column_count = open_.size() - mark;
  close_children(mark, 1, names);
  shape.columns = names.payload.range.first;
  return expect_mark(close);
}

bool UpstreamParser::named_table(std::uint32_t depth, Node& out) {
  const std::uint32_t start = token_.start;
  TableShape shape{};
  shape.named = true;
  if (!enter(depth) || !columns('|', shape)) return false;
  const std::uint32_t mark = open_.size();
  if (at_line_end() || is(Token::Kind::kIndent)) {
    if (!rows(depth, shape)) return false;
  } else if (!row(depth, shape)) {
    return false;
  }
  close_table(start, mark, shape, out);
  return true;
}

bool UpstreamParser::typed_table(std::uint32_t depth, Node& out) {
  const std::uint32_t start = token_.start;
  TableShape shape{};
  if (!enter(depth) || !advance()) return false;
  if (!is_mark('{')) return expected("'{'");
  if (!columns('}', shape)) return false;
  const std::uint32_t mark = open_.size();
  if (is_mark('=')) {
    if (!advance() || !tuples(depth, shape)) return false;
  } else if ((at_line_end() || is(Token::Kind::kIndent)) && !rows(depth, shape)) {
    return false;
  }
  close_table(start, mark, shape, out);
  return true;
}

void UpstreamParser::close_table(std::uint32_t start, std::uint32_t mark, TableShape& shape,
                                 Node& out) {
  Node cells{};
  close_children(mark, 1, cells);
  shape.cells = cells.payload.range.first;
  out = {start,
         Node::make_tag(Kind::kTable, 0),
         {.integer = static_cast<std::int64_t>(storage_.tables.size())}};
  storage_.tables.push_back(shape);
}

// Deeper lines, if there are any.
bool UpstreamParser::rows(std::uint32_t depth, TableShape& shape) {
  if (!skip_newlines()) return false;
  if (!is(Token::Kind::kIndent)) return true;
  if (!advance() || !skip_newlines()) return false;
  while (!is(Token::Kind::kDedent) && !is(Token::Kind::kEnd)) {
    if (!row(depth, shape) || !skip_newlines()) return false;
  }
  return is(Token::Kind::kEnd) || advance();
}

// Cells to the end of the line. Nothing between two commas, or after the last, is an empty cell.
bool UpstreamParser::row(std::uint32_t depth, TableShape& shape) {
  const std::uint32_t start = token_.start;
  const std::uint32_t mark = open_.size();
  bool more = true;
  while (more) {
    const std::uint32_t count = open_.size() - mark;
    Node node{token_.start, Node::make_tag(Kind::kString, 0), {.text = ""}};
    const bool is_empty = is_mark(',') || at_line_end();
    if (!count_values(1)) return false;
    if (!is_empty && !cell(depth, count + 1 == shape.column_count, node)) return false;
    open_.push(node);
    more = is_mark(',');
    if (more && !advance()) return false;
  }
  return count_cells(start, open_.size() - mark, shape);
}

bool UpstreamParser::count_cells(std::uint32_t start, std::uint64_t count, TableShape& shape) {
  ++shape.row_count;
  if (count == shape.column_count) return true;
  return fail(ErrorKind::kRowWidth, start,
              fmt::format("expected {} cells, found {}", shape.column_count, count));
}

// One token is its value; several are joined.
bool UpstreamParser::cell(std::uint32_t depth, bool is_last, Node& out) {
  if (!is(Token::Kind::kWord) && !is(Token::Kind::kScalar)) return join_cell(depth, is_last, out);
  if (!look_ahead()) return false;
  const bool ends = ahead_.kind == Token::Kind::kNewline || ahead_.kind == Token::Kind::kDedent ||
                    ahead_.kind == Token::Kind::kEnd ||
                    (!is_last && ahead_.kind == Token::Kind::kMark && ahead_.mark == ',');
  if (!ends) return join_cell(depth, is_last, out);
  out = token_.value;
  return advance();
}

// The text of a value and of all tokens up to the next comma, or in the last column up to the end
// of the line, with a blank where there was a gap.
bool UpstreamParser::join_cell(std::uint32_t depth, bool is_last, Node& out) {
  const std::uint32_t start = token_.start;
  std::string text;
  const std::uint32_t mark = open_.size();
  if (is(Token::Kind::kWord) || is(Token::Kind::kScalar)) {
    text = spelled(token_.value, storage_.text.substr(start, token_.end - start));
    if (!advance()) return false;
  } else {
    // A value between brackets has to be one; its text is what stands there.
    Node value_node;
    if (!value(depth, value_node)) return false;
    text = storage_.text.substr(start, last_end_ - start);
  }
  open_.truncate(mark);
  while (!at_line_end() && (is_last || !is_mark(','))) {
    if (token_.start > last_end_) text += ' ';
    text += storage_.text.substr(token_.start, token_.end - token_.start);
    if (!advance()) return false;
  }
  if (text.size() > limits_.string_bytes)
    return fail(ErrorKind::kLimit, start,
                fmt::format("a string longer than {} bytes", limits_.string_bytes));
  char* const kept = storage_.allocate(text.size());
  std::ranges::copy(text, kept);
  out = {start, Node::make_tag(Kind::kString, text.size()), {.text = kept}};
  return true;
}

// `[(1, a), (2, b)]`.
bool UpstreamParser::tuples(std::uint32_t depth, TableShape& shape) {
  if (!expect_mark('[')) return false;
  while (!is_mark(']')) {
    const std::uint32_t start = token_.start;
    const std::uint32_t mark = open_.size();
    if (!expect_mark('(')) return false;
    while (!is_mark(')')) {
      Node node;
      if (!is(Token::Kind::kWord) && !is(Token::Kind::kScalar)) return expected("a cell");
      if (!count_values(1) || !value(depth, node)) return false;
      open_.push(node);
      if (!is_mark(',')) break;
      if (!advance()) return false;
    }
    if (!expect_mark(')') || !count_cells(start, open_.size() - mark, shape)) return false;
    if (!is_mark(',')) break;
    if (!advance()) return false;
  }
  return expect_mark(']');
}

}  // namespace smf::sdn::internal
