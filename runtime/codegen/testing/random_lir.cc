#include "runtime/codegen/testing/random_lir.h"

#include <algorithm>
#include <array>

namespace smf::codegen {
namespace {

constexpr std::uint32_t kSlotBytes = 256;
constexpr unsigned kMaxNesting = 3;

template <typename T, std::size_t n>
T one_of(const T (&choices)[n], std::uint64_t number) {
  return choices[number % n];
}

}  // namespace

RandomLir::RandomLir(std::uint64_t seed, const RandomLirOptions& options)
    : random_(seed), options_(options) {
  const Register buffer = builder_.parameter(Bank::kGeneral);
  builder_.block();
  for (std::uint32_t& slot : slots_) {
    slot = builder_.slot(kSlotBytes, any(2) == 0 ? 8 : 16);
    builder_.add({.op = Op::kZeroBytes, .base = Base::kSlot, .a = slot, .imm = kSlotBytes});
  }
  for (unsigned n = 0; n != options.variables; ++n) {
    const auto kind = static_cast<Kind>(any(4));
    const auto offset = static_cast<std::int32_t>(8 * n);
    const Register reg = is_vector(kind) ? builder_.float_load(buffer, offset, width_of(kind))
                                         : builder_.load(buffer, offset);
    variables_.push_back({reg, kind});
  }
  statements(options.statements, 0);
  for (std::size_t n = 0; n != variables_.size(); ++n)
    builder_.store(buffer, static_cast<std::int32_t>(8 * n), variables_[n].reg,
                   width_of(variables_[n].kind));
  builder_.give_back();
}

bool RandomLir::is_float(std::size_t word, Width width) const {
  return word < variables_.size() && variables_[word].kind == float_kind(width);
}

Register RandomLir::new_register(Kind kind) {
  return is_vector(kind) ? builder_.vector() : builder_.general();
}

// One that holds such a value. 64 bits hold 32, too.
Register RandomLir::value(Kind kind) {
  std::vector<Register> found;
  const auto look = [&](const std::vector<Variable>& among) {
    for (const Variable& variable : among)
      if (variable.kind == kind || (kind == Kind::kInteger32 && variable.kind == Kind::kInteger64))
        found.push_back(variable.reg);
  };
  look(variables_);
  look(temporaries_);
  if (!found.empty()) return found[any(found.size())];
  const Register made = new_register(kind);
  builder_.add({.op = is_vector(kind) ? Op::kFloatConstant : Op::kConstant,
                .width = width_of(kind),
                .dest = made,
                .imm = static_cast<std::int64_t>(any(1000))});
  return made;
}

// One to write to, after value() has been called for what is read.
Register RandomLir::target(Kind kind) {
  std::vector<Register> found;
  for (const Variable& variable : variables_)
    if (variable.kind == kind) found.push_back(variable.reg);
  if (!found.empty() && any(3) != 0) return found[any(found.size())];
  const Register made = new_register(kind);
  temporaries_.push_back({made, kind});
  return made;
}

std::int64_t RandomLir::any_constant() {
  switch (any(4)) {
    case 0:
      return static_cast<std::int64_t>(any(20)) - 10;
    case 1:
      return static_cast<std::int64_t>(random_());
    case 2:
      return static_cast<std::int32_t>(random_());
    default:
      return std::int64_t{1} << any(64);
  }
}

void RandomLir::statements(unsigned count, unsigned nesting) {
  const std::size_t outside = temporaries_.size();
  for (unsigned n = 0; n != count; ++n) {
    const std::uint64_t choice = any(14);
    if (choice == 0 && nesting < kMaxNesting)
      condition(nesting);
    else if (choice == 1 && nesting < kMaxNesting)
      loop(nesting);
    else
      statement();
  }
  temporaries_.resize(outside);
}

void RandomLir::statement() {
  switch (any(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return integer_binary();
    case 4:
    case 5:
      return integer_unary();
    case 6:
      return division();
    case 7:
    case 8:
      return compared();
    case 9:
    case 10:
      return floating();
    case 11:
      return converted();
    case 12:
      return memory();
    case 13:
      return bytes();
    case 14:
      if (options_.has_traps && any(2) == 0) return trap_if();
      return integer_binary();
    default:
      if (options_.has_calls) return call();
      return integer_binary();
  }
}

void RandomLir::integer_binary() {
  constexpr Op kOps[] = {Op::kAdd, Op::kSub,         Op::kMul,       Op::kAnd,  Op::kOr,  Op::kXor,
                         Op::kShl, Op::kShrUnsigned, Op::kShrSigned, Op::kRotl, Op::kRotr};
  const Width width = any(2) == 0 ? Width::k32 : Width::k64;
  const Kind kind = integer_kind(width);
  Instruction i{.op = one_of(kOps, random_()), .width = width, .a = value(kind)};
  if (any(3) == 0)
    i.imm = any_constant();
  else
    i.b = value(kind);
  i.dest = target(kind);
  builder_.add(i);
}

void RandomLir::integer_unary() {
  constexpr Op kOps[] = {Op::kMove, Op::kNeg,      Op::kNot,        Op::kPopcount,   Op::kClz,
                         Op::kCtz,  Op::kByteSwap, Op::kSignExtend, Op::kZeroExtend, Op::kConstant};
  const Width width = any(2) == 0 ? Width::k32 : Width::k64;
  Instruction i{.op = one_of(kOps, random_()), .width = width};
  if (i.op == Op::kConstant) {
    i.imm = any_constant();
  } else if (i.op == Op::kSignExtend || i.op == Op::kZeroExtend) {
    i.from = static_cast<Width>(any(3));
    i.a = value(Kind::kInteger32);
  } else {
    i.a = value(integer_kind(width));
  }
  i.dest = target(integer_kind(width));
  builder_.add(i);
}

void RandomLir::division() {
  constexpr Op kOps[] = {Op::kDivUnsigned, Op::kDivSigned,     Op::kRemUnsigned,
                         Op::kRemSigned,   Op::kMulHighSigned, Op::kMulHighUnsigned};
  Instruction i{.op = one_of(kOps, random_()), .width = any(2) == 0 ? Width::k32 : Width::k64};
  if (i.op == Op::kMulHighSigned || i.op == Op::kMulHighUnsigned) i.width = Width::k64;
  const Kind kind = integer_kind(i.width);
  i.a = value(kind);
  // Positive.
  const Register half = builder_.immediate(Op::kShrUnsigned, i.width, value(kind), 1);
  i.b = builder_.immediate(Op::kOr, i.width, half, 1);
  i.dest = target(kind);
  builder_.add(i);
}

// Of operands of any kind; by which of the two operations.
Instruction RandomLir::comparison(Op integer, Op floating) {
  const auto kind = static_cast<Kind>(any(4));
  Instruction i{.width = width_of(kind), .a = value(kind)};
  if (is_vector(kind)) {
    constexpr Condition kFloatOnly[] = {Condition::kEqual,        Condition::kNotEqual,
                                        Condition::kLess,         Condition::kNotLess,
                                        Condition::kLessEqual,    Condition::kNotLessEqual,
                                        Condition::kGreater,      Condition::kNotGreater,
                                        Condition::kGreaterEqual, Condition::kNotGreaterEqual};
    i.op = floating;
    i.condition = one_of(kFloatOnly, random_());
    i.b = value(kind);
    return i;
  }
  i.op = integer;
  i.condition = static_cast<Condition>(any(10));
  if (any(2) == 0)
    i.imm = any_constant();
  else
    i.b = value(kind);
  return i;
}

void RandomLir::compared() {
  Instruction i = comparison(Op::kCompare, Op::kFloatCompare);
  if (i.op == Op::kFloatCompare || any(2) == 0) {
    i.dest = target(Kind::kInteger32);
  } else {
    const auto kind = static_cast<Kind>(any(4));
    i.op = Op::kSelect;
    i.is_float = is_vector(kind);
    i.c = value(kind);
    i.d = value(kind);
    i.dest = target(kind);
  }
  builder_.add(i);
}

void RandomLir::floating() {
  constexpr Op kOps[] = {Op::kFloatAdd,  Op::kFloatSub, Op::kFloatMul, Op::kFloatDiv,
                         Op::kFloatSqrt, Op::kFloatNeg, Op::kFloatAbs, Op::kMove};
  const Width width = any(2) == 0 ? Width::k32 : Width::k64;
  Instruction i{.op = one_of(kOps, random_()), .width = width, .a = value(float_kind(width))};
  if (i.op <= Op::kFloatDiv && i.op >= Op::kFloatAdd) i.b = value(float_kind(width));
  i.is_float = i.op == Op::kMove;
  i.dest = target(float_kind(width));
  builder_.add(i);
}

void RandomLir::converted() {
  constexpr Op kOps[] = {Op::kFloatWiden,   Op::kFloatNarrow, Op::kFromSigned,
                         Op::kFromUnsigned, Op::kToSigned,    Op::kToUnsigned};
  const Op op = one_of(kOps, random_());
  const Width width = op == Op::kFloatWiden    ? Width::k64
                      : op == Op::kFloatNarrow ? Width::k32
                      : any(2) == 0            ? Width::k32
                                               : Width::k64;
  Instruction i{.op = op, .width = width, .from = any(2) == 0 ? Width::k32 : Width::k64};
  if (op == Op::kFloatWiden || op == Op::kFloatNarrow) {
    i.a = value(op == Op::kFloatWiden ? Kind::kFloat : Kind::kDouble);
    i.dest = target(float_kind(width));
  } else if (op == Op::kFromSigned || op == Op::kFromUnsigned) {
    i.a = value(integer_kind(i.from));
    i.dest = target(float_kind(width));
  } else {
    i.a = value(float_kind(width));
    i.dest = target(integer_kind(i.from));
  }
  builder_.add(i);
}

// Integers in the first slot, at an index.
void RandomLir::memory() {
  const Register index = builder_.immediate(Op::kAnd, Width::k64, value(Kind::kInteger64), 7);
  Instruction i{.op = Op::kLoad,
                .width = static_cast<Width>(any(4)),
                .base = Base::kSlot,
                .shift = static_cast<std::uint8_t>(any(4)),
                .is_signed = any(2) == 0,
                .a = slots_[0],
                .b = index,
                .disp = static_cast<std::int32_t>(any(64))};
  if (any(2) == 0) {
    Instruction address{
        .op = Op::kAddress, .base = Base::kSlot, .dest = builder_.general(), .a = slots_[0]};
    i.base = Base::kRegister;
    i.a = address.dest;
    builder_.add(address);
  }
  if (any(2) == 0) {
    i.op = Op::kStore;
    if (any(4) == 0)
      i.imm = any_constant();
    else
      i.c = value(integer_kind(i.width));
  } else {
    i.dest = target(i.width == Width::k64 ? Kind::kInteger64 : Kind::kInteger32);
  }
  builder_.add(i);
}

void RandomLir::bytes() {
  const auto at = static_cast<std::int32_t>(any(20));
  const auto size = static_cast<std::int64_t>(any(kSlotBytes - 20));
  if (any(4) == 0) {
    builder_.add(
        {.op = Op::kZeroBytes, .base = Base::kSlot, .a = slots_[1], .disp = at, .imm = size});
    return;
  }
  const std::uint64_t from = any(2);
  const Register source = builder_.general();
  builder_.add({.op = Op::kAddress, .base = Base::kSlot, .dest = source, .a = slots_[from]});
  builder_.add({.op = Op::kCopyBytes,
                .base = Base::kSlot,
                .a = slots_[1 - from],
                .c = source,
                .disp = at,
                .imm = size});
}

void RandomLir::call() {
  if (any(2) == 0) {
    const Register one = value(Kind::kInteger64), other = value(Kind::kInteger64);
    const Register third = value(Kind::kDouble);
    builder_.call_symbol("mix", {one, other, third}, {target(Kind::kInteger64)});
  } else {
    const Register one = value(Kind::kDouble), other = value(Kind::kDouble);
    const Register third = value(Kind::kInteger64);
    builder_.call_symbol("mix_float", {one, other, third}, {target(Kind::kDouble)});
  }
}

void RandomLir::trap_if() {
  Instruction i = comparison(Op::kTrapIf, Op::kTrapIfFloat);
  if (any(2) == 0) {
    const Register a = value(Kind::kInteger64), b = value(Kind::kInteger64);
    i = {.op = any(2) == 0 ? Op::kAddChecked : Op::kSubChecked,
         .is_signed = any(2) == 0,
         .dest = target(Kind::kInteger64),
         .a = a,
         .b = b};
  }
  i.target = builder_.trap("trap " + std::to_string(builder_.function().traps.size()));
  builder_.add(i);
}

void RandomLir::condition(unsigned nesting) {
  const Instruction test = comparison(Op::kBranch, Op::kFloatBranch);
  const std::size_t branch = builder_.function().instructions.size();
  builder_.add(test);
  const bool has_other = any(2) == 0;
  const std::uint32_t first = builder_.block(depth_);
  statements(static_cast<unsigned>(any(6)), nesting + 1);
  const std::size_t jump = builder_.function().instructions.size();
  builder_.jump(0);
  std::uint32_t other = 0;
  if (has_other) {
    other = builder_.block(depth_);
    statements(static_cast<unsigned>(any(6)), nesting + 1);
    const std::size_t last = builder_.function().instructions.size();
    builder_.jump(0);
    builder_.function().instructions[last].target =
        static_cast<std::uint32_t>(builder_.function().blocks.size());
  }
  const std::uint32_t after = builder_.block(depth_);
  auto& instructions = builder_.function().instructions;
  instructions[jump].target = after;
  if (!has_other) other = after;
  const bool swapped = any(2) == 0;
  instructions[branch].target = swapped ? other : first;
  instructions[branch].other = swapped ? first : other;
}

void RandomLir::loop(unsigned nesting) {
  const Register counter = builder_.constant(static_cast<std::int64_t>(any(4) + 1));
  builder_.jump(static_cast<std::uint32_t>(builder_.function().blocks.size()));
  ++depth_;
  const std::uint32_t head = builder_.block(depth_);
  statements(static_cast<unsigned>(any(6)), nesting + 1);
  builder_.add({.op = Op::kSub, .dest = counter, .a = counter, .imm = 1});
  const auto after = static_cast<std::uint32_t>(builder_.function().blocks.size());
  builder_.branch_immediate(Condition::kNotEqual, Width::k64, counter, 0, head, after);
  --depth_;
  builder_.block(depth_);
}

}  // namespace smf::codegen
