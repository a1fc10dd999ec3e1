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

// Of what can be learnt from.
bool tells_something(Op op) {
  return (op >= Op::kConstant && op <= Op::kAdd) || op == Op::kAddress || op == Op::kCompare ||
         op == Op::kFloatCompare;
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

// Of split_registers().
constexpr std::uint32_t kElsewhere = ~std::uint32_t{0};

}  // namespace

void Optimiser::optimise(Function& function) {
  find_first_order(function);
  if (!is_in_order(function)) rebuild(function, false);
  find_runs(function);
  split_registers(function);
  propagate(function);
  remove_dead(function);
  join_moves(function);
  if (has_loops_) hoist_invariants(function);
  thread_jumps(function);
  if (is_changed_) {
    find_order(function, false);
    if (has_loops_) find_depths(function);
  }
  if (has_loops_ && has_depth_behind(function)) find_order(function, true);
  rebuild(function, true);
}

// ---- What is known of registers ----

bool Optimiser::is_current(Register reg, std::uint32_t version, std::uint32_t run) const {
  return reg == kNoRegister || definitions_[reg] == 1 || (versions_[reg] == version && run == run_);
}

const Optimiser::Fact* Optimiser::current_fact(Register reg) const {
  const Fact& found = facts_[reg];
  const bool is_true = is_current(reg, found.version, found.run) &&
                       is_current(found.a, found.a_version, found.run) &&
                       is_current(found.b, found.b_version, found.run);
  return is_true ? &found : nullptr;
}

Register Optimiser::source_of(Register reg) const {
  // What is copied was followed when it was learnt, so there is one step.
  const Fact* const known = fact(reg, Known::kCopy);
  return known != nullptr ? known->a : reg;
}

bool Optimiser::constant_of(Register reg, std::int64_t& value) const {
  const Fact* const known = fact(reg, Known::kConstant);
  if (known != nullptr) value = known->value;
  return known != nullptr;
}

void Optimiser::define(Register reg) {
  ++versions_[reg];
  facts_[reg].known = Known::kNothing;
}

void Optimiser::learn(const Instruction& one) {
  if (!tells_something(one.op)) return;
  Fact learnt{.op = one.op, .width = one.width, .run = run_};
  switch (one.op) {
    case Op::kConstant:
      learnt.known = Known::kConstant;
      learnt.value = one.imm;
      break;
    case Op::kMove:
      learnt.known = Known::kCopy;
      learnt.a = one.a;
      break;
    case Op::kAddress:
      // Others cannot be part of a load or store.
      if (one.base != Base::kRegister && one.base != Base::kSlot && one.base != Base::kPool) return;
      learnt.known = Known::kAddress;
      learnt.base = one.base;
      (one.base == Base::kRegister ? learnt.a : learnt.place) = one.a;
      learnt.b = one.b;
      learnt.shift = one.shift;
      learnt.value = one.disp;
      break;
    case Op::kAdd:
      // An address, where a constant is added.
      if (one.width != Width::k64 || one.b != kNoRegister || !fits_disp(one.imm)) return;
      learnt.known = Known::kAddress;
      learnt.a = one.a;
      learnt.value = one.imm;
      break;
    case Op::kCompare:
    case Op::kFloatCompare:
      learnt.known = Known::kCompare;
      learnt.condition = one.condition;
      learnt.a = one.a;
      learnt.b = one.b;
      learnt.value = one.imm;
      break;
    default:
      return;
  }
  // What is computed from itself is not what it was.
  if (learnt.a == one.dest || learnt.b == one.dest) return;
  learnt.version = versions_[one.dest];
  if (learnt.a != kNoRegister) learnt.a_version = versions_[learnt.a];
  if (learnt.b != kNoRegister) learnt.b_version = versions_[learnt.b];
  facts_[one.dest] = learnt;
}

// Blocks of which each follows the one before, and no other: one piece of code, but for what leaves
// it. Runs are numbered from 1.
void Optimiser::find_runs(const Function& function) {
  const auto blocks = static_cast<std::uint32_t>(function.blocks.size());
  predecessors_.assign(blocks, 0);
  runs_.resize(blocks);
  has_loops_ = false;
  for (std::uint32_t b = 0; b != blocks; ++b) {
    const Successors next = successors(function.of(function.blocks[b]).back());
    // Whether it goes on, as far as this one tells; who else leads there is known in the end.
    runs_[b] = 0;
    for (std::uint32_t i = 0; i != next.count; ++i) {
      ++predecessors_[next.blocks[i]];
      if (next.blocks[i] == b + 1) runs_[b] = 1;
      has_loops_ = has_loops_ || next.blocks[i] <= b;
    }
  }
  std::uint32_t run = 0;
  bool leads_on = false;
  for (std::uint32_t b = 0; b != blocks; ++b) {
    if (!leads_on || predecessors_[b] != 1) ++run;
    leads_on = runs_[b] != 0;
    runs_[b] = run;
  }
}

