#include "runtime/sdn/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/sdn/text_check.h"

namespace smf::sdn {
namespace {

constexpr std::uint64_t kContextBytes = 60;  // kept on either side of a mistake in a long line

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::uint64_t count_characters(std::string_view text) {
  return static_cast<std::uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::uint64_t line_start(std::string_view text, std::uint64_t offset) {
  const std::size_t newline = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
  if (newline != text.npos) return newline + 1;
  return text.starts_with(kByteOrderMark) ? std::min<std::uint64_t>(3, offset) : 0;
}

// A copy that a terminal can show: what could move its cursor, or is no text, becomes U+FFFD.
std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const unsigned char first = static_cast<unsigned char>(text[0]);
    const bool shown = size > 1 || (size == 1 && first >= 0x20 && first != 0x7F) || first == '\t';
    const bool c1 = size == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    out += shown && !c1 ? text.substr(0, size) : std::string_view("\uFFFD");
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace

std::string_view name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kSyntax:
      return "syntax";
    case ErrorKind::kUnexpectedToken:
      return "unexpected token";
    case ErrorKind::kUnexpectedEnd:
      return "unexpected end";
    case ErrorKind::kUnclosedString:
      return "unclosed string";
    case ErrorKind::kBadEscape:
      return "bad escape";
    case ErrorKind::kBadNumber:
      return "bad number";
    case ErrorKind::kBadIndentation:
      return "bad indentation";
    case ErrorKind::kRowWidth:
      return "table row width";
    case ErrorKind::kDuplicateKey:
      return "duplicate key";
    case ErrorKind::kPathNotFound:
      return "path not found";
    case ErrorKind::kTypeMismatch:
      return "type mismatch";
    case ErrorKind::kLimit:
      return "limit reached";
  }
  SMF_CHECK(false);
}

ErrorCode code(ErrorKind kind) {
  if (kind == ErrorKind::kLimit) return ErrorCode::kLimit;
  if (kind == ErrorKind::kPathNotFound) return ErrorCode::kNotFound;
  return ErrorCode::kInvalidInput;
}

Position position_of(std::string_view text, std::uint64_t offset) {
  SMF_CHECK(offset <= text.size());
  const std::uint64_t start = line_start(text, offset);
  const auto lines =
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(start), '\n');
  return {static_cast<std::uint64_t>(lines) + 1,
          count_characters(text.substr(start, offset - start)) + 1};
}

Diagnostic diagnose(std::string_view text, std::uint64_t offset, ErrorKind kind,
                    std::string message) {
  Diagnostic result{.kind = kind, .position = position_of(text, offset), .offset = offset};
  result.message = std::move(message);
  std::uint64_t first = line_start(text, offset);
  if (offset - first > kContextBytes) {
    first = offset - kContextBytes;
    while (first < offset && is_continuation(text[first])) ++first;
  }
  const std::uint64_t window = std::min<std::uint64_t>(text.size(), offset + kContextBytes);
  std::uint64_t last = std::min<std::uint64_t>(text.find('\n', offset), window);
  while (last > offset && last < text.size() && is_continuation(text[last])) --last;
  if (last > first && last < text.size() && text[last] == '\n' && text[last - 1] == '\r') --last;
  last = std::max(last, offset);
  const std::string before = printable(text.substr(first, offset - first));
  result.caret = count_characters(before);
  result.source_line = before + printable(text.substr(offset, last - offset));
  return result;
}

std::string Diagnostic::render() const {
  std::string padding;
  std::uint64_t characters = 0;
  for (const char c : source_line) {
    if (is_continuation(c)) continue;
    if (characters++ == caret) break;
    padding += c == '\t' ? '\t' : ' ';
  }
  return fmt::format("{}:{}: {}\n{}\n{}^\n", position.line, position.column, message, source_line,
                     padding);
}

Error Diagnostic::to_error() const {
  return {.code = code(kind),
          .message = fmt::format("{}:{}: {}", position.line, position.column, message),
          .offset = offset};
}

}  // namespace smf::sdn
