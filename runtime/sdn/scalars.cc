// Parser: strings with escapes or in triple quotes, and bare words.
#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "runtime/sdn/parser.h"

namespace smf::sdn::internal {
namespace {

// Writes a code point as UTF-8 and returns where it ends.
char* encode(std::uint32_t point, char* to) {
  if (point < 0x80) {
    *to++ = static_cast<char>(point);
    return to;
  }
  const int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  *to++ = static_cast<char>(kLead[more] | (point >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) {
    *to++ = static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3F));
  }
  return to;
}

}  // namespace

// What quoted() leaves: escapes, `"""`, strings that are too long or not closed.
bool Parser::quoted_with_escapes(Node& out) {
  const char* const start = p_;
  const std::string_view rest(p_, static_cast<std::size_t>(end_ - p_));
  const bool triple = rest.starts_with("\"\"\"");
  const char* const first = p_ + (triple ? 3 : 1);
  const char* p = first;
  bool escapes = false;
  while (true) {
    p = find_quote_escape_or_newline(p, end_);
    if (p == end_ || (*p == '\n' && !triple)) {
      return fail(ErrorKind::kUnclosedString, start,
                  fmt::format("a string that is not closed: expected '{}' before {}",
                              triple ? "\"\"\"" : "\"", found(p)));
    }
    if (*p == '"' && (!triple || (end_ - p >= 3 && p[1] == '"' && p[2] == '"'))) break;
    if (*p == '\\') {
      escapes = true;
      ++p;
      if (p == end_ || *p == '\n') continue;
    }
    ++p;
  }
  p_ = p + (triple ? 3 : 1);
  out.start = offset(start);
  if (escapes) return decode(first, p, out);
  const auto length = static_cast<std::uint64_t>(p - first);
  if (length > limits_.string_bytes) {
    return fail(ErrorKind::kLimit, start,
                fmt::format("a string longer than {} bytes", limits_.string_bytes));
  }
  out.tag = Node::make_tag(Kind::kString, length, true);
  out.payload.text = first;
  return true;
}

// Copies [first, last) to the arena, escapes replaced; what they stand for is never longer.
bool Parser::decode(const char* first, const char* last, Node& out) {
  char* const decoded = storage_.allocate(static_cast<std::size_t>(last - first));
  char* to = decoded;
  for (const char* p = first; p < last;) {
    if (*p == '\\') {
      if (!escape(p, last, to)) return false;
      continue;
    }
    const void* const next = std::memchr(p, '\\', static_cast<std::size_t>(last - p));
    const char* const plain_end = next == nullptr ? last : static_cast<const char*>(next);
    const auto size = static_cast<std::size_t>(plain_end - p);
    std::memcpy(to, p, size);
    to += size;
    p = plain_end;
  }
  const auto length = static_cast<std::uint64_t>(to - decoded);
  if (length > limits_.string_bytes) {
    return fail(ErrorKind::kLimit, begin_ + out.start,
                fmt::format("a string longer than {} bytes", limits_.string_bytes));
  }
  out.tag = Node::make_tag(Kind::kString, length, true);
  out.payload.text = decoded;
  return true;
}

bool Parser::escape(const char*& p, const char* last, char*& to) {
  const char* const start = p++;
  const char kind = p < last ? *p++ : '\0';
  switch (kind) {
    case 'n':
      *to++ = '\n';
      return true;
    case 't':
      *to++ = '\t';
      return true;
    case 'r':
      *to++ = '\r';
      return true;
    case '\\':
      *to++ = '\\';
      return true;
    case '"':
      *to++ = '"';
      return true;
    case 'u':
      break;
    default:
      return fail(ErrorKind::kBadEscape, start,
                  fmt::format("expected \\n, \\t, \\r, \\\\, \\\" or \\u{{...}}, found a backslash "
                              "and {}",
                              found(start + 1)));
  }
  std::uint32_t point = 0;
  const bool open = p < last && *p == '{';
  const char* const digits = open ? p + 1 : p;
  const auto [stop, error] = std::from_chars(digits, last, point, 16);
  const bool valid = open && error == std::errc{} && stop - digits <= 6 && stop < last &&
                     *stop == '}' && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  if (!valid) {
    return fail(ErrorKind::kBadEscape, start,
                "expected \\u{...} with the 1 to 6 hexadecimal digits of a character");
  }
  p = stop + 1;
  to = encode(point, to);
  return true;
}

bool Parser::other_bare(const char* first, const char* last, Node& out) {
  const auto length = static_cast<std::uint64_t>(last - first);
  if (length > limits_.string_bytes) {
    return fail(ErrorKind::kLimit, first,
                fmt::format("a string longer than {} bytes", limits_.string_bytes));
  }
  const BareWord word = read_bare({first, static_cast<std::size_t>(length)});
  Kind kind = Kind::kNull;
  out.start = offset(first);
  switch (word.meaning) {
    case Meaning::kString:
      kind = Kind::kString;
      out.payload.text = first;
      break;
    case Meaning::kNull:
      out.payload.integer = 0;
      break;
    case Meaning::kTrue:
    case Meaning::kFalse:
      kind = Kind::kBool;
      out.payload.integer = word.meaning == Meaning::kTrue;
      break;
    case Meaning::kInt:
      kind = Kind::kInt;
      out.payload.integer = word.integer;
      break;
    case Meaning::kFloat:
      kind = Kind::kFloat;
      out.payload.real = word.real;
      break;
    case Meaning::kOutOfRange:
      return fail(ErrorKind::kBadNumber, first,
                  "a number out of range: expected one that fits 64 bits (quote it to keep it as "
                  "text)");
  }
  out.tag = Node::make_tag(kind, length);
  return true;
}

}  // namespace smf::sdn::internal
