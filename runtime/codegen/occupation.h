// When the registers of the processor are taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace smf::codegen {

// Of each register, a row: a bit for each position (live_ranges.h).
class Occupation {
 public:
  void clear(std::uint32_t positions, std::size_t rows) {
    words_ = positions / 64 + 1;
    bits_.assign(words_ * rows, 0);
  }
  // Calls `each(word, mask)` for the words of [from, to) until it returns false.
  template <typename Each>
  bool for_each_word(std::size_t row, std::uint32_t from, std::uint32_t to, Each&& each) {
    if (from >= to) return true;
    std::uint64_t* word = &bits_[row * words_ + from / 64];
    const std::size_t more = (to - 1) / 64 - from / 64;
    std::uint64_t mask = ~std::uint64_t{0} << from % 64;
    for (std::size_t n = 0; n != more; ++n, mask = ~std::uint64_t{0})
      if (!each(*word++, mask)) return false;
    return each(*word, mask & (~std::uint64_t{0} >> (63 - (to - 1) % 64)));
  }
  bool is_free(std::size_t row, std::uint32_t from, std::uint32_t to) {
    return for_each_word(
        row, from, to, [](std::uint64_t& word, std::uint64_t mask) { return (word & mask) == 0; });
  }
  void take(std::size_t row, std::uint32_t from, std::uint32_t to) {
    for_each_word(row, from, to, [](std::uint64_t& word, std::uint64_t mask) {
      word |= mask;
      return true;
    });
  }

 private:
  std::size_t words_ = 1;  // of a row
  std::vector<std::uint64_t> bits_{};
};

}  // namespace smf::codegen
