#include "runtime/sdn/specials.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "runtime/sdn/scan.h"

namespace smf::sdn::internal {

std::size_t list_specials_portable(const char* text, std::size_t size, std::uint16_t* out) {
  const char* const end = text + size;
  std::size_t count = 0;
  for (const char* p = text; (p = find_quote_escape_or_newline(p, end)) != end; ++p)
    out[count++] = static_cast<std::uint16_t>(p - text);
  return count;
}

#if defined(__x86_64__)

bool has_avx2() {
  static const bool kHas = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                           __builtin_cpu_supports("popcnt");
  return kHas;
}

namespace {

// A bit for each of 64 bytes.
__attribute__((target("avx2,bmi,popcnt"))) std::uint64_t specials_of_block(const char* block) {
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i escape = _mm256_set1_epi8('\\');
  const __m256i newline = _mm256_set1_epi8('\n');
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < 64; at += 32) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + at));
    const __m256i found = _mm256_or_si256(
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, escape)),
        _mm256_cmpeq_epi8(bytes, newline));
    bits |= std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(found))} << at;
  }
  return bits;
}

}  // namespace

__attribute__((target("avx2,bmi,popcnt"))) std::size_t list_specials_avx2(const char* text,
                                                                          std::size_t size,
                                                                          std::uint16_t* out) {
  std::uint16_t* next = out;
  const auto list = [&](std::uint64_t bits,
                        std::size_t at) __attribute__((target("avx2,bmi,popcnt"))) {
    std::uint16_t* const last = next + std::popcount(bits);
    // Eight at a time: most blocks have no more, so that one branch is nearly always right.
    for (; next < last; next += 8) {
      for (int i = 0; i < 8; ++i) {
        next[i] = static_cast<std::uint16_t>(at + static_cast<std::size_t>(std::countr_zero(bits)));
        bits &= bits - 1;
      }
    }
    next = last;
  };
  std::size_t at = 0;
  for (; size - at >= 64; at += 64) list(specials_of_block(text + at), at);
  if (at < size) {
    char block[64] = {};
    std::memcpy(block, text + at, size - at);
    list(specials_of_block(block), at);
  }
  return static_cast<std::size_t>(next - out);
}

#else

bool has_avx2() { return false; }

#endif

void Specials::look_ahead(const char* p) {
  base_ = std::max(scanned_, p);
  const std::size_t size = std::min(window_, static_cast<std::size_t>(end_ - base_));
  scanned_ = base_ + size;
  at_ = 0;
#if defined(__x86_64__)
  count_ = has_avx2() ? list_specials_avx2(base_, size, offsets_)
                      : list_specials_portable(base_, size, offsets_);
#else
  count_ = list_specials_portable(base_, size, offsets_);
#endif
  window_ = std::min(window_ * 2, kLargestWindow);
}

}  // namespace smf::sdn::internal
