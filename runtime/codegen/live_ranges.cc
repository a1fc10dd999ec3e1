#include "runtime/codegen/live_ranges.h"

#include <algorithm>
#include <bit>

namespace smf::codegen {
namespace {

// What is in 7 loops and in 8 makes no difference any more, and sums stay exact enough.
float weight_of(const Block& block) {
  float weight = 1;
  for (std::uint32_t n = std::min(block.depth, 7u); n != 0; --n) weight *= 8;
  return weight;
}

bool may_trap(Op op) {
  return op == Op::kTrap || op == Op::kTrapIf || op == Op::kTrapIfFloat ||
         (op >= Op::kAddChecked && op <= Op::kMulChecked);
}

bool is_shift(Op op) { return op >= Op::kShl && op <= Op::kRotr; }

// Whether `dest` had best be where `a` is: x86-64 demands it of most, and for the others it costs
// nothing.
bool is_two_address(Op op) {
  return (op >= Op::kMove && op <= Op::kMul) || (op >= Op::kAnd && op <= Op::kRotr) ||
         (op >= Op::kAddChecked && op <= Op::kNot) || op == Op::kByteSwap ||
         op == Op::kSignExtend || op == Op::kZeroExtend ||
         (op >= Op::kFloatAdd && op <= Op::kFloatFma);
}

}  // namespace

void LiveRanges::compute(const Function& function, const Target& target) {
  liveness_.compute(function);
  lives_.assign(function.registers.size(), Life{});
  ranges_.clear();
  hints_.clear();
  clobbers_.clear();
  calls_.clear();
  demand_.fill(0);
  has_traps_ = false;
  std::uint32_t count = 0;
  for (const Block& block : function.blocks) count += block.instructions.count;
  positions_ = 2 * (count + 1);
  std::uint32_t begin = positions_;
  const auto opens = [&](Register reg) { lives_[reg].alive_to = begin; };
  const auto closes = [&](Register reg) {
    Life& life = lives_[reg];
    if (life.alive_to != 0) add_range(life, begin, life.alive_to);
    life.alive_to = 0;
  };
  for (std::size_t b = function.blocks.size(); b-- != 0;) {
    const auto instructions = function.of(function.blocks[b]);
    const Instruction last = instructions.empty() ? Instruction{} : instructions.back();
    if (b + 1 == function.blocks.size())
      liveness_.for_each_live_out(last, opens);
    else
      liveness_.for_each_change(last, static_cast<std::uint32_t>(b + 1), closes, opens);
    begin -= 2 * static_cast<std::uint32_t>(instructions.size());
    block(function, target, function.blocks[b], begin);
  }
  entry(function);
  // What is read before anybody has written it.
  for (Life& life : lives_) {
    if (life.alive_to != 0) add_range(life, 0, life.alive_to);
    life.alive_to = 0;
  }
  std::ranges::reverse(calls_);
}

void LiveRanges::block(const Function& function, const Target& target, const Block& block,
                       std::uint32_t begin) {
  const auto instructions = function.of(block);
  const float weight = weight_of(block);
  std::uint32_t position = begin + 2 * block.instructions.count;
  for (std::size_t n = instructions.size(); n-- != 0;) {
    position -= 2;
    instruction(function, target, instructions[n], position, weight);
  }
}

void LiveRanges::instruction(const Function& function, const Target& target, const Instruction& i,
                             std::uint32_t position, float weight) {
  if (i.op == Op::kNop) return;
  for_each_definition(function, i, [&](Register reg) { define(reg, position + 1, weight); });
  if (i.op == Op::kCall) {
    calls_.push_back({position, i.call, weight});
  } else {
    if (i.dest != kNoRegister) lives_[i.dest].is_written_by_code = true;
    has_traps_ = has_traps_ || may_trap(i.op);
  }
  const RegisterMask clobbered = i.op == Op::kCall ? 0 : target.clobbered(i);
  if (clobbered != 0) clobbers_.push_back({position + 1, clobbered});
  for_each_use(function, i, [&](Register reg) { use(reg, position + 1, weight); });
  if (i.dest != kNoRegister && target.writes_early(i)) {
    const Register late[4] = {i.b, i.c, i.d,
                              is_memory(i.op) && i.base == Base::kRegister ? i.a : kNoRegister};
    for (const Register reg : late)
      if (reg != kNoRegister) use(reg, position + 2, 0);
  }
  hints_of(function, i, clobbered, weight);
}

void LiveRanges::hints_of(const Function& function, const Instruction& i, RegisterMask clobbered,
                          float weight) {
  if (i.op == Op::kCall) {
    const Call& call = function.calls[i.call];
    for (const Transfer& argument : function.of(call.arguments))
      add_fixed(function, argument.reg, argument.physical, weight);
    for (const Transfer& result : function.of(call.results))
      add_fixed(function, result.reg, result.physical, weight);
  } else if (i.op == Op::kReturn) {
    for (const Transfer& result : function.of(i.transfers))
      add_fixed(function, result.reg, result.physical, weight);
  } else if (is_two_address(i.op)) {
    add_pair(function, i.dest, i.a, weight);
    if (is_commutative(i.op)) add_pair(function, i.dest, i.b, weight);
    // A count by a register is in a certain one on x86-64, which is destroyed otherwise.
    if (is_shift(i.op) && std::has_single_bit(clobbered) && i.b != kNoRegister)
      add_fixed(function, i.b, static_cast<std::uint8_t>(std::countr_zero(clobbered)), weight);
  } else if (i.op == Op::kSelect) {
    add_pair(function, i.dest, i.c, weight);
    add_pair(function, i.dest, i.d, weight);
  }
}

void LiveRanges::entry(const Function& function) {
  for (const Transfer& parameter : function.of(function.parameters)) {
    if (parameter.reg == kNoRegister) continue;
    define(parameter.reg, 1, 1);
    add_fixed(function, parameter.reg, parameter.physical, 1);
  }
}

// Ranges come in descending order. What ends where an instruction reads, and begins again where it
// writes, stays two: it is not alive across that, which matters of calls.
void LiveRanges::add_range(Life& life, std::uint32_t from, std::uint32_t to) {
  life.length += to - from;
  if (life.first_range != kNone) {
    LiveRange& later = ranges_[life.first_range];
    if (later.from < to || (later.from == to && to % 2 == 0)) {
      later.from = from;
      return;
    }
  }
  if (life.first_range == kNone) life.end = to;
  ranges_.push_back({from, to, life.first_range});
  life.first_range = static_cast<std::uint32_t>(ranges_.size() - 1);
}

void LiveRanges::use(Register reg, std::uint32_t to, float weight) {
  Life& life = lives_[reg];
  life.is_read = true;
  life.weight += weight;
  life.alive_to = std::max(life.alive_to, to);
}

void LiveRanges::define(Register reg, std::uint32_t at, float weight) {
  Life& life = lives_[reg];
  life.weight += weight;
  add_range(life, at, life.alive_to == 0 ? at + 1 : life.alive_to);
  life.alive_to = 0;
}

// Instructions come in descending order: what becomes of `dest` is known.
void LiveRanges::add_pair(const Function& function, Register dest, Register from, float weight) {
  if (dest == kNoRegister || from == kNoRegister || dest == from) return;
  if (function.registers[dest] != function.registers[from]) return;
  if (lives_[from].wish == kNoWish) lives_[from].wish = lives_[dest].wish;
  hints_.push_back({lives_[dest].first_hint, from, 0, weight});
  lives_[dest].first_hint = static_cast<std::uint32_t>(hints_.size() - 1);
  hints_.push_back({lives_[from].first_hint, dest, 0, weight});
  lives_[from].first_hint = static_cast<std::uint32_t>(hints_.size() - 1);
}

void LiveRanges::add_fixed(const Function& function, Register reg, std::uint8_t physical,
                           float weight) {
  if (reg == kNoRegister) return;
  lives_[reg].wish = physical;
  demand_[static_cast<std::size_t>(function.registers[reg]) * 32 + physical] += weight;
  hints_.push_back({lives_[reg].first_hint, kNoRegister, physical, weight});
  lives_[reg].first_hint = static_cast<std::uint32_t>(hints_.size() - 1);
}

}  // namespace smf::codegen
