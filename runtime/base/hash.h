// The hashes of the formats.
//
// FNV-1a is what the published module formats use for names and libraries: it is read and written
// for their sake only. Everything of our own is XXH3 (xxHash 0.8): 64 bits for look-ups, which
// always compare the full key afterwards, 128 bits where content is identified. Neither is
// cryptographic: they find accidents, not attackers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "runtime/base/bytes.h"

namespace smf {

// Stored as low half, then high half, each little-endian.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

constexpr std::uint32_t fnv1a_32(std::string_view text) {
  std::uint32_t hash = 0x811C9DC5u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return hash;
}

static_assert(fnv1a_32("main") == 0xEA90E208u);

std::uint64_t xxh3_64(Bytes bytes);
Hash128 xxh3_128(Bytes bytes);

// A running XXH3 over bytes that arrive in pieces. Not thread-safe.
class Xxh3Stream {
 public:
  Xxh3Stream();
  ~Xxh3Stream();
  Xxh3Stream(Xxh3Stream&&) noexcept;
  Xxh3Stream& operator=(Xxh3Stream&&) noexcept;

  // A second stream that has seen the same bytes.
  Xxh3Stream clone() const;
  void update(Bytes bytes);
  // As update() over `count` bytes of zero.
  void update_zeros(std::uint64_t count);
  std::uint64_t digest_64() const;
  Hash128 digest_128() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smf
