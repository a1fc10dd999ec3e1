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
  // Positions that are asked for, of one row after another: they are added once, in order.
  class Wanted {
   public:
    void clear() { words_.clear(); }
    void add(std::uint32_t from, std::uint32_t to) {
      if (from >= to) return;
      const std::uint32_t last = (to - 1) / 64;
      std::uint64_t mask = ~std::uint64_t{0} << from % 64;
      for (std::uint32_t word = from / 64; word != last; ++word, mask = ~std::uint64_t{0})
        add_word(word, mask);
      add_word(last, mask & (~std::uint64_t{0} >> (63 - (to - 1) % 64)));
    }

   private:
    friend class Occupation;
    struct Word {
      std::uint32_t index;
      std::uint64_t mask;
    };
    void add_word(std::uint32_t index, std::uint64_t mask) {
      if (!words_.empty() && words_.back().index == index) {
        words_.back().mask |= mask;
      } else {
        words_.push_back({index, mask});
      }
    }
    std::vector<Word> words_{};
  };

  bool is_free(std::size_t row, const Wanted& wanted) const {
    const std::uint64_t* const bits = &bits_[row * words_];
    for (const Wanted::Word& word : wanted.words_)
      if ((bits[word.index] & word.mask) != 0) return false;
    return true;
  }
  void take(std::size_t row, const Wanted& wanted) {
    std::uint64_t* const bits = &bits_[row * words_];
    for (const Wanted::Word& word : wanted.words_) bits[word.index] |= word.mask;
  }
  void take(std::size_t row, std::uint32_t position) {
    bits_[row * words_ + position / 64] |= std::uint64_t{1} << position % 64;
  }

 private:
  std::size_t words_ = 1;  // of a row
  std::vector<std::uint64_t> bits_{};
};

}  // namespace smf::codegen
