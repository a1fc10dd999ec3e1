// Bytes under construction: little-endian fields at offsets, and garbage in between.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace smf::golden {

class Image {
 public:
  // `seed` chooses the garbage; 0 means zeros.
  explicit Image(std::uint64_t seed) : random_(seed), is_clean_(seed == 0) {}

  std::uint64_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }

  // Appends `count` bytes of garbage to be overwritten where they mean something; where they start.
  std::uint64_t grow(std::uint64_t count) {
    const std::uint64_t at = bytes_.size();
    for (std::uint64_t i = 0; i < count; ++i)
      bytes_ += static_cast<char>(is_clean_ ? 0 : random_() % 255 + 1);
    return at;
  }
  void align(std::uint64_t alignment) {
    if (alignment > 1) grow((alignment - bytes_.size() % alignment) % alignment);
  }
  std::uint64_t append(std::string_view text) {
    const std::uint64_t at = bytes_.size();
    bytes_ += text;
    return at;
  }

  void u8(std::uint64_t at, std::uint64_t value) { put(at, value, 1); }
  void u16(std::uint64_t at, std::uint64_t value) { put(at, value, 2); }
  void u32(std::uint64_t at, std::uint64_t value) { put(at, value, 4); }
  void u64(std::uint64_t at, std::uint64_t value) { put(at, value, 8); }
  // `text`, NUL-padded to `width` bytes.
  void text(std::uint64_t at, std::string_view text, std::uint64_t width) {
    for (std::uint64_t i = 0; i < width; ++i) bytes_.at(at + i) = i < text.size() ? text[i] : '\0';
  }

 private:
  void put(std::uint64_t at, std::uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i)
      bytes_.at(at + i) = static_cast<char>(value >> (8 * i) & 0xFF);
  }

  std::string bytes_;
  std::mt19937_64 random_;
  bool is_clean_;
};

}  // namespace smf::golden
