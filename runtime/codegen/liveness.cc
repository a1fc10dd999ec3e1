#include "runtime/codegen/liveness.h"

namespace smf::codegen {
namespace {

constexpr std::uint32_t kNotGlobal = ~std::uint32_t{0};

bool is_entered_again(const Function& function) {
  for (const Block& block : function.blocks) {
    if (block.instructions.count == 0) continue;
    const Successors next = successors(function.of(block).back());
    for (std::uint32_t n = 0; n != next.count; ++n)
      if (next.blocks[n] == 0) return true;
  }
  return false;
}

}  // namespace

void Liveness::compute(const Function& function) {
  words_ = 0;
  globals_.clear();
  if (function.blocks.size() < 2 && !is_entered_again(function)) return;
  find_globals(function);
  if (!globals_.empty()) solve(function);
}

void Liveness::find_globals(const Function& function) {
  number_.assign(function.registers.size(), kNotGlobal);
  defined_in_.assign(function.registers.size(), 0);
  exposed_.clear();
  defined_.clear();
  // Parameters are written in front of the entry block, which matters if it is a loop's.
  if (!is_entered_again(function))
    for (const Transfer& parameter : function.of(function.parameters))
      if (parameter.reg != kNoRegister) defined_in_[parameter.reg] = 1;
  for (std::uint32_t b = 0; b != function.blocks.size(); ++b) {
    for (const Instruction& i : function.of(function.blocks[b])) {
      if (i.op == Op::kNop) continue;
      for_each_use(function, i, [&](Register reg) {
        if (defined_in_[reg] == b + 1) return;
        if (number_[reg] == kNotGlobal) {
          number_[reg] = static_cast<std::uint32_t>(globals_.size());
          globals_.push_back(reg);
        }
        exposed_.push_back({b, reg});
      });
      for_each_definition(function, i, [&](Register reg) {
        if (defined_in_[reg] == b + 1) return;
        defined_in_[reg] = b + 1;
        defined_.push_back({b, reg});
      });
    }
  }
}

void Liveness::solve(const Function& function) {
  const std::size_t blocks = function.blocks.size();
  words_ = (globals_.size() + 63) / 64;
  in_.assign(blocks * words_, 0);
  kept_.assign(blocks * words_, ~std::uint64_t{0});
  const auto at = [&](const Mention& mention) {
    return mention.block * words_ + number_[mention.reg] / 64;
  };
  const auto bit = [&](const Mention& mention) {
    return std::uint64_t{1} << number_[mention.reg] % 64;
  };
  for (const Mention& mention : exposed_) in_[at(mention)] |= bit(mention);
  for (const Mention& mention : defined_)
    if (number_[mention.reg] != kNotGlobal) kept_[at(mention)] &= ~bit(mention);
  // Backward, so that what leads forward sees what is there already: again only where something is
  // alive at the beginning of a loop that its end, which came before, does not know of.
  is_head_.assign(blocks, 0);
  for (bool is_again = true; is_again;) {
    is_again = false;
    for (std::size_t b = blocks; b-- != 0;) {
      if (function.blocks[b].instructions.count == 0) continue;
      const Successors next = successors(function.of(function.blocks[b]).back());
      for (std::uint32_t n = 0; n != next.count; ++n) {
        if (next.blocks[n] <= b) is_head_[next.blocks[n]] = 1;
        const std::uint64_t* const from = &in_[next.blocks[n] * words_];
        std::uint64_t* const to = &in_[b * words_];
        const std::uint64_t* const kept = &kept_[b * words_];
        for (std::size_t word = 0; word != words_; ++word) {
          const std::uint64_t more = from[word] & kept[word] & ~to[word];
          to[word] |= more;
          is_again = is_again || (more != 0 && is_head_[b] != 0);
        }
      }
    }
  }
}

}  // namespace smf::codegen
