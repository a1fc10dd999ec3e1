// Finding where a token ends, and what a bare word means.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "runtime/sdn/node.h"

namespace smf::sdn {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

// A bare key begins with a letter or `_` and goes on with these, digits, `.`, `/` and `-`. Whatever
// is not ASCII counts as a letter.
inline bool is_key_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
inline bool is_key_character(char c) {
  return is_key_start(c) || is_digit(c) || c == '.' || c == '/' || c == '-';
}

// The portable form of find_quote_escape_or_newline(): eight bytes at a time.
inline const char* find_quote_escape_or_newline_portable(const char* p, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080;
  // The lowest high bit set marks the first zero byte; those above it may be wrong.
  const auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  while (end - p >= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    const std::uint64_t found =
        zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\')) | zeros(word ^ (kOnes * '\n'));
    if (found != 0) return p + std::countr_zero(found) / 8;
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\' && *p != '\n') ++p;
  return p;
}

// The first `"`, `\` or newline in [p, end), or end.
inline const char* find_quote_escape_or_newline(const char* p, const char* end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i escape = _mm_set1_epi8('\\');
  const __m128i newline = _mm_set1_epi8('\n');
  while (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i found =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, escape)),
                     _mm_cmpeq_epi8(bytes, newline));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) return p + std::countr_zero(mask);
    p += 16;
  }
#endif
  return find_quote_escape_or_newline_portable(p, end);
}

// The first newline in [p, end), or end.
inline const char* find_newline(const char* p, const char* end) {
  const void* const found = std::memchr(p, '\n', static_cast<std::size_t>(end - p));
  return found == nullptr ? end : static_cast<const char*>(found);
}

enum class Meaning : std::uint8_t { kString, kNull, kTrue, kFalse, kInt, kFloat, kOutOfRange };

struct BareWord {
  Meaning meaning = Meaning::kString;
  std::int64_t integer = 0;
  double real = 0;
};

// What bare text stands for: null (or nil), true, false, a number, or else itself. Numbers are
// `-? digits (. digits)? ([eE] [+-]? digits)?` with `_` allowed between digits; kOutOfRange is a
// number that no i64 or no double holds.
BareWord read_bare(std::string_view text);

}  // namespace smf::sdn