// A compiler's temporary that is used again and again is as many registers, where each value is
// used in the run in which it was defined: then each has one definition.
void Optimiser::split_registers(Function& function) {
  // The run that defined it last; kElsewhere once a run reads what it has not defined.
  std::vector<std::uint32_t>& defined = positions_;
  defined.assign(function.registers.size(), 0);
  definitions_.assign(function.registers.size(), 0);
  for (const Transfer& parameter : function.of(function.parameters)) {
    defined[parameter.reg] = 1;
    ++definitions_[parameter.reg];
  }
  for (std::uint32_t b = 0; b != function.blocks.size(); ++b) {
    const std::uint32_t run = runs_[b];
    for (const Instruction& one : function.of(function.blocks[b])) {
      for_each_use(function, one, [&](Register reg) {
        if (defined[reg] != run) defined[reg] = kElsewhere;
      });
      for_each_definition(function, one, [&](Register reg) {
        ++definitions_[reg];
        if (defined[reg] != kElsewhere) defined[reg] = run;
      });
    }
  }
  bool is_any = false;
  for (Register reg = 0; reg != function.registers.size(); ++reg)
    is_any = is_any || (definitions_[reg] > 1 && defined[reg] != kElsewhere);
  if (is_any) rename_split(function, defined);
}

// Each definition but the last gets a register of its own, and what reads it up to the next.
// `defined` is what split_registers() found.
void Optimiser::rename_split(Function& function, const std::vector<std::uint32_t>& defined) {
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
  facts_.resize(count);
  for (Fact& fact : facts_) fact.known = Known::kNothing;
  versions_.assign(count, 0);
  uses_.assign(count, 0);
  for (std::uint32_t b = 0; b != function.blocks.size(); ++b) {
    run_ = runs_[b];
    for (Instruction& one : function.of(function.blocks[b])) {
      rewrite(function, one);
      // It stays as it is now, so this is the time to count.
      for_each_use(function, one, [&](Register reg) { ++uses_[reg]; });
      for_each_definition(function, one, [&](Register reg) { define(reg); });
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
    const Fact* const address = fact(one.a, Known::kAddress);
    if (address == nullptr || (address->b != kNoRegister && one.b != kNoRegister)) return;
    const std::int64_t sum = one.disp + address->value;
    if (!fits_disp(sum)) return;
    one.disp = static_cast<std::int32_t>(sum);
    one.base = address->base;
    one.a = one.base == Base::kRegister ? address->a : address->place;
    if (address->b != kNoRegister) {
      one.b = address->b;
      one.shift = address->shift;
    }
  }
}

// A comparison with 0 of what a comparison gave is that comparison, or its opposite.
void Optimiser::rewrite_condition(Instruction& one) {
  const bool is_equal = one.condition == Condition::kEqual;
  if (one.b != kNoRegister || one.imm != 0 || (!is_equal && one.condition != Condition::kNotEqual))
    return;
  const Fact* const compare = fact(one.a, Known::kCompare);
  if (compare == nullptr) return;
  const bool is_float = compare->op == Op::kFloatCompare;
  // A selection's width is that of what is selected too.
  if (one.op == Op::kSelect && (is_float || (!one.is_float && compare->width != one.width))) return;
  if (is_float) {
    one.op = one.op == Op::kBranch   ? Op::kFloatBranch
             : one.op == Op::kTrapIf ? Op::kTrapIfFloat
                                     : Op::kFloatCompare;
  }
  one.width = compare->width;
  one.condition = is_equal ? negated(compare->condition) : compare->condition;
  one.a = compare->a;
  one.b = compare->b;
  one.imm = compare->value;
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
    if (const Fact* const compare = fact(one.a, Known::kCompare)) {
      one = {.op = compare->op,
             .width = compare->width,
             .condition = negated(compare->condition),
             .dest = one.dest,
             .a = compare->a,
             .b = compare->b,
             .imm = compare->value};
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
      is_changed_ = true;
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

// uses_ is what propagate() counted. Lists moves_ for join_moves().
void Optimiser::remove_dead(Function& function) {
  moves_.clear();
  // Definitions mostly come before uses: backward, one walk finds what falls with what.
  for (std::size_t b = function.blocks.size(); b-- != 0;) {
    const auto block = function.of(function.blocks[b]);
    for (std::size_t i = block.size(); i-- != 0;) {
      Instruction& one = block[i];
      if (has_effect(one) || one.op == Op::kNop) continue;
      if (one.dest != kNoRegister && uses_[one.dest] != 0) {
        if (one.op == Op::kMove) moves_.push_back(one.a);
        continue;
      }
      for_each_use(function, one, [&](Register reg) { --uses_[reg]; });
      one = {};
    }
  }
}

}  // namespace smf::codegen
