// Bytes in and out, bounded and little-endian.
//
// Every multi-byte field of the formats is little-endian, and so is every processor this library
// is built for (x86-64, AArch64, RISC-V 64), so a field is one memcpy; the assertion below is what
// would have to be replaced by byte swaps on another. Reading goes through load<T>, which copies
// the value once: what was checked is then what is used, also when the bytes are a mapping that
// another process is changing.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtime/base/check.h"

namespace smf {

static_assert(std::endian::native == std::endian::little, "fields are copied, not swapped");

using Bytes = std::span<const std::byte>;
using ByteVector = std::vector<std::byte>;

// A copy of the T at `offset`. The caller has checked the range.
template <typename T>
  requires std::is_trivially_copyable_v<T>
T load(Bytes bytes, std::uint64_t offset) {
  SMF_DCHECK(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset);
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Whether [offset, offset + size) lies within `limit` bytes; no sum that could wrap.
constexpr bool in_range(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

// `value` rounded up to a multiple of `alignment`, a power of two. The caller has checked that the
// result fits.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

template <typename T>
  requires std::is_trivially_copyable_v<T>
void append(ByteVector& out, const T& value) {
  // Not insert(): inlined, it makes gcc 12 warn of an overflow that cannot be.
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

inline void append_bytes(ByteVector& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Overwrites the T at `offset`, which is already there.
template <typename T>
  requires std::is_trivially_copyable_v<T>
void store(std::span<std::byte> out, std::uint64_t offset, const T& value) {
  SMF_CHECK(in_range(offset, sizeof(T), out.size()));
  std::memcpy(out.data() + offset, &value, sizeof value);
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace smf
