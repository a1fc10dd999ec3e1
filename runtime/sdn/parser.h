// The strict and the lenient parser: one pass from the text to nodes.
//
// Lenient mode is a branch where a block begins and where a mistake would be told (lenient.cc); the
// lines and cells of strict mode pass none.
//
// The text is checked for bytes it may not hold before; so a newline is always "\n" or "\r\n", and
// characters are whole. Functions return false once a mistake is recorded; its line and column are
// counted only then. The cursor stands, between statements, on the first character of a line that
// has content, whose indentation is `indent_`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/sdn/diagnostic.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/mistake.h"
#include "runtime/sdn/node.h"
#include "runtime/sdn/scan.h"

namespace smf::sdn::internal {

class Gathering;

class Parser {
 public:
  using Mistake = internal::Mistake;

  // With `lenient`, the mode is lenient and its warnings go there.
  Parser(Storage& storage, const Limits& limits, Warnings* lenient = nullptr);

  // Fills the storage; false leaves the mistake below. Throws std::bad_alloc.
  bool run();

  // One row of a table whose line begins at byte `line`, instead of the document; the text need not
  // have been checked. The cells are the storage's nodes from `cells` on; false without a mistake
  // (has_mistake()) where the line has no content.
  bool run_row(std::uint64_t line, std::uint32_t column_count, std::uint32_t& cells);
  bool has_mistake() const { return !mistake_.message.empty(); }

  const Mistake& mistake() const { return mistake_; }

 private:
  enum class Close : char { kArray = ']', kDict = '}', kRow = ')' };

  // Lines (lines.cc).
  bool next_line();
  bool finish_line();
  bool mixed_indentation(const char* at);
  bool at_line_end() const;
  bool at_comment() const;
  void skip_blanks();
  bool skip_space_and_lines();
  const char* bare_line_end(const char* first) const;

  // Blocks (blocks.cc).
  bool block(std::uint32_t depth, Node& out);
  bool dict_block(std::uint32_t depth, Node& out);
  bool array_block(std::uint32_t depth, Node& out);
  bool same_block(std::int64_t column);
  bool entry(std::int64_t column, std::uint32_t depth, Node& out);
  bool after_colon(std::int64_t column, std::uint32_t depth, Node& out);
  bool line_value(std::uint32_t depth, Node& out);
  bool bare_line(Node& out);
  bool looks_like_entry() const;
  const char* after_key(const char* p) const;
  bool at_list_item() const;
  bool is_operator(const char* p) const;
  bool key(Node& out);
  bool key_too_long(const char* first);
  bool outside_document(std::int64_t column);
  bool close_dict(std::uint32_t mark, Node& out);
  void close_children(std::uint32_t mark, std::uint32_t nodes_each, Node& out);

  // Of lenient mode only (lenient.cc).
  bool at_section() const;
  bool at_head() const;
  std::int64_t next_indent(const char* p) const;
  bool lenient_block(std::uint32_t depth, Node& out);
  bool lenient_document(Node& out);
  bool lenient_dict(std::uint32_t depth, Node& out);
  bool head(std::uint32_t depth, Gathering& gathering);
  bool section(std::int64_t column, Gathering& gathering);
  bool section_part(Node& out);
  bool list_block(std::uint32_t depth, Node& out, bool is_at_key = false);
  bool list_item(std::int64_t column, std::uint32_t depth, Node& out);

  // Between brackets (inline.cc).
  bool inline_value(std::uint32_t depth, Close close, Node& out);
  bool inline_array(std::uint32_t depth, Node& out);
  bool inline_dict(std::uint32_t depth, Node& out);
  bool inline_table(std::uint32_t depth, Node& out);
  bool inline_rows(TableShape& shape);
  bool inline_row(TableShape& shape);
  bool inline_bare(Close close, Node& out);
  bool separator(Close close, bool& more);

  // Tables (rows.cc).
  bool at_table_word(char opening) const;
  bool table_header(char close, TableShape& shape);
  bool column_name(char close, Node& out);
  bool named_table(std::int64_t column, std::uint32_t depth, Node& out);
  bool typed_table(std::int64_t column, std::uint32_t depth, Node& out);
  bool rows(std::int64_t column, TableShape& shape);
  // `find(p)` is the first quote, backslash or newline at or behind `p`.
  template <typename Find>
  bool row(TableShape& shape, Find find);
  bool next_row(std::int64_t rows_column);
  bool bare_cell(Node& out);
  bool row_width(const char* row, std::uint32_t expected);
  void add_table(const char* start, const TableShape& shape, Node& out);

  // Scalars (scalars.cc).
  bool quoted(Node& out);
  bool plain_quoted(const char* p, const char* stop, Node& out) const;
  bool quoted_with_escapes(Node& out);
  bool decode(const char* first, const char* last, Node& out);
  bool escape(const char*& p, const char* last, char*& to);
  bool bare(const char* first, const char* last, Node& out);
  bool other_bare(const char* first, const char* last, Node& out);

  bool count_values(std::uint64_t count);
  bool enter(std::uint32_t depth);
  bool fail(ErrorKind kind, const char* at, std::string message);
  // "expected WHAT, found ..." at the cursor.
  bool expected(std::string_view what);
  std::string found(const char* p) const;
  std::uint32_t offset(const char* p) const { return static_cast<std::uint32_t>(p - begin_); }

  Storage& storage_;
  const Limits limits_;
  Warnings* const lenient_;
  const char* begin_;
  const char* end_;
  const char* p_;
  std::int64_t indent_ = 0;            // of the present line, in columns; -1 at the end of the text
  std::int64_t document_column_ = -1;  // of the document's entries
  char indent_character_ = 0;
  std::uint64_t values_ = 0;
  NodeArray open_;  // children of containers that are not closed yet
  Mistake mistake_{};
};

inline void Parser::skip_blanks() {
  while (p_ < end_ && is_blank(*p_)) ++p_;
}

// The string between the quote at `p` and `stop`, the first quote, backslash or newline behind it;
// false if it is not that simple.
inline bool Parser::plain_quoted(const char* p, const char* stop, Node& out) const {
  const auto length = static_cast<std::uint64_t>(stop - p - 1);
  // `""` may be the beginning of `"""`.
  if (stop == end_ || *stop != '"' || length > limits_.string_bytes ||
      (length == 0 && end_ - stop > 1 && stop[1] == '"')) [[unlikely]] {
    return false;
  }
  out = {offset(p), Node::make_tag(Kind::kString, length, true), {.text = p + 1}};
  return true;
}

inline bool Parser::quoted(Node& out) {
  const char* const stop = find_quote_escape_or_newline(p_ + 1, end_);
  if (!plain_quoted(p_, stop, out)) return quoted_with_escapes(out);
  p_ = stop + 1;
  return true;
}

// Any so many digits fit 64 bits.
inline constexpr std::uint64_t kSafeDigits = 18;

inline bool Parser::bare(const char* first, const char* last, Node& out) {
  const auto length = static_cast<std::uint64_t>(last - first);
  if (length == 0 || length > kSafeDigits || !is_digit(*first)) return other_bare(first, last, out);
  std::int64_t integer = 0;
  for (const char* p = first; p < last; ++p) {
    if (!is_digit(*p)) return other_bare(first, last, out);
    integer = integer * 10 + (*p - '0');
  }
  out = {offset(first), Node::make_tag(Kind::kInt, length), {.integer = integer}};
  return true;
}

}  // namespace smf::sdn::internal
