// Parser: values between brackets, where line ends mean nothing.
#include <fmt/format.h>

#include "runtime/sdn/parser.h"

namespace smf::sdn::internal {

bool Parser::inline_value(std::uint32_t depth, Close close, Node& out) {
  switch (*p_) {
    case '"':
      return quoted(out);
    case '[':
      return inline_array(depth + 1, out);
    case '{':
      return inline_dict(depth + 1, out);
    default:
      if (at_table_word('{') || at_table_word('|')) return inline_table(depth + 1, out);
      return inline_bare(close, out);
  }
}

// After an element: a comma and perhaps one more, or the closing bracket.
bool Parser::separator(Close close, bool& more) {
  const char bracket = static_cast<char>(close);
  const bool some = skip_space_and_lines();
  if (some && *p_ == ',') {
    ++p_;
    more = skip_space_and_lines() && *p_ != bracket;
    return p_ < end_ || expected(fmt::format("a value or '{}'", bracket));
  }
  more = false;
  return (some && *p_ == bracket) || expected(fmt::format("',' or '{}'", bracket));
}

bool Parser::inline_array(std::uint32_t depth, Node& out) {
  if (!enter(depth)) return false;
  const std::uint32_t mark = open_.size();
  const std::uint32_t start = offset(p_++);
  bool more = skip_space_and_lines() && *p_ != ']';
  if (p_ == end_) return expected("a value or ']'");
  while (more) {
    if (!count_values(1)) return false;
    Node value;
    if (!inline_value(depth, Close::kArray, value)) return false;
    open_.push(value);
    if (!separator(Close::kArray, more)) return false;
  }
  ++p_;
  out = {start, Node::make_tag(Kind::kArray, 0), {}};
  close_children(mark, 1, out);
  return true;
}

bool Parser::inline_dict(std::uint32_t depth, Node& out) {
  if (!enter(depth)) return false;
  const std::uint32_t mark = open_.size();
  out.start = offset(p_++);
  bool more = skip_space_and_lines() && *p_ != '}';
  if (p_ == end_) return expected("a key or '}'");
  while (more) {
    if (!count_values(1)) return false;
    Node name;
    Node value;
    if (!key(name)) return false;
    if (!skip_space_and_lines() || *p_ != ':') return expected("':' after a key");
    ++p_;
    if (!skip_space_and_lines()) return expected("a value");
    if (!inline_value(depth, Close::kDict, value)) return false;
    open_.push(name);
    open_.push(value);
    if (!separator(Close::kDict, more)) return false;
  }
  ++p_;
  return close_dict(mark, out);
}

// Bare text up to a separator, a comment or the line's end. An opening bracket inside is refused:
// `[f[0], 1]` would otherwise end at the wrong place without a word.
bool Parser::inline_bare(Close close, Node& out) {
  const char* const first = p_;
  const bool in_row = close == Close::kRow;
  if (*p_ == '(' && !in_row) return expected("a value (text that begins with '(' needs quotes)");
  const char* last = first;
  for (; p_ < end_ && *p_ != '\n' && *p_ != ','; ++p_) {
    const char c = *p_;
    if (c == '#' && at_comment()) break;
    if (in_row ? c == ')' : c == ']' || c == '}') break;
    if (c == '[' || c == '{' || (in_row && (c == '(' || c == ']' || c == '}'))) {
      return expected("',' or the closing bracket (text with brackets needs quotes)");
    }
    if (!is_blank(c) && c != '\r') last = p_ + 1;
  }
  if (last == first && !in_row) return expected("a value");
  return bare(first, last, out);
}

// `table{i64, text} = [(1, a)]`, and between brackets also `table|id, name| = [(1, a)]`.
bool Parser::inline_table(std::uint32_t depth, Node& out) {
  if (!enter(depth)) return false;
  const char* const start = p_;
  p_ += std::string_view("table").size();
  TableShape shape{};
  shape.named = *p_ == '|';
  if (!table_header(shape.named ? '|' : '}', shape)) return false;
  if (!skip_space_and_lines() || *p_ != '=') return expected("'=' and the table's rows");
  ++p_;
  if (!inline_rows(shape)) return false;
  add_table(start, shape, out);
  return true;
}

bool Parser::inline_rows(TableShape& shape) {
  if (!skip_space_and_lines() || *p_ != '[') return expected("'['");
  ++p_;
  bool more = skip_space_and_lines() && *p_ != ']';
  if (p_ == end_) return expected("a row or ']'");
  while (more) {
    if (!inline_row(shape) || !separator(Close::kArray, more)) return false;
  }
  ++p_;
  return true;
}

bool Parser::inline_row(TableShape& shape) {
  if (*p_ != '(') return expected("a row in parentheses");
  const char* const start = p_++;
  if (!count_values(shape.column_count)) return false;
  Node* const cells = storage_.nodes.extend(shape.column_count);
  std::uint32_t count = 0;
  for (bool more = true; more;) {
    if (!skip_space_and_lines()) return expected("a cell");
    Node extra;
    Node& cell = count < shape.column_count ? cells[count] : extra;
    if (!(*p_ == '"' ? quoted(cell) : inline_bare(Close::kRow, cell))) return false;
    ++count;
    if (!skip_space_and_lines() || (*p_ != ',' && *p_ != ')')) return expected("',' or ')'");
    more = *p_ == ',';
    if (!more) break;
    ++p_;
    // A comma after the last cell is a trailing one; before it, an empty cell may follow.
    if (count >= shape.column_count) more = skip_space_and_lines() && *p_ != ')';
    if (p_ == end_) return expected("a cell or ')'");
  }
  if (count != shape.column_count) {
    return fail(ErrorKind::kRowWidth, start,
                fmt::format("expected {} cells, found {}", shape.column_count, count));
  }
  ++p_;
  storage_.nodes.advance(count);
  ++shape.row_count;
  return true;
}

}  // namespace smf::sdn::internal
