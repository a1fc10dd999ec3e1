// What is done once instead of each time: moves that a definition can do, and what does not change
// while a loop runs.
#include <algorithm>
#include <utility>

#include "runtime/codegen/optimiser.h"

namespace smf::codegen {
namespace {

// How much may be alive through a loop for this: registers are few.
constexpr std::uint32_t kMaxHoisted = 6;

bool may_be_hoisted(const Instruction& one) {
  switch (one.op) {
    case Op::kMul:
    case Op::kAdd:
    case Op::kSub:
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
    case Op::kShl:
    case Op::kShrUnsigned:
    case Op::kShrSigned:
    case Op::kNeg:
    case Op::kNot:
    case Op::kSignExtend:
    case Op::kZeroExtend:
    case Op::kFloatConstant:
    case Op::kFloatAdd:
    case Op::kFloatSub:
    case Op::kFloatMul:
    case Op::kFloatDiv:
    case Op::kFloatSqrt:
    case Op::kFromSigned:
    case Op::kFromUnsigned:
    case Op::kFloatWiden:
    case Op::kFloatNarrow:
      return true;
    case Op::kAddress:
      return one.base == Base::kRegister;
    default:
      return false;
  }
}

// Whether the destination may be one of the operands: the first, or either where they may swap.
bool may_end_in(Instruction& one, Register reg) {
  if (one.c == reg || one.d == reg) return false;
  if (one.b != reg) return true;
  switch (one.op) {
    case Op::kAdd:
    case Op::kMul:
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
    case Op::kFloatAdd:
    case Op::kFloatMul:
      if (one.a != reg) std::swap(one.a, one.b);
      return true;
    case Op::kLoad:
    case Op::kFloatLoad:
    case Op::kAddress:
      return true;
    default:
      return false;
  }
}

}  // namespace

// `t = a + b; v = t` becomes `v = a + b`, where t is nothing else and v is not looked at between.
void Optimiser::join_moves(Function& function) {
  const auto may_go = [&](Register from) { return definitions_[from] == 1 && uses_[from] == 1; };
  if (std::ranges::none_of(moves_, may_go)) return;
  // Of each register: where it was defined last in this block, and touched last; from 1.
  std::vector<std::uint32_t>& defined = positions_;
  std::vector<std::uint32_t>& touched = changes_;
  defined.assign(function.registers.size(), 0);
  touched.assign(function.registers.size(), 0);
  std::uint32_t position = 0;
  for (const Block& block : function.blocks) {
    const std::uint32_t begin = position;
    const auto instructions = function.of(block);
    for (Instruction& one : instructions) {
      ++position;
      const Register from = one.a, to = one.dest;
      if (one.op == Op::kMove && from != to && may_go(from) && defined[from] > begin &&
          touched[to] <= defined[from]) {
        Instruction& definition = instructions[defined[from] - begin - 1];
        if (definition.dest == from && definition.op != Op::kCall && may_end_in(definition, to)) {
          definition.dest = to;
          one = {};
          uses_[from] = 0;
          defined[to] = defined[from];
          touched[to] = defined[from];
          continue;
        }
      }
      for_each_use(function, one, [&](Register reg) { touched[reg] = position; });
      for_each_definition(function, one, [&](Register reg) {
        defined[reg] = position;
        touched[reg] = position;
      });
    }
  }
}

// The loops from the outside in: what changes in none is put in front of all at once.
void Optimiser::hoist_invariants(Function& function) {
  const auto blocks = static_cast<std::uint32_t>(function.blocks.size());
  find_predecessors(function);
  members_.assign(blocks, 0);
  depths_.assign(blocks, 0);
  changes_.assign(function.registers.size(), 0);
  for (std::uint32_t header = 0; header != blocks; ++header) {
    if (!find_members(header)) continue;
    const std::uint32_t loop = header + 1;
    for (std::uint32_t b = header; b != blocks; ++b) {
      if (members_[b] != loop) continue;
      ++depths_[b];
      for (const Instruction& one : function.of(function.blocks[b]))
        for_each_definition(function, one, [&](Register reg) { changes_[reg] = loop; });
    }
    if (is_entered_elsewhere_) continue;
    hoisted_.clear();
    for (std::uint32_t b = header; b != blocks; ++b) {
      if (members_[b] != loop) continue;
      for (Instruction& one : function.of(function.blocks[b])) {
        if (hoisted_.size() == kMaxHoisted) break;
        if (!may_be_hoisted(one) || definitions_[one.dest] != 1) continue;
        bool is_invariant = true;
        for_each_use(function, one,
                     [&](Register reg) { is_invariant = is_invariant && changes_[reg] != loop; });
        if (!is_invariant) continue;
        changes_[one.dest] = 0;
        hoisted_.push_back(std::exchange(one, {}));
      }
    }
    if (!hoisted_.empty()) put_in_front(function, header, blocks);
  }
}

// A block with what was hoisted, through which all go that come from outside of the loop.
void Optimiser::put_in_front(Function& function, std::uint32_t header, std::uint32_t blocks) {
  is_changed_ = true;
  const auto added = static_cast<std::uint32_t>(function.blocks.size());
  const auto redirect = [&](std::uint32_t& target) {
    if (target == header) target = added;
  };
  for (std::uint32_t b = 0; b != added; ++b) {
    if (b < blocks && members_[b] == header + 1) continue;
    Instruction& last = function.of(function.blocks[b]).back();
    if (last.op != Op::kJump && last.op != Op::kBranch && last.op != Op::kFloatBranch) continue;
    redirect(last.target);
    if (last.op != Op::kJump) redirect(last.other);
  }
  const auto first = static_cast<std::uint32_t>(function.instructions.size());
  hoisted_.push_back({.op = Op::kJump, .target = header});
  function.instructions.insert(function.instructions.end(), hoisted_.begin(), hoisted_.end());
  function.blocks.push_back(
      {.instructions = {.first = first, .count = static_cast<std::uint32_t>(hoisted_.size())}});
}

}  // namespace smf::codegen
