#include "runtime/sdn/upstream_lexer.h"

#include <charconv>
#include <cstring>

#include "runtime/sdn/scan.h"
#include "runtime/sdn/text_check.h"

namespace smf::sdn::internal {
namespace {

constexpr std::string_view kMarks = ":=|,{}[]()";

bool is_word_character(char c) { return is_key_character(c) || c == '#'; }

}  // namespace

UpstreamLexer::UpstreamLexer(Storage& storage, const Limits& limits, Warnings& warnings)
    : storage_(storage),
      limits_(limits),
      warnings_(warnings),
      begin_(storage.text.data()),
      end_(begin_ + storage.text.size()),
      p_(begin_) {
  if (storage.text.starts_with(kByteOrderMark)) p_ += kByteOrderMark.size();
}

bool UpstreamLexer::next(UpstreamToken& out) {
  out = {};
  if (at_line_start_) {
    at_line_start_ = false;
    if (line_start(out)) return true;
  }
  if (dedents_ == 0) {
    drop();
    if (p_ < end_) return token(out);
    dedents_ = columns_.size() - 1;
    columns_.resize(1);
  }
  out.start = out.end = offset(p_);
  if (dedents_ == 0) return true;  // the end
  --dedents_;
  out.kind = UpstreamToken::Kind::kDedent;
  return true;
}

// Past lines without content, and their indentation. True if the line is deeper than the block.
bool UpstreamLexer::line_start(UpstreamToken& out) {
  std::uint64_t columns = 0;
  for (; p_ < end_; ++p_) {
    if (is_blank(*p_)) {
      columns += *p_ == '\t' ? 4 : 1;
    } else if (*p_ == '\n') {
      columns = 0;
    } else if (*p_ == '#' && brackets_ == 0) {
      p_ = find_newline(p_, end_);
      if (p_ == end_) break;
      columns = 0;
    } else {
      break;
    }
  }
  if (brackets_ > 0) return false;
  if (columns > columns_.back()) {
    columns_.push_back(columns);
    out.kind = UpstreamToken::Kind::kIndent;
    out.start = out.end = offset(p_);
    return true;
  }
  // A column that no block has ends those that are deeper, and is accepted.
  for (; columns_.back() > columns; columns_.pop_back()) ++dedents_;
  return false;
}

bool UpstreamLexer::starts_number() const {
  return is_digit(*p_) || (*p_ == '-' && end_ - p_ > 1 && is_digit(p_[1]));
}

// Past blanks, comments and characters without a meaning.
void UpstreamLexer::drop() {
  const char* lost = nullptr;
  const auto tell = [&] {
    if (lost == nullptr) return;
    const std::string_view text = clipped({lost, static_cast<std::size_t>(p_ - lost)});
    if (text.empty()) {
      warnings_.add(ErrorKind::kSyntax, offset(lost), "a control character is dropped");
    } else {
      warnings_.add(ErrorKind::kSyntax, offset(lost), "'{}' has no meaning and is dropped", text);
    }
    lost = nullptr;
  };
  for (; p_ < end_; ++p_) {
    const char c = *p_;
    if (is_blank(c)) {
      tell();
    } else if (c == '#') {
      tell();
      p_ = find_newline(p_, end_);
      break;
    } else if (c == '\n' || c == '"' || is_key_start(c) || starts_number() || kMarks.contains(c)) {
      break;
    } else if (lost == nullptr && (c != '\r' || (end_ - p_ > 1 && p_[1] != '\n'))) {
      lost = p_;
    }
  }
  tell();
}

bool UpstreamLexer::token(UpstreamToken& out) {
  out.start = offset(p_);
  const char c = *p_;
  bool good = true;
  if (c == '\n') {
    out.kind = UpstreamToken::Kind::kNewline;
    at_line_start_ = true;
    ++p_;
  } else if (c == '"') {
    good = string(out);
  } else if (starts_number()) {
    number(out);
  } else if (kMarks.contains(c)) {
    out.kind = UpstreamToken::Kind::kMark;
    out.mark = c;
    ++p_;
    if (c == '(' || c == '[' || c == '{') ++brackets_;
    if ((c == ')' || c == ']' || c == '}') && brackets_ > 0) --brackets_;
  } else {
    good = word(out);
  }
  out.end = offset(p_);
  return good;
}

bool UpstreamLexer::too_long(const char* first) {
  mistake_ = {ErrorKind::kLimit, offset(first),
              fmt::format("a string longer than {} bytes", limits_.string_bytes)};
  return false;
}

// To the closing quote, over lines, or to the end of the text. Of an escape that is not known the
// backslash stays.
bool UpstreamLexer::string(UpstreamToken& out) {
  const char* const open = p_++;
  const char* const first = p_;
  bool has_escapes = false;
  for (; p_ < end_ && *p_ != '"'; ++p_) {
    if (*p_ != '\\') continue;
    has_escapes = true;
    if (end_ - p_ > 1) ++p_;
  }
  const char* const last = p_;
  if (p_ < end_) {
    ++p_;
  } else {
    warnings_.add(ErrorKind::kUnclosedString, offset(open),
                  "a string that is not closed takes the rest of the text");
  }
  const char* text = first;
  auto length = static_cast<std::uint64_t>(last - first);
  if (has_escapes) {
    char* const decoded = storage_.allocate(static_cast<std::size_t>(length));
    char* to = decoded;
    for (const char* p = first; p < last; ++p) {
      if (*p != '\\') {
        *to++ = *p;
        continue;
      }
      if (++p == last) break;  // the text ends with a backslash, which is lost
      constexpr std::string_view kEscapes = "ntr\\\"";
      constexpr std::string_view kMeanings = "\n\t\r\\\"";
      const std::size_t known = kEscapes.find(*p);
      if (known == kEscapes.npos) *to++ = '\\';
      *to++ = known == kEscapes.npos ? *p : kMeanings[known];
    }
    text = decoded;
    length = static_cast<std::uint64_t>(to - decoded);
  }
  if (length > limits_.string_bytes) return too_long(open);
  out.kind = UpstreamToken::Kind::kScalar;
  out.value = {offset(open), Node::make_tag(sdn::Kind::kString, length, true), {.text = text}};
  return true;
}

void UpstreamLexer::number(UpstreamToken& out) {
  const char* const first = p_;
  bool has_point = false;
  bool has_exponent = false;
  std::string digits(1, *p_++);
  for (; p_ < end_; ++p_) {
    if (*p_ == '_') continue;
    const bool is_point =
        *p_ == '.' && !has_point && !has_exponent && end_ - p_ > 1 && is_digit(p_[1]);
    const bool is_exponent = (*p_ == 'e' || *p_ == 'E') && !has_exponent;
    if (!is_digit(*p_) && !is_point && !is_exponent) break;
    has_point = has_point || is_point;
    has_exponent = has_exponent || is_exponent;
    digits += *p_;
    if (is_exponent && end_ - p_ > 1 && (p_[1] == '+' || p_[1] == '-')) digits += *++p_;
  }
  const char* const end = digits.data() + digits.size();
  std::int64_t integer = 0;
  double real = 0;
  const bool is_float = has_point || has_exponent;
  const auto [last, error] = is_float ? std::from_chars(digits.data(), end, real)
                                      : std::from_chars(digits.data(), end, integer);
  if (error != std::errc{} || last != end) {
    integer = 0;
    real = 0;
    warnings_.add(ErrorKind::kBadNumber, offset(first), "the number '{}' is read as 0",
                  clipped({first, static_cast<std::size_t>(p_ - first)}));
  }
  const auto length = static_cast<std::uint64_t>(p_ - first);
  out.kind = UpstreamToken::Kind::kScalar;
  out.value.start = offset(first);
  // A number's length only tells its text, which may be longer than a node can say.
  const std::uint64_t told = length > kMaxNodeLength ? kMaxNodeLength : length;
  out.value.tag = Node::make_tag(is_float ? sdn::Kind::kFloat : sdn::Kind::kInt, told);
  if (is_float) {
    out.value.payload.real = real;
  } else {
    out.value.payload.integer = integer;
  }
}

bool UpstreamLexer::word(UpstreamToken& out) {
  const char* const first = p_;
  while (p_ < end_ && is_word_character(*p_)) ++p_;
  const auto length = static_cast<std::uint64_t>(p_ - first);
  if (length > limits_.string_bytes) return too_long(first);
  const std::string_view text(first, static_cast<std::size_t>(length));
  const BareWord meaning = read_bare(text);  // never a number: it begins with a letter
  out.kind = UpstreamToken::Kind::kScalar;
  out.value = {offset(first), Node::make_tag(sdn::Kind::kNull, length), {.integer = 0}};
  if (meaning.meaning == Meaning::kTrue || meaning.meaning == Meaning::kFalse) {
    out.value.tag = Node::make_tag(sdn::Kind::kBool, length);
    out.value.payload.integer = meaning.meaning == Meaning::kTrue;
  } else if (meaning.meaning == Meaning::kString) {
    out.kind = text == "table" ? UpstreamToken::Kind::kTable : UpstreamToken::Kind::kWord;
    out.value.tag = Node::make_tag(sdn::Kind::kString, length);
    out.value.payload.text = first;
  }
  return true;
}

}  // namespace smf::sdn::internal
