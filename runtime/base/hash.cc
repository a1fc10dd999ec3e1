#include "runtime/base/hash.h"

#include <algorithm>
#include <array>
#include <utility>

// The header's inline functions: short keys would otherwise pay a call.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace smf {

// One streaming state serves both widths: XXH3's accumulation is the same, only the last step
// differs.
struct alignas(64) Xxh3Stream::State {
  XXH3_state_t xxh;
};

std::uint64_t xxh3_64(Bytes bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Hash128 xxh3_128(Bytes bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

Xxh3Stream::Xxh3Stream() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->xxh); }
Xxh3Stream::~Xxh3Stream() = default;
Xxh3Stream::Xxh3Stream(Xxh3Stream&&) noexcept = default;
Xxh3Stream& Xxh3Stream::operator=(Xxh3Stream&&) noexcept = default;

Xxh3Stream Xxh3Stream::clone() const {
  Xxh3Stream copy;
  XXH3_copyState(&copy.state_->xxh, &state_->xxh);
  return copy;
}

void Xxh3Stream::update(Bytes bytes) {
  XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}

void Xxh3Stream::update_zeros(std::uint64_t count) {
  static constexpr std::array<std::byte, 4096> kZeros{};
  while (count > 0) {
    const std::uint64_t step = std::min<std::uint64_t>(count, kZeros.size());
    update(Bytes(kZeros).first(step));
    count -= step;
  }
}

std::uint64_t Xxh3Stream::digest_64() const { return XXH3_64bits_digest(&state_->xxh); }

Hash128 Xxh3Stream::digest_128() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh);
  return {hash.low64, hash.high64};
}

}  // namespace smf
