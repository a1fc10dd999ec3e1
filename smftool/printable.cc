#include "smftool/printable.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace smf::tool {
namespace {

struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t size = 0;  // 0: no UTF-8
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {.code_point = first, .size = 1};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (size == 0 || first > 0xF4 || text.size() < size) return {};
  std::uint32_t code_point = first & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kLeast[size] || code_point > 0x10FFFF || is_surrogate) return {};
  return {.code_point = code_point, .size = size};
}

bool is_harmless(std::uint32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return false;
  const bool turns_direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
                               c == 0x200E || c == 0x200F || c == 0x061C;
  return !turns_direction && c != 0x2028 && c != 0x2029;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const Decoded next = decode(text);
    if (next.size == 0) {
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (is_harmless(next.code_point)) {
      safe += text.substr(0, next.size);
    } else if (next.code_point == '\n') {
      safe += "\\n";
    } else if (next.code_point == '\t') {
      safe += "\\t";
    } else if (next.size == 1) {
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", next.code_point);
    } else {
      fmt::format_to(std::back_inserter(safe), "\\u{{{:x}}}", next.code_point);
    }
    text.remove_prefix(next.size == 0 ? 1 : next.size);
  }
  return safe;
}

}  // namespace smf::tool
