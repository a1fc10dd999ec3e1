#include "runtime/codegen/optimiser.h"

#include <bit>
#include <limits>
#include <utility>

namespace smf::codegen {
namespace {

constexpr bool fits_disp(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

bool is_condition(Op op) {
  return op == Op::kCompare || op == Op::kSelect || op == Op::kTrapIf || op == Op::kBranch;
}

// With the operands the other way round.
Condition mirrored(Condition condition) {
  switch (condition) {
    case Condition::kLess:
      return Condition::kNotLessEqual;
    case Condition::kNotLessEqual:
      return Condition::kLess;
    case Condition::kLessEqual:
      return Condition::kNotLess;
    case Condition::kNotLess:
      return Condition::kLessEqual;
    case Condition::kBelow:
      return Condition::kNotBelowEqual;
    case Condition::kNotBelowEqual:
      return Condition::kBelow;
    case Condition::kBelowEqual:
      return Condition::kNotBelow;
    case Condition::kNotBelow:
      return Condition::kBelowEqual;
    default:
      return condition;
  }
}

std::int64_t as_width(Width width, std::int64_t value) {
  return width == Width::k64 ? value : static_cast<std::int32_t>(value);
}
std::uint64_t as_unsigned(Width width, std::int64_t value) {
  return width == Width::k64 ? static_cast<std::uint64_t>(value)
                             : static_cast<std::uint32_t>(value);
}

bool holds(Condition condition, Width width, std::int64_t left, std::int64_t right) {
  const std::int64_t a = as_width(width, left), b = as_width(width, right);
  const std::uint64_t x = as_unsigned(width, left), y = as_unsigned(width, right);
  switch (condition) {
    case Condition::kEqual:
      return a == b;
    case Condition::kNotEqual:
      return a != b;
    case Condition::kLess:
      return a < b;
    case Condition::kNotLess:
      return a >= b;
    case Condition::kLessEqual:
      return a <= b;
    case Condition::kNotLessEqual:
      return a > b;
    case Condition::kBelow:
      return x < y;
    case Condition::kNotBelow:
      return x >= y;
    case Condition::kBelowEqual:
      return x <= y;
    default:
      return x > y;
  }
}

}  // namespace

void Optimiser::optimise(Function& function) {
  find_first_order(function);
  rebuild(function);
  count_definitions(function);
  split_registers(function);
  propagate(function);
  remove_dead(function);
  join_moves(function);
  hoist_invariants(function);
  order_blocks(function);
  rotate_loops(function);
  mark_loop_heads(function);
}

// ---- What is known of registers ----

bool Optimiser::is_current(Register reg, std::uint32_t version, std::uint32_t run) const {
  return reg == kNoRegister || definitions_[reg] == 1 || (versions_[reg] == version && run == run_);
}

const Optimiser::Fact* Optimiser::fact(Register reg) const {
  const Fact& found = facts_[reg];
  if (found.known == Known::kNothing || !is_current(reg, found.version, found.run)) return nullptr;
  const bool has_a = found.known == Known::kCopy || found.known == Known::kCompare ||
                     (found.known == Known::kAddress && found.from.base == Base::kRegister);
  if (has_a && !is_current(found.from.a, found.a_version, found.run)) return nullptr;
  if (found.known != Known::kConstant && !is_current(found.from.b, found.b_version, found.run))
    return nullptr;
  return &found;
}

Register Optimiser::source_of(Register reg) const {
  // What is copied was followed when it was learnt, so there is one step.
  if (reg == kNoRegister) return reg;
  const Fact* const known = fact(reg);
  return known != nullptr && known->known == Known::kCopy ? known->from.a : reg;
}

bool Optimiser::constant_of(Register reg, std::int64_t& value) const {
  if (reg == kNoRegister) return false;
  const Fact* const known = fact(reg);
  if (known == nullptr || known->known != Known::kConstant) return false;
  value = known->from.imm;
  return true;
}

void Optimiser::define(Register reg) { ++versions_[reg]; }

void Optimiser::learn(const Instruction& one) {
  if (one.dest == kNoRegister) return;
  Fact& learnt = facts_[one.dest];
  learnt.known = Known::kNothing;
  Instruction from = one;
  switch (one.op) {
    case Op::kConstant:
      learnt.known = Known::kConstant;
      break;
    case Op::kMove:
      learnt.known = Known::kCopy;
      break;
    case Op::kAddress:
      learnt.known = Known::kAddress;
      break;
    case Op::kAdd:
      // An address, where a constant is added.
      if (one.width != Width::k64 || one.b != kNoRegister || !fits_disp(one.imm)) return;
      learnt.known = Known::kAddress;
      from = {.op = Op::kAddress, .a = one.a, .disp = static_cast<std::int32_t>(one.imm)};
      break;
    case Op::kCompare:
    case Op::kFloatCompare:
      learnt.known = Known::kCompare;
      break;
    default:
      return;
  }
  const bool has_a = learnt.known != Known::kConstant &&
                     (learnt.known != Known::kAddress || from.base == Base::kRegister);
  // What is computed from itself is not what it was.
  if ((has_a && from.a == one.dest) || (from.b == one.dest && from.b != kNoRegister)) {
    learnt.known = Known::kNothing;
    return;
  }
  learnt.from = from;
  learnt.run = run_;
  learnt.version = versions_[one.dest];
  if (has_a) learnt.a_version = versions_[from.a];
  if (from.b != kNoRegister) learnt.b_version = versions_[from.b];
}

void Optimiser::count_definitions(const Function& function) {
  definitions_.assign(function.registers.size(), 0);
  for (const Transfer& parameter : function.of(function.parameters)) ++definitions_[parameter.reg];
  for (const Instruction& one : function.instructions)
    for_each_definition(function, one, [&](Register reg) { ++definitions_[reg]; });
}

// A compiler's temporary that is used again and again is as many registers, where each value is
// used in the block in which it was defined: then each has one definition.
void Optimiser::split_registers(Function& function) {
  constexpr std::uint32_t kElsewhere = ~std::uint32_t{0};
  // The block that defined it last, from 1; kElsewhere once a block reads what it has not defined.
  std::vector<std::uint32_t>& defined = positions_;
  defined.assign(function.registers.size(), 0);
  for (const Transfer& parameter : function.of(function.parameters)) defined[parameter.reg] = 1;
  bool is_any = false;
  for (std::uint32_t b = 0; b != function.blocks.size(); ++b) {
    for (const Instruction& one : function.of(function.blocks[b])) {
      for_each_use(function, one, [&](Register reg) {
        if (defined[reg] != b + 1) defined[reg] = kElsewhere;
      });
      for_each_definition(function, one, [&](Register reg) {
        is_any = is_any || definitions_[reg] > 1;
        if (defined[reg] != kElsewhere) defined[reg] = b + 1;
      });
    }
  }
  if (!is_any) return;
  const std::size_t count = function.registers.size();
  std::vector<Register>& current = changes_;
  current.resize(count);
  for (Register reg = 0; reg != count; ++reg) current[reg] = reg;
  const auto rename = [&](Register& reg) {
    if (reg != kNoRegister) reg = current[reg];
  };
  const auto define = [&](Register& reg) {
    if (reg == kNoRegister || defined[reg] == kElsewhere) return;
    if (definitions_[reg] < 2) {
      current[reg] = reg;
      return;
    }
    const Register fresh = function.add_register(function.registers[reg]);
    definitions_.push_back(1);
    --definitions_[reg];
    current[reg] = fresh;
    reg = fresh;
  };
  for (Instruction& one : function.instructions) {
    if (!is_memory(one.op) || one.base == Base::kRegister) rename(one.a);
    rename(one.b);
    rename(one.c);
    rename(one.d);
    if (one.op == Op::kCall) {
      Call& call = function.calls[one.call];
      if (call.target == Call::Target::kRegister) rename(call.callee);
      for (std::uint32_t i = 0; i != call.arguments.count; ++i)
        rename(function.transfers[call.arguments.first + i].reg);
      for (std::uint32_t i = 0; i != call.results.count; ++i)
        define(function.transfers[call.results.first + i].reg);
    } else if (one.op == Op::kReturn) {
      for (std::uint32_t i = 0; i != one.transfers.count; ++i)
        rename(function.transfers[one.transfers.first + i].reg);
    }
    define(one.dest);
  }
}

// ---- Rewriting ----

void Optimiser::propagate(Function& function) {
  const std::size_t count = function.registers.size();
  facts_.assign(count, {});
  versions_.assign(count, 0);
  predecessors_.assign(function.blocks.size(), 0);
  for (const Block& block : function.blocks) {
    const Successors next = successors(function.of(block).back());
    for (std::uint32_t i = 0; i != next.count; ++i) ++predecessors_[next.blocks[i]];
  }
  run_ = 0;
  for (std::uint32_t b = 0; b != function.blocks.size(); ++b) {
    bool continues = false;
    if (b != 0 && predecessors_[b] == 1) {
      const Successors next = successors(function.of(function.blocks[b - 1]).back());
      for (std::uint32_t i = 0; i != next.count; ++i) continues = continues || next.blocks[i] == b;
    }
    if (!continues) ++run_;
    for (Instruction& one : function.of(function.blocks[b])) {
      rewrite(function, one);
      for_each_definition(function, one, [&](Register reg) {
        define(reg);
        facts_[reg].known = Known::kNothing;
      });
      learn(one);
    }
  }
}

void Optimiser::rewrite(Function& function, Instruction& one) {
  if (one.op == Op::kCall) {
    Call& call = function.calls[one.call];
    if (call.target == Call::Target::kRegister) call.callee = source_of(call.callee);
    for (std::uint32_t i = 0; i != call.arguments.count; ++i) {
      Register& reg = function.transfers[call.arguments.first + i].reg;
      reg = source_of(reg);
    }
    return;
  }
  if (one.op == Op::kReturn) {
    for (std::uint32_t i = 0; i != one.transfers.count; ++i) {
      Register& reg = function.transfers[one.transfers.first + i].reg;
      reg = source_of(reg);
    }
    return;
  }
  if (is_memory(one.op)) return rewrite_memory(function, one);
  one.a = source_of(one.a);
  one.b = source_of(one.b);
  one.c = source_of(one.c);
  one.d = source_of(one.d);
  std::int64_t value = 0;
  if (takes_constant(one.op) && one.b != kNoRegister) {
    if (constant_of(one.b, value)) {
      one.imm = value;
      one.b = kNoRegister;
    } else if (constant_of(one.a, value) && (is_commutative(one.op) || is_condition(one.op))) {
      one.a = std::exchange(one.b, kNoRegister);
      one.imm = value;
      if (is_condition(one.op)) one.condition = mirrored(one.condition);
    }
  }
  if (is_condition(one.op)) rewrite_condition(one);
  fold(one);
}

void Optimiser::rewrite_memory(Function& /*function*/, Instruction& one) {
  one.b = source_of(one.b);
  one.c = source_of(one.c);
  std::int64_t value = 0;
  if (one.op == Op::kStore && constant_of(one.c, value)) {
    one.imm = value;
    one.c = kNoRegister;
  }
  if (one.b != kNoRegister && constant_of(one.b, value)) {
    const std::int64_t sum = one.disp + value * (std::int64_t{1} << one.shift);
    if (value < (1 << 28) && value > -(1 << 28) && fits_disp(sum)) {
      one.b = kNoRegister;
      one.shift = 0;
      one.disp = static_cast<std::int32_t>(sum);
    }
  }
  while (one.base == Base::kRegister) {
    one.a = source_of(one.a);
    const Fact* const known = fact(one.a);
    if (known == nullptr || known->known != Known::kAddress) return;
    const Instruction& address = known->from;
    if (address.b != kNoRegister && one.b != kNoRegister) return;
    if (address.base != Base::kRegister && address.base != Base::kSlot &&
        address.base != Base::kPool)
      return;
    const std::int64_t sum = std::int64_t{one.disp} + address.disp;
    if (!fits_disp(sum)) return;
    one.disp = static_cast<std::int32_t>(sum);
    one.base = address.base;
    one.a = address.a;
    if (address.b != kNoRegister) {
      one.b = address.b;
      one.shift = address.shift;
    }
  }
}

// A comparison with 0 of what a comparison gave is that comparison, or its opposite.
void Optimiser::rewrite_condition(Instruction& one) {
  const bool is_equal = one.condition == Condition::kEqual;
  if (one.b != kNoRegister || one.imm != 0 || (!is_equal && one.condition != Condition::kNotEqual))
    return;
  const Fact* const known = fact(one.a);
  if (known == nullptr || known->known != Known::kCompare) return;
  const Instruction& compare = known->from;
  const bool is_float = compare.op == Op::kFloatCompare;
  // A selection's width is that of what is selected too.
  if (one.op == Op::kSelect && (is_float || (!one.is_float && compare.width != one.width))) return;
  if (is_float) {
    one.op = one.op == Op::kBranch   ? Op::kFloatBranch
             : one.op == Op::kTrapIf ? Op::kTrapIfFloat
                                     : Op::kFloatCompare;
  }
  one.width = compare.width;
  one.condition = is_equal ? negated(compare.condition) : compare.condition;
  one.a = compare.a;
  one.b = compare.b;
  one.imm = compare.imm;
}

void Optimiser::fold(Instruction& one) {
  std::int64_t value = 0;
  if (one.op == Op::kMove && !one.is_float && constant_of(one.a, value)) {
    one = {.op = Op::kConstant, .width = one.width, .dest = one.dest, .imm = value};
    return;
  }
  if (one.op == Op::kMove && one.a == one.dest) {
    one = {};
    return;
  }
  if (fold_constants(one)) return;
  // A power of two in place of a divisor or factor.
  if (one.op == Op::kMul && one.b == kNoRegister) {
    const std::uint64_t factor = as_unsigned(one.width, one.imm);
    if (std::has_single_bit(factor)) {
      one.op = Op::kShl;
      one.imm = std::countr_zero(factor);
    }
  }
  if ((one.op == Op::kDivUnsigned || one.op == Op::kRemUnsigned) && constant_of(one.b, value)) {
    const std::uint64_t divisor = as_unsigned(one.width, value);
    if (std::has_single_bit(divisor)) {
      const bool is_quotient = one.op == Op::kDivUnsigned;
      one.op = is_quotient ? Op::kShrUnsigned : Op::kAnd;
      one.b = kNoRegister;
      one.imm = is_quotient ? std::countr_zero(divisor) : static_cast<std::int64_t>(divisor - 1);
    }
  }
  // Nothing is done.
  const bool is_shift = one.op >= Op::kShl && one.op <= Op::kRotr;
  const bool is_sum = one.op == Op::kAdd || one.op == Op::kSub || one.op == Op::kOr ||
                      one.op == Op::kXor || one.op == Op::kAddChecked || one.op == Op::kSubChecked;
  if ((is_shift || is_sum) && one.b == kNoRegister && one.imm == 0)
    one = {.op = Op::kMove, .width = one.width, .dest = one.dest, .a = one.a};
  if (one.op == Op::kXor && one.b == kNoRegister && one.imm == 1 && one.width == Width::k32) {
    const Fact* const known = fact(one.a);
    if (known != nullptr && known->known == Known::kCompare) {
      Instruction opposite = known->from;
      opposite.dest = one.dest;
      opposite.condition = negated(opposite.condition);
      one = opposite;
    }
  }
}

// Whether the result, or where to go, is known.
bool Optimiser::fold_constants(Instruction& one) {
  std::int64_t a = 0;
  if (one.a == kNoRegister || one.b != kNoRegister || one.is_float || !constant_of(one.a, a))
    return false;
  const auto become = [&](std::int64_t value) {
    one = {.op = Op::kConstant, .width = one.width, .dest = one.dest, .imm = value};
    return true;
  };
  const Width width = one.width;
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(one.imm);
  const unsigned count = static_cast<unsigned>(y) & (8 * bytes_of(width) - 1);
  switch (one.op) {
    case Op::kAdd:
      return become(as_width(width, static_cast<std::int64_t>(x + y)));
    case Op::kSub:
      return become(as_width(width, static_cast<std::int64_t>(x - y)));
    case Op::kMul:
      return become(as_width(width, static_cast<std::int64_t>(x * y)));
    case Op::kAnd:
      return become(as_width(width, a & one.imm));
    case Op::kOr:
      return become(as_width(width, a | one.imm));
    case Op::kXor:
      return become(as_width(width, a ^ one.imm));
    case Op::kShl:
      return become(as_width(width, static_cast<std::int64_t>(x << count)));
    case Op::kShrUnsigned:
      return become(as_width(width, static_cast<std::int64_t>(as_unsigned(width, a) >> count)));
    case Op::kShrSigned:
      return become(as_width(width, as_width(width, a) >> count));
    case Op::kNeg:
      return become(as_width(width, static_cast<std::int64_t>(0 - x)));
    case Op::kNot:
      return become(as_width(width, ~a));
    case Op::kSignExtend:
      return become(one.from == Width::k8    ? std::int64_t{static_cast<std::int8_t>(a)}
                    : one.from == Width::k16 ? std::int64_t{static_cast<std::int16_t>(a)}
                                             : std::int64_t{static_cast<std::int32_t>(a)});
    case Op::kZeroExtend:
      return become(static_cast<std::int64_t>(one.from == Width::k8    ? x & 0xff
                                              : one.from == Width::k16 ? x & 0xffff
                                                                       : x & 0xffffffff));
    case Op::kCompare:
      return become(holds(one.condition, width, a, one.imm) ? 1 : 0);
    case Op::kBranch:
      one = {.op = Op::kJump,
             .target = holds(one.condition, width, a, one.imm) ? one.target : one.other};
      return true;
    case Op::kTrapIf:
      // What always traps ends the function all the same; its block goes on, for nobody.
      if (holds(one.condition, width, a, one.imm)) return false;
      one = {};
      return true;
    default:
      return false;
  }
}

// ---- What nobody reads ----

void Optimiser::remove_dead(Function& function) {
  uses_.assign(function.registers.size(), 0);
  for (const Instruction& one : function.instructions)
    for_each_use(function, one, [&](Register reg) { ++uses_[reg]; });
  // Definitions mostly come before uses: backward, one walk finds what falls with what.
  for (std::size_t b = function.blocks.size(); b-- != 0;) {
    const auto block = function.of(function.blocks[b]);
    for (std::size_t i = block.size(); i-- != 0;) {
      Instruction& one = block[i];
      if (one.op == Op::kNop || has_effect(one)) continue;
      if (one.dest != kNoRegister && uses_[one.dest] != 0) continue;
      for_each_use(function, one, [&](Register reg) { --uses_[reg]; });
      one = {};
    }
  }
}

}  // namespace smf::codegen
