#include "runtime/sdn/text_check.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "runtime/sdn/specials.h"

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

}  // namespace

std::size_t plain_blocks_portable(const char* text, std::size_t size) {
  std::size_t at = 0;
  while (size - at >= kBlock && is_plain_block(text + at)) at += kBlock;
  return at;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) std::size_t plain_blocks_avx2(const char* text, std::size_t size) {
  const __m256i last_control = _mm256_set1_epi8(0x1F);
  const __m256i last_plain = _mm256_set1_epi8(0x7E);
  const __m256i newline = _mm256_set1_epi8('\n');
  const __m256i tab = _mm256_set1_epi8('\t');
  std::size_t at = 0;
  for (; size - at >= kBlock; at += kBlock) {
    __m256i odd = _mm256_setzero_si256();
    for (std::size_t half = 0; half < kBlock; half += 32) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at + half));
      const __m256i allowed =
          _mm256_or_si256(_mm256_cmpeq_epi8(bytes, newline), _mm256_cmpeq_epi8(bytes, tab));
      // As signed bytes, what is not ASCII is below every control character.
      const __m256i bad = _mm256_or_si256(
          _mm256_cmpgt_epi8(bytes, last_plain),
          _mm256_andnot_si256(_mm256_cmpgt_epi8(bytes, last_control), _mm256_set1_epi8(-1)));
      odd = _mm256_or_si256(odd, _mm256_andnot_si256(allowed, bad));
    }
    if (_mm256_testz_si256(odd, odd) == 0) break;
  }
  return at;
}
#endif

namespace {

std::size_t plain_blocks(const char* text, std::size_t size) {
#if defined(__x86_64__)
  if (internal::has_avx2()) return plain_blocks_avx2(text, size);
#endif
  return plain_blocks_portable(text, size);
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
    at += plain_blocks(text.data() + at, text.size() - at);
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
