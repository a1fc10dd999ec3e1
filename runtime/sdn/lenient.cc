// Parser: what only lenient mode accepts, each with a warning. Whatever strict mode accepts does
// not come this way: each of these begins where strict mode has a mistake to tell.
#include <optional>

#include "runtime/sdn/gathering.h"
#include "runtime/sdn/parser.h"

namespace smf::sdn::internal {

// `[name]` at the column of the document's entries, where no entry can begin so.
bool Parser::at_section() const { return *p_ == '['; }

// Two words alone on their line, with deeper lines below.
bool Parser::at_head() const {
  if (*p_ == '"') return false;
  const char* p = after_key(p_);
  if (p == nullptr || p == end_ || !is_blank(*p)) return false;
  while (p < end_ && is_blank(*p)) ++p;
  p = p == end_ ? nullptr : after_key(p);
  if (p == nullptr) return false;
  const char* const word_end = p;
  while (p < end_ && is_blank(*p)) ++p;
  const bool is_comment = p < end_ && *p == '#' && p > word_end;
  if (p < end_ && *p != '\n' && *p != '\r' && !is_comment) return false;
  return next_indent(p) > indent_;
}

// The indentation of the next line with content after the line of `p`; -1 if there is none.
std::int64_t Parser::next_indent(const char* p) const {
  while (true) {
    p = find_newline(p, end_);
    if (p == end_) return -1;
    std::int64_t columns = 0;
    for (++p; p < end_ && is_blank(*p); ++p) columns += *p == '\t' ? 4 : 1;
    if (p == end_) return -1;
    if (*p != '#' && *p != '\n' && *p != '\r') return columns;
  }
}

bool Parser::lenient_block(std::uint32_t depth, Node& out) {
  if (at_list_item()) return list_block(depth, out);
  if (looks_like_entry() || at_head()) return lenient_dict(depth, out);
  return array_block(depth, out);
}

// A whole document: entries, then sections.
bool Parser::lenient_document(Node& out) {
  const std::int64_t column = indent_;
  out = {offset(p_), Node::make_tag(Kind::kDict, 0), {.range = {0, 0}}};
  if (!at_section() && !lenient_dict(0, out)) return false;
  if (indent_ < 0) return true;
  Gathering gathering(storage_, *lenient_);
  gathering.put_all({}, out);
  do {
    if (!at_section()) return expected("a section, '[name]', after a section's indented lines");
    if (!section(column, gathering)) return false;
  } while (same_block(column));
  if (indent_ >= 0) return outside_document(column);
  out = gathering.close();
  return true;
}

// Entries and heads at one column. In the document (depth 0) a section ends them.
bool Parser::lenient_dict(std::uint32_t depth, Node& out) {
  const std::int64_t column = indent_;
  const std::uint32_t mark = open_.size();
  out.start = offset(p_);
  std::optional<Gathering> gathering;
  bool more = true;
  while (more) {
    const bool is_head = !looks_like_entry() && at_head();
    if (is_head && !gathering) {
      gathering.emplace(storage_, *lenient_);
      if (!close_dict(mark, out)) return false;
      gathering->put_all({}, out);
    }
    if (is_head) {
      if (!head(depth, *gathering)) return false;
    } else {
      Node name;
      Node value;
      if (!count_values(1) || !key(name) || !entry(column, depth, value)) return false;
      if (gathering) {
        gathering->put({}, name, value);
      } else {
        open_.push(name);
        open_.push(value);
      }
    }
    more = same_block(column) && !(column == document_column_ && at_section());
  }
  if (indent_ > column) return false;
  if (column == document_column_ && indent_ >= 0 && indent_ < column)
    return outside_document(column);
  if (!gathering) return close_dict(mark, out);
  out = gathering->close();
  return true;
}

// `action set_break` and its fields: an entry `set_break` of the dict `action`.
bool Parser::head(std::uint32_t depth, Gathering& gathering) {
  lenient_->add(ErrorKind::kUnexpectedToken, offset(p_),
                "two words as the head of a block: read as one key inside the other");
  Node group;
  Node name;
  Node value;
  if (!count_values(2) || !enter(depth + 1) || !key(group)) return false;
  skip_blanks();
  if (!key(name) || !finish_line() || !block(depth + 2, value)) return false;
  gathering.put({group}, name, value);
  return true;
}

// `[name]` or `[a.b]`, and the entries below it, at its own column or at a deeper one.
bool Parser::section(std::int64_t column, Gathering& gathering) {
  lenient_->add(ErrorKind::kUnexpectedToken, offset(p_),
                "a section as in TOML: read as a key with a block");
  std::vector<Node> path;
  do {
    ++p_;
    skip_blanks();
    Node part;
    if (!enter(static_cast<std::uint32_t>(path.size()) + 1)) return false;
    if (!count_values(1) || !section_part(part)) return false;
    path.push_back(part);
    skip_blanks();
  } while (p_ < end_ && *p_ == '.');
  if (p_ == end_ || *p_ != ']') return expected("'.' or ']' in a section's name");
  ++p_;
  Node body{offset(p_), Node::make_tag(Kind::kDict, 0), {.range = {0, 0}}};
  if (!finish_line()) return false;
  const auto depth = static_cast<std::uint32_t>(path.size());
  const bool has_entries = indent_ > column || (indent_ == column && !at_section());
  if (has_entries && !lenient_dict(depth, body)) return false;
  gathering.put_all(path, body);
  return true;
}

// A name between the dots of a section: a bare word without dots, or a quoted one.
bool Parser::section_part(Node& out) {
  if (p_ < end_ && *p_ == '"') return quoted(out);
  const char* const first = p_;
  if (p_ == end_ || !is_key_start(*p_)) return expected("a section's name");
  while (p_ < end_ && is_key_character(*p_) && *p_ != '.') ++p_;
  const auto length = static_cast<std::uint64_t>(p_ - first);
  if (length > limits_.string_bytes) return key_too_long(first);
  out = {offset(first), Node::make_tag(Kind::kString, length), {.text = first}};
  return true;
}

// `- x` lines at one column. Below a key at the key's own column, as YAML allows, the list ends
// where a line does not begin with a dash.
bool Parser::list_block(std::uint32_t depth, Node& out, bool is_at_key) {
  const std::int64_t column = indent_;
  const std::uint32_t mark = open_.size();
  lenient_->add(ErrorKind::kUnexpectedToken, offset(p_),
                "a list as in YAML: read as an array of one value a line");
  do {
    if (!at_list_item()) {
      if (is_at_key) break;
      return expected("'- ' as in the lines before");
    }
    Node item;
    if (!count_values(1) || !list_item(column, depth, item)) return false;
    open_.push(item);
  } while (same_block(column));
  if (indent_ > column) return false;
  out = {open_[mark].start, Node::make_tag(Kind::kArray, 0), {}};
  close_children(mark, 1, out);
  return true;
}

// What follows a dash: a value, a block below, or the first line of a block whose other lines stand
// under its first character.
bool Parser::list_item(std::int64_t column, std::uint32_t depth, Node& out) {
  const char* const after = ++p_;
  std::int64_t content = column + 1;
  for (; p_ < end_ && is_blank(*p_); ++p_) content += *p_ == '\t' ? 4 : 1;
  if (at_line_end() || at_comment()) {
    if (!finish_line()) return false;
    if (indent_ > column) return block(depth + 1, out);
    out = {offset(after), Node::make_tag(Kind::kNull, 0), {.integer = 0}};
    return true;
  }
  if (!at_list_item() && !looks_like_entry()) return line_value(depth, out);
  indent_ = content;
  return block(depth + 1, out);
}

}  // namespace smf::sdn::internal
