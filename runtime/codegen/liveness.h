// Which registers are alive at the beginning of each block.
//
// Most registers are written and read within one block, so sets are kept only of the others, which
// are numbered anew ("globals"): a function without loops and branches has none, and in one of
// 10 000 instructions a set is some hundred bits.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/codegen/lir.h"

namespace smf::codegen {

// Reuses its memory.
class Liveness {
 public:
  // Throws std::bad_alloc.
  void compute(const Function& function);

  // What is alive where a block ends, each register once; `last` is its last instruction.
  template <typename Each>
  void for_each_live_out(const Instruction& last, Each&& each) const {
    const Successors next = successors(last);
    for (std::size_t word = 0; word != words_; ++word)
      for_each_bit(word, out_bits(next, word), each);
  }
  // Where one block ends and `block` begins: what is alive behind only, and in front only. Most
  // registers that are alive at all are so on both sides.
  template <typename Behind, typename InFront>
  void for_each_change(const Instruction& last, std::uint32_t block, Behind&& behind,
                       InFront&& in_front) const {
    const Successors next = successors(last);
    for (std::size_t word = 0; word != words_; ++word) {
      const std::uint64_t out = out_bits(next, word);
      const std::uint64_t in = in_[block * words_ + word];
      for_each_bit(word, in & ~out, behind);
      for_each_bit(word, out & ~in, in_front);
    }
  }

 private:
  struct Mention {
    std::uint32_t block = 0;
    Register reg = 0;
  };

  std::uint64_t out_bits(const Successors& next, std::size_t word) const {
    std::uint64_t bits = 0;
    for (std::uint32_t n = 0; n != next.count; ++n) bits |= in_[next.blocks[n] * words_ + word];
    return bits;
  }
  template <typename Each>
  void for_each_bit(std::size_t word, std::uint64_t bits, Each&& each) const {
    for (; bits != 0; bits &= bits - 1)
      each(globals_[word * 64 + static_cast<unsigned>(std::countr_zero(bits))]);
  }
  void find_globals(const Function& function);
  void solve(const Function& function);

  std::size_t words_ = 0;                    // of a set
  std::vector<Register> globals_{};          // by their numbers
  std::vector<std::uint32_t> number_{};      // of each register, or kNone
  std::vector<std::uint32_t> defined_in_{};  // the last block seen that writes it, + 1
  std::vector<Mention> exposed_{};           // read in a block that has not written it before
  std::vector<Mention> defined_{};
  std::vector<std::uint8_t> is_head_{};  // of each block: whether a later one leads there
  std::vector<std::uint64_t> in_{};      // a set for each block
  std::vector<std::uint64_t> kept_{};    // what the block does not write
};

}  // namespace smf::codegen
