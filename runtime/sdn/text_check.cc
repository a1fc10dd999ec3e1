#include "runtime/sdn/text_check.h"

#include <algorithm>

namespace smf::sdn {
namespace {

constexpr std::size_t kBlock = 64;

// Branch-free over a constant count, so that the compiler vectorises it.
bool is_plain_block(const char* block) {
  unsigned char odd = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const auto c = static_cast<unsigned char>(block[i]);
    const unsigned char control = c < 0x20;
    const unsigned char allowed = (c == '\n') | (c == '\t');
    odd |= static_cast<unsigned char>((control & ~allowed) | (c >= 0x7F));
  }
  return odd == 0;
}

// The bytes to go on by, or 0 at a bad one.
std::size_t step(std::string_view rest, const char*& what) {
  const auto first = static_cast<unsigned char>(rest[0]);
  if (first >= 0x80) {
    what = "bytes that are not UTF-8";
    return character_size(rest);
  }
  if (first >= 0x20 && first != 0x7F) return 1;
  if (first == '\n' || first == '\t') return 1;
  if (first == '\r' && rest.size() > 1 && rest[1] == '\n') return 2;
  what = first == '\r' ? "a carriage return that ends no line" : "a control character";
  return 0;
}

}  // namespace

std::size_t character_size(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  return size;
}

std::optional<BadByte> find_bad_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    while (text.size() - at >= kBlock && is_plain_block(text.data() + at)) at += kBlock;
    const std::size_t slow_end = std::min(text.size(), at + kBlock);
    while (at < slow_end) {
      const char* what = nullptr;
      const std::size_t size = step(text.substr(at), what);
      if (size == 0) return BadByte{at, what};
      at += size;
    }
  }
  return std::nullopt;
}

}  // namespace smf::sdn
