// Upstream mode: what the first implementation of SDN makes of a text, as the same nodes.
//
// For comparing two readers, so its oddities are kept: a value ends where its token does and the
// next token begins another entry or element, a lone word in a dict is an entry with itself as the
// value, any other token there is skipped, a repeated key keeps its first place and its last value,
// and a cell of several tokens is their text with a blank where there was a gap. docs/sdn.md has
// the rules. What they lose is told as warnings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/sdn/document.h"
#include "runtime/sdn/mistake.h"
#include "runtime/sdn/node.h"
#include "runtime/sdn/upstream_lexer.h"

namespace smf::sdn::internal {

// Fills the storage from its text, or tells the mistake. Linear in the text, and recursive to
// limits.depth. Throws std::bad_alloc.
std::optional<Mistake> parse_upstream(Storage& storage, const Limits& limits, Warnings& warnings);

// One text; functions return false once a mistake is recorded.
class UpstreamParser {
 public:
  UpstreamParser(Storage& storage, const Limits& limits, Warnings& warnings)
      : storage_(storage),
        limits_(limits),
        warnings_(warnings),
        lexer_(storage, limits, warnings) {}

  bool run();
  const Mistake& mistake() const { return mistake_; }

 private:
  using Token = UpstreamToken;

  // Tokens (upstream_parser.cc).
  bool advance();
  bool look_ahead();
  bool skip_newlines();
  bool is(Token::Kind kind) const { return token_.kind == kind; }
  bool is_mark(char mark) const { return is(Token::Kind::kMark) && token_.mark == mark; }
  bool at_line_end() const;
  bool expect_mark(char mark);
  std::string found() const;

  bool document(Node& out);
  bool block(std::uint32_t depth, Node& out);
  bool dict_block(std::uint32_t depth, Node& out);
  bool array_block(std::uint32_t depth, Node& out);
  bool entry(bool at_top, std::uint32_t depth);
  bool after_colon(std::uint32_t depth, Node& out);
  bool value(std::uint32_t depth, Node& out);
  bool inline_array(std::uint32_t depth, Node& out);
  bool inline_dict(std::uint32_t depth, Node& out);

  // Tables (upstream_tables.cc).
  bool columns(char close, TableShape& shape);
  bool named_table(std::uint32_t depth, Node& out);
  bool typed_table(std::uint32_t depth, Node& out);
  bool rows(std::uint32_t depth, TableShape& shape);
  bool row(std::uint32_t depth, TableShape& shape);
  bool cell(std::uint32_t depth, bool is_last, Node& out);
  bool join_cell(std::uint32_t depth, bool is_last, Node& out);
  bool tuples(std::uint32_t depth, TableShape& shape);
  bool count_cells(std::uint32_t start, std::uint64_t count, TableShape& shape);
  void close_table(std::uint32_t start, std::uint32_t mark, TableShape& shape, Node& out);

  void close_dict(std::uint32_t mark, Node& out);
  void close_children(std::uint32_t mark, std::uint32_t nodes_each, Node& out);
  bool count_values(std::uint64_t count);
  bool enter(std::uint32_t depth);
  bool fail(ErrorKind kind, std::uint32_t offset, std::string message);
  bool expected(std::string_view what);

  Storage& storage_;
  const Limits& limits_;
  Warnings& warnings_;
  UpstreamLexer lexer_;
  Token token_{};
  Token ahead_{};
  bool has_ahead_ = false;
  std::uint32_t last_end_ = 0;  // of the token before
  std::uint64_t values_ = 0;
  NodeArray open_;  // children of containers that are not closed yet
  Mistake mistake_{};
};

}  // namespace smf::sdn::internal
