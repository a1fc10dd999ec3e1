#include "runtime/sdn/scan.h"

#include <charconv>
#include <limits>
#include <string>

namespace smf::sdn {
namespace {

// Past a run of digits with single underscores between them; `p` itself where there is none.
const char* skip_digits(const char* p, const char* end) {
  if (p == end || !is_digit(*p)) return p;
  while (++p != end) {
    if (is_digit(*p)) continue;
    if (*p == '_' && end - p > 1 && is_digit(p[1])) continue;
    break;
  }
  return p;
}

// Past `([eE] [+-]? digits)?`; `p` itself where there is none.
const char* skip_exponent(const char* p, const char* end) {
  if (p == end || (*p != 'e' && *p != 'E')) return p;
  const char* digits = p + 1;
  if (digits != end && (*digits == '+' || *digits == '-')) ++digits;
  const char* const last = skip_digits(digits, end);
  return last == digits ? p : last;
}

BareWord read_int(std::string_view text) {
  const bool negative = text[0] == '-';
  const std::uint64_t limit =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + negative;
  std::uint64_t magnitude = 0;
  for (const char c : text) {
    if (!is_digit(c)) continue;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (magnitude > (limit - digit) / 10) return {.meaning = Meaning::kOutOfRange};
    magnitude = magnitude * 10 + digit;
  }
  return {.meaning = Meaning::kInt,
          .integer = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude)};
}

BareWord read_float(std::string_view text) {
  std::string plain;
  if (text.find('_') != text.npos) {
    for (const char c : text) {
      if (c != '_') plain += c;
    }
    text = plain;
  }
  BareWord word{.meaning = Meaning::kFloat};
  const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), word.real);
  if (error == std::errc::result_out_of_range) word.meaning = Meaning::kOutOfRange;
  return word;
}

BareWord read_number(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* const digits = text.data() + (text[0] == '-');
  const char* p = skip_digits(digits, end);
  if (p == digits) return {};
  if (p == end) return read_int(text);
  if (*p == '.') {
    const char* const fraction = skip_digits(p + 1, end);
    if (fraction == p + 1) return {};
    p = fraction;
  }
  if (skip_exponent(p, end) != end) return {};
  return read_float(text);
}

}  // namespace

BareWord read_bare(std::string_view text) {
  if (text.empty()) return {};
  switch (text[0]) {
    case 'n':
      if (text == "null" || text == "nil") return {.meaning = Meaning::kNull};
      return {};
    case 't':
      if (text == "true") return {.meaning = Meaning::kTrue};
      return {};
    case 'f':
      if (text == "false") return {.meaning = Meaning::kFalse};
      return {};
    default:
      if (text[0] == '-' || is_digit(text[0])) return read_number(text);
      return {};
  }
}

}  // namespace smf::sdn
