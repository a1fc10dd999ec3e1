#include "runtime/sdn/upstream_parser.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "runtime/sdn/text_check.h"
#include "runtime/sdn/unique_keys.h"

namespace smf::sdn::internal {

std::optional<Mistake> parse_upstream(Storage& storage, const Limits& limits, Warnings& warnings) {
  const std::string_view text = storage.text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text.substr(at));
    if (size == 0)
      return Mistake{ErrorKind::kSyntax, at, "found bytes that are not UTF-8, expected UTF-8 text"};
    at += size;
  }
  UpstreamParser parser(storage, limits, warnings);
  if (parser.run()) return std::nullopt;
  return parser.mistake();
}

bool UpstreamParser::run() { return advance() && document(storage_.root); }

bool UpstreamParser::advance() {
  last_end_ = token_.end;
  if (has_ahead_) {
    token_ = ahead_;
    has_ahead_ = false;
    return true;
  }
  if (lexer_.next(token_)) return true;
  mistake_ = lexer_.mistake();
  return false;
}

bool UpstreamParser::look_ahead() {
  if (has_ahead_) return true;
  if (!lexer_.next(ahead_)) {
    mistake_ = lexer_.mistake();
    return false;
  }
  has_ahead_ = true;
  return true;
}

bool UpstreamParser::skip_newlines() {
  while (is(Token::Kind::kNewline)) {
    if (!advance()) return false;
  }
  return true;
}

bool UpstreamParser::at_line_end() const {
  return is(Token::Kind::kNewline) || is(Token::Kind::kDedent) || is(Token::Kind::kEnd);
}

bool UpstreamParser::expect_mark(char mark) {
  return is_mark(mark) ? advance() : expected(fmt::format("'{}'", mark));
}

std::string UpstreamParser::found() const {
  switch (token_.kind) {
    case Token::Kind::kNewline:
      return "the end of the line";
    case Token::Kind::kIndent:
      return "a deeper line";
    case Token::Kind::kDedent:
      return "the end of a block";
    case Token::Kind::kEnd:
      return "the end of the text";
    default:
      return fmt::format("'{}'",
                         clipped(storage_.text.substr(token_.start, token_.end - token_.start)));
  }
}

bool UpstreamParser::document(Node& out) {
  out = {0, Node::make_tag(Kind::kDict, 0), {.range = {0, 0}}};
  const std::uint32_t mark = open_.size();
  if (!skip_newlines()) return false;
  out.start = token_.start;
  while (!is(Token::Kind::kEnd)) {
    if (!is(Token::Kind::kWord)) return expected("a key");
    if (!entry(true, 0) || !skip_newlines()) return false;
  }
  close_dict(mark, out);
  return true;
}

// A dict if it begins with a word and a colon, else an array.
bool UpstreamParser::block(std::uint32_t depth, Node& out) {
  if (!enter(depth) || !skip_newlines() || !look_ahead()) return false;
  const bool is_dict =
      is(Token::Kind::kWord) && ahead_.kind == Token::Kind::kMark && ahead_.mark == ':';
  return is_dict ? dict_block(depth, out) : array_block(depth, out);
}

bool UpstreamParser::dict_block(std::uint32_t depth, Node& out) {
  const std::uint32_t mark = open_.size();
  out = {token_.start, Node::make_tag(Kind::kDict, 0), {}};
  while (!is(Token::Kind::kDedent) && !is(Token::Kind::kEnd)) {
    if (is(Token::Kind::kWord)) {
      if (!entry(false, depth)) return false;
    } else {
      if (!is(Token::Kind::kIndent))
        warnings_.add(ErrorKind::kUnexpectedToken, token_.start, "{} is skipped", found());
      if (!advance()) return false;
    }
    if (!skip_newlines()) return false;
  }
  close_dict(mark, out);
  return is(Token::Kind::kEnd) || advance();
}

bool UpstreamParser::array_block(std::uint32_t depth, Node& out) {
  const std::uint32_t mark = open_.size();
  out = {token_.start, Node::make_tag(Kind::kArray, 0), {}};
  while (!is(Token::Kind::kDedent) && !is(Token::Kind::kEnd)) {
    Node element;
    if (!count_values(1) || !value(depth, element) || !skip_newlines()) return false;
    open_.push(element);
  }
  close_children(mark, 1, out);
  return is(Token::Kind::kEnd) || advance();
}

