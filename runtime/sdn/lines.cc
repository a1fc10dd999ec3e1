// Parser: lines, indentation, comments, and how mistakes are told.
#include <fmt/format.h>

#include <utility>

#include "runtime/sdn/parser.h"
#include "runtime/sdn/text_check.h"

namespace smf::sdn::internal {

bool Parser::at_line_end() const {
  return p_ == end_ || *p_ == '\n' || (*p_ == '\r' && end_ - p_ > 1 && p_[1] == '\n');
}

// Whether a comment begins here: after white space, or at a line's start.
bool Parser::at_comment() const {
  return p_ < end_ && *p_ == '#' && (p_ == begin_ || is_blank(p_[-1]) || p_[-1] == '\n');
}

// From the start of a line to the first character of the next line that has content. Reads each
// byte of the indentation once: in a mapped note another process may turn its first blank into `#`.
bool Parser::next_line() {
  while (true) {
    std::int64_t columns = 0;
    char character = indent_character_;
    const char* mixed = nullptr;
    for (; p_ < end_; ++p_) {
      const char c = *p_;
      if (!is_blank(c)) break;
      if (character == 0) character = c;
      if (c != character && mixed == nullptr) mixed = p_;
      columns += c == '\t' ? 4 : 1;
    }
    if (p_ < end_ && *p_ == '#') p_ = find_newline(p_, end_);
    if (p_ == end_) {
      indent_ = -1;
      return true;
    }
    if (!at_line_end()) {
      indent_ = columns;
      indent_character_ = character;
      return mixed == nullptr || mixed_indentation(mixed);
    }
    p_ += *p_ == '\r' ? 2 : 1;
  }
}

bool Parser::mixed_indentation(const char* at) {
  if (lenient_ != nullptr) {
    lenient_->add(ErrorKind::kBadIndentation, offset(at),
                  "tabs and spaces mixed in the indentation: a tab counts 4 columns");
    return true;
  }
  return fail(ErrorKind::kBadIndentation, at,
              indent_character_ == ' '
                  ? "found a tab in the indentation, expected spaces as before"
                  : "found a space in the indentation, expected tabs as before");
}

// After a value: nothing but a comment may follow on the line.
bool Parser::finish_line() {
  skip_blanks();
  if (p_ < end_ && at_comment()) p_ = find_newline(p_, end_);
  if (!at_line_end()) return expected("the end of the line");
  if (p_ < end_) p_ += *p_ == '\r' ? 2 : 1;
  return next_line();
}

// Between brackets: past blanks, line ends and comments. False at the end of the text.
bool Parser::skip_space_and_lines() {
  while (p_ < end_) {
    if (at_comment()) {
      p_ = find_newline(p_, end_);
    } else if (is_blank(*p_) || *p_ == '\n' || *p_ == '\r') {
      ++p_;
    } else {
      return true;
    }
  }
  return false;
}

// Where bare text that may take the rest of its line ends: before a comment or the line's end,
// without the blanks there.
const char* Parser::bare_line_end(const char* first) const {
  const char* last = first;  // past the last character that is not blank
  for (const char* p = first; p < end_ && *p != '\n'; ++p) {
    if (*p == '#' && is_blank(p[-1])) break;
    if (!is_blank(*p) && *p != '\r') last = p + 1;
  }
  return last;
}

bool Parser::fail(ErrorKind kind, const char* at, std::string message) {
  mistake_ = {kind, static_cast<std::uint64_t>(at - begin_), std::move(message)};
  return false;
}

std::string Parser::found(const char* p) const {
  if (p == end_) return "the end of the text";
  if (*p == '\n' || *p == '\r') return "the end of the line";
  if (*p == '\t') return "a tab";
  const std::string_view rest(p, static_cast<std::size_t>(end_ - p));
  return fmt::format("'{}'", rest.substr(0, character_size(rest)));
}

bool Parser::expected(std::string_view what) {
  return fail(p_ == end_ ? ErrorKind::kUnexpectedEnd : ErrorKind::kUnexpectedToken, p_,
              fmt::format("expected {}, found {}", what, found(p_)));
}

bool Parser::count_values(std::uint64_t count) {
  values_ += count;
  if (values_ <= limits_.values) return true;
  return fail(ErrorKind::kLimit, p_, fmt::format("more than {} values", limits_.values));
}

bool Parser::enter(std::uint32_t depth) {
  if (depth <= limits_.depth) return true;
  return fail(ErrorKind::kLimit, p_, fmt::format("nested deeper than {}", limits_.depth));
}

}  // namespace smf::sdn::internal
