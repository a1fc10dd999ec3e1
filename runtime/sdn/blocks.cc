// Parser: blocks made by indentation, and their entries.
#include <fmt/format.h>

#include "runtime/sdn/parser.h"
#include "runtime/sdn/text_check.h"
#include "runtime/sdn/unique_keys.h"

namespace smf::sdn::internal {
namespace {

// Of a text of tables; what is expected in vain is memory that is never touched.
constexpr std::uint64_t kBytesPerNode = 12;

}  // namespace

Parser::Parser(Storage& storage, const Limits& limits, Warnings* lenient)
    : storage_(storage),
      limits_(limits),
      lenient_(lenient),
      begin_(storage.text.data()),
      end_(begin_ + storage.text.size()),
      p_(begin_) {}

bool Parser::run() {
  storage_.nodes.expect(storage_.text.size() / kBytesPerNode);
  if (storage_.text.starts_with(kByteOrderMark)) p_ += kByteOrderMark.size();
  if (!next_line()) return false;
  storage_.root = {offset(p_), Node::make_tag(Kind::kDict, 0), {.range = {0, 0}}};
  document_column_ = indent_;
  if (indent_ < 0) return true;
  return lenient_ == nullptr ? dict_block(0, storage_.root) : lenient_document(storage_.root);
}

// An entry tells itself by `:`, `=` or `|` after its key; but `::` and `://` belong to names and
// addresses, `==` and `=>` to code.
bool Parser::is_operator(const char* p) const {
  if (p == end_) return false;
  const std::string_view rest(p, static_cast<std::size_t>(end_ - p));
  if (rest[0] == ':') return !rest.starts_with("::") && !rest.starts_with("://");
  if (rest[0] == '=') return !rest.starts_with("==") && !rest.starts_with("=>");
  return rest[0] == '|';
}

// Where the key that begins at `p` ends, by a look; null if none does.
const char* Parser::after_key(const char* p) const {
  if (*p == '"') {
    for (++p; p < end_ && *p != '"' && *p != '\n'; ++p) {
      if (*p == '\\' && end_ - p > 1) ++p;
    }
    return p == end_ || *p != '"' ? nullptr : p + 1;
  }
  if (!is_key_start(*p)) return nullptr;
  while (p < end_ && is_key_character(*p)) ++p;
  return p;
}

bool Parser::looks_like_entry() const {
  const char* p = after_key(p_);
  if (p == nullptr) return false;
  while (p < end_ && is_blank(*p)) ++p;
  return is_operator(p);
}

// `- x`, or a dash alone on its line.
bool Parser::at_list_item() const {
  return *p_ == '-' && (end_ - p_ == 1 || is_blank(p_[1]) || p_[1] == '\n' || p_[1] == '\r');
}

bool Parser::block(std::uint32_t depth, Node& out) {
  if (!enter(depth)) return false;
  if (lenient_ != nullptr) return lenient_block(depth, out);
  return looks_like_entry() ? dict_block(depth, out) : array_block(depth, out);
}

// Whether the present line goes on with a block at `column`; a mistake if it fits no block around.
bool Parser::same_block(std::int64_t column) {
  if (indent_ <= column) return indent_ == column;
  return fail(ErrorKind::kBadIndentation, p_,
              fmt::format("found an indentation of {}, expected {} as in the lines before", indent_,
                          column));
}

bool Parser::dict_block(std::uint32_t depth, Node& out) {
  const std::int64_t column = indent_;
  const std::uint32_t mark = open_.size();
  out.start = offset(p_);
  do {
    if (!count_values(1)) return false;
    Node name;
    Node value;
    if (!key(name)) return false;
    if (!entry(column, depth, value)) return false;
    open_.push(name);
    open_.push(value);
  } while (same_block(column));
  if (indent_ > column) return false;
  if (depth == 0 && indent_ >= 0) return outside_document(column);
  return close_dict(mark, out);
}

bool Parser::outside_document(std::int64_t column) {
  return fail(
      ErrorKind::kBadIndentation, p_,
      fmt::format("found an indentation of {}, expected {} as in the first line", indent_, column));
}

bool Parser::array_block(std::uint32_t depth, Node& out) {
  const std::int64_t column = indent_;
  const std::uint32_t mark = open_.size();
  const std::uint32_t start = offset(p_);
  do {
    if (at_list_item()) [[unlikely]] {
      return expected(
          "a value (text that begins with '- ' needs quotes, and only lenient mode "
          "reads lists of YAML)");
    }
    if (!count_values(1)) return false;
    Node value;
    if (!line_value(depth, value)) return false;
    open_.push(value);
  } while (same_block(column));
  if (indent_ > column) return false;
  out = {start, Node::make_tag(Kind::kArray, 0), {}};
  close_children(mark, 1, out);
  return true;
}

void Parser::close_children(std::uint32_t mark, std::uint32_t nodes_each, Node& out) {
  const std::uint32_t count = open_.size() - mark;
  Node* const to = storage_.nodes.extend(count);
  if (count > 0) std::memcpy(to, open_.at(mark), count * sizeof(Node));
  out.payload.range = {storage_.nodes.size(), count / nodes_each};
  storage_.nodes.advance(count);
  open_.truncate(mark);
}

bool Parser::close_dict(std::uint32_t mark, Node& out) {
  const std::uint32_t count = (open_.size() - mark) / 2;
  if (const auto repeated = find_repeated(open_.at(mark), count, 2)) [[unlikely]] {
    const Node& node = open_[mark + 2 * *repeated];
    if (lenient_ == nullptr) {
      return fail(ErrorKind::kDuplicateKey, begin_ + node.start,
                  fmt::format("the key '{}' is there already", node.string()));
    }
    const bool is_block = out.start == open_[mark].start;
    open_.truncate(mark + 2 * drop_repeated(&open_[mark], count, Keep::kLastPlace, *lenient_));
    if (is_block) out.start = open_[mark].start;
  }
  out.tag = Node::make_tag(Kind::kDict, 0);
  close_children(mark, 2, out);
  return true;
}

bool Parser::key(Node& out) {
  if (p_ < end_ && *p_ == '"') return quoted(out);
  const char* const first = p_;
  if (p_ == end_ || !is_key_start(*p_)) return expected("a key");
  while (p_ < end_ && is_key_character(*p_)) ++p_;
  const auto length = static_cast<std::uint64_t>(p_ - first);
  if (length > limits_.string_bytes) return key_too_long(first);
  out = {offset(first), Node::make_tag(Kind::kString, length), {.text = first}};
  return true;
}

bool Parser::key_too_long(const char* first) {
  return fail(ErrorKind::kLimit, first,
              fmt::format("a key longer than {} bytes", limits_.string_bytes));
}

bool Parser::entry(std::int64_t column, std::uint32_t depth, Node& out) {
  skip_blanks();
  if (!is_operator(p_)) return expected("':', '=' or '|' after a key");
  if (*p_ == '|') return named_table(column, depth + 1, out);
  const bool colon = *p_ == ':';
  ++p_;
  if (colon) return after_colon(column, depth, out);
  skip_blanks();
  if (at_line_end() || at_comment()) return expected("a value after '='");
  if (at_table_word('{')) return typed_table(column, depth + 1, out);
  return line_value(depth, out);
}

// A value on the line, a block below it, or neither: null.
bool Parser::after_colon(std::int64_t column, std::uint32_t depth, Node& out) {
  const char* const after = p_;
  skip_blanks();
  if (at_table_word('{')) return typed_table(column, depth + 1, out);
  if (!at_line_end() && !at_comment()) return line_value(depth, out);
  if (!finish_line()) return false;
  if (indent_ > column) return block(depth + 1, out);
  if (lenient_ != nullptr && indent_ == column && at_list_item())
    return enter(depth + 1) && list_block(depth + 1, out, true);
  out = {offset(after), Node::make_tag(Kind::kNull, 0), {.integer = 0}};
  return true;
}

bool Parser::line_value(std::uint32_t depth, Node& out) {
  switch (*p_) {
    case '"':
      return quoted(out) && finish_line();
    case '[':
      return inline_array(depth + 1, out) && finish_line();
    case '{':
      return inline_dict(depth + 1, out) && finish_line();
    default:
      return bare_line(out);
  }
}

bool Parser::bare_line(Node& out) {
  const char* const first = p_;
  p_ = bare_line_end(first);
  return bare(first, p_, out) && finish_line();
}

}  // namespace smf::sdn::internal