// The token is a word. Pushes its key and its value.
bool UpstreamParser::entry(bool at_top, std::uint32_t depth) {
  const Node key = token_.value;
  Node value_node;
  if (!count_values(1) || !advance()) return false;
  if (is_mark(':')) {
    if (!advance() || !after_colon(depth, value_node)) return false;
  } else if (is_mark('=')) {
    if (!advance() || !value(depth, value_node)) return false;
  } else if (is_mark('|')) {
    if (!named_table(depth + 1, value_node)) return false;
  } else if (at_top) {
    return expected("':', '=' or '|' after a key");
  } else {
    value_node = key;
    warnings_.add(ErrorKind::kUnexpectedToken, key.start,
                  "the word '{}' stands alone and is read as a key with itself as its value",
                  clipped(key.string()));
  }
  open_.push(key);
  open_.push(value_node);
  return true;
}

bool UpstreamParser::after_colon(std::uint32_t depth, Node& out) {
  if (is(Token::Kind::kTable)) return typed_table(depth + 1, out);
  if (!at_line_end() && !is(Token::Kind::kIndent)) return value(depth, out);
  const std::uint32_t start = last_end_;
  if (!skip_newlines()) return false;
  if (is(Token::Kind::kIndent)) return advance() && block(depth + 1, out);
  out = {start, Node::make_tag(Kind::kNull, 0), {.integer = 0}};
  return true;
}

bool UpstreamParser::value(std::uint32_t depth, Node& out) {
  if (is_mark('[')) return inline_array(depth + 1, out);
  if (is_mark('{')) return inline_dict(depth + 1, out);
  if (!is(Token::Kind::kWord) && !is(Token::Kind::kScalar)) return expected("a value");
  out = token_.value;
  return advance();
}

bool UpstreamParser::inline_array(std::uint32_t depth, Node& out) {
  const std::uint32_t mark = open_.size();
  out = {token_.start, Node::make_tag(Kind::kArray, 0), {}};
  if (!enter(depth) || !advance()) return false;
  while (!is_mark(']')) {
    Node element;
    if (!count_values(1) || !value(depth, element)) return false;
    open_.push(element);
    if (!is_mark(',')) break;
    if (!advance()) return false;
  }
  if (!expect_mark(']')) return false;
  close_children(mark, 1, out);
  return true;
}

bool UpstreamParser::inline_dict(std::uint32_t depth, Node& out) {
  const std::uint32_t mark = open_.size();
  out = {token_.start, Node::make_tag(Kind::kDict, 0), {}};
  if (!enter(depth) || !advance()) return false;
  while (!is_mark('}')) {
    if (!is(Token::Kind::kWord)) return expected("a key");
    const Node key = token_.value;
    Node element;
    if (!count_values(1) || !advance() || !expect_mark(':') || !value(depth, element)) return false;
    open_.push(key);
    open_.push(element);
    if (!is_mark(',')) break;
    if (!advance()) return false;
  }
  if (!expect_mark('}')) return false;
  close_dict(mark, out);
  return true;
}

void UpstreamParser::close_dict(std::uint32_t mark, Node& out) {
  const std::uint32_t count = (open_.size() - mark) / 2;
  if (find_repeated(open_.at(mark), count, 2))
    open_.truncate(mark + 2 * drop_repeated(&open_[mark], count, Keep::kFirstPlace, warnings_));
  close_children(mark, 2, out);
}

void UpstreamParser::close_children(std::uint32_t mark, std::uint32_t nodes_each, Node& out) {
  const std::uint32_t count = open_.size() - mark;
  Node* const to = storage_.nodes.extend(count);
  if (count > 0) std::memcpy(to, open_.at(mark), count * sizeof(Node));
  out.payload.range = {storage_.nodes.size(), count / nodes_each};
  storage_.nodes.advance(count);
  open_.truncate(mark);
}

bool UpstreamParser::count_values(std::uint64_t count) {
  values_ += count;
  if (values_ <= limits_.values) return true;
  return fail(ErrorKind::kLimit, token_.start, fmt::format("more than {} values", limits_.values));
}

bool UpstreamParser::enter(std::uint32_t depth) {
  if (depth <= limits_.depth) return true;
  return fail(ErrorKind::kLimit, token_.start, fmt::format("nested deeper than {}", limits_.depth));
}

bool UpstreamParser::fail(ErrorKind kind, std::uint32_t offset, std::string message) {
  mistake_ = {kind, offset, std::move(message)};
  return false;
}

bool UpstreamParser::expected(std::string_view what) {
  return fail(is(Token::Kind::kEnd) ? ErrorKind::kUnexpectedEnd : ErrorKind::kUnexpectedToken,
              token_.start, fmt::format("expected {}, found {}", what, found()));
}

}  // namespace smf::sdn::internal
