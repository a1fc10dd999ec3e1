// Operators and casts.
#include <bit>
#include <limits>

#include "runtime/codegen/lowering.h"
#include "runtime/codegen/lowering_body.h"

namespace smf::codegen {

using mir::BinaryOp;
using mir::TypeKind;

namespace {

// As the interpreter has them.
constexpr std::string_view kDivision = "division by zero";
constexpr std::string_view kQuotient = "the quotient is too large";
constexpr std::string_view kOverflow = "overflow";
constexpr std::string_view kExponent = "negative exponent";
constexpr std::string_view kCount = "shift count too large";

Op integer_op(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return Op::kAdd;
    case BinaryOp::kSub:
      return Op::kSub;
    case BinaryOp::kMul:
      return Op::kMul;
    case BinaryOp::kBitAnd:
      return Op::kAnd;
    case BinaryOp::kBitOr:
      return Op::kOr;
    default:
      return Op::kXor;
  }
}

Op checked_op(BinaryOp op) {
  return op == BinaryOp::kAdd   ? Op::kAddChecked
         : op == BinaryOp::kSub ? Op::kSubChecked
                                : Op::kMulChecked;
}

Condition integer_condition(BinaryOp op, bool is_signed) {
  switch (op) {
    case BinaryOp::kEq:
      return Condition::kEqual;
    case BinaryOp::kNe:
      return Condition::kNotEqual;
    case BinaryOp::kLt:
      return is_signed ? Condition::kLess : Condition::kBelow;
    case BinaryOp::kLe:
      return is_signed ? Condition::kLessEqual : Condition::kBelowEqual;
    case BinaryOp::kGt:
      return is_signed ? Condition::kNotLessEqual : Condition::kNotBelowEqual;
    default:
      return is_signed ? Condition::kNotLess : Condition::kNotBelow;
  }
}

Condition float_condition(BinaryOp op) {
  switch (op) {
    case BinaryOp::kEq:
      return Condition::kEqual;
    case BinaryOp::kNe:
      return Condition::kNotEqual;
    case BinaryOp::kLt:
      return Condition::kLess;
    case BinaryOp::kLe:
      return Condition::kLessEqual;
    case BinaryOp::kGt:
      return Condition::kGreater;
    default:
      return Condition::kGreaterEqual;
  }
}

unsigned bits(TypeKind kind) { return 8 * bytes_of(memory_width(kind)); }

std::int64_t least(TypeKind kind) {
  return bits(kind) == 64 ? std::numeric_limits<std::int64_t>::min()
                          : -(std::int64_t{1} << (bits(kind) - 1));
}

}  // namespace

void Lowering::binary(const mir::Instruction& one, mir::Operand left, mir::Operand right) {
  const auto op = static_cast<BinaryOp>(one.detail);
  const mir::TypeId type = type_of(left);
  const TypeKind of = kind(type);
  if (op == BinaryOp::kOffset) {
    Element element{.at = {.a = scalar(left)}};
    add_index(element, right, size_of(unit().parts(type)[0]));
    return set_scalar(one.dest, finish_element(element));
  }
  const bool is_checked = one.op == mir::Op::kChecked;
  Register result = kNoRegister;
  if (mir::is_comparison(op)) {
    result = compare(op, of, left, right);
  } else if (mir::is_float(of)) {
    result = float_binary(op, of, left, right);
  } else {
    result = integer_binary(op, of, left, right, is_checked);
  }
  set_scalar(one.dest, result);
}

Register Lowering::integer_binary(BinaryOp op, TypeKind kind, mir::Operand left, mir::Operand right,
                                  bool is_checked) {
  if (mir::is_shift(op)) return shift(op, kind, left, right, is_checked);
  if (op == BinaryOp::kDiv || op == BinaryOp::kRem) return divide(op, kind, left, right);
  if (op == BinaryOp::kPow) return compute(op, kind, left, right, is_checked);
  const bool can_overflow = op == BinaryOp::kAdd || op == BinaryOp::kSub || op == BinaryOp::kMul;
  Instruction one{.op = integer_op(op), .width = held_width(kind)};
  one.a = scalar(left);
  one.b = scalar(right);
  if (is_checked && can_overflow && !is_narrow(kind)) {
    one.op = checked_op(op);
    one.is_signed = mir::is_signed(kind);
    one.target = trap_place(TrapKind::kOperation, kOverflow);
    return emit_to_new(Bank::kGeneral, one);
  }
  const Register result = emit_to_new(Bank::kGeneral, one);
  if (!can_overflow || !is_narrow(kind)) return result;
  if (!is_checked) return canonical(kind, result);
  // 32 bits hold what 8 or 16 give.
  const Register fitting =
      emit_to_new(Bank::kGeneral, {.op = mir::is_signed(kind) ? Op::kSignExtend : Op::kZeroExtend,
                                   .width = Width::k32,
                                   .from = memory_width(kind),
                                   .a = result});
  trap_if(Condition::kNotEqual, Width::k32, fitting, result, kOverflow);
  return fitting;
}

Register Lowering::shift(BinaryOp op, TypeKind kind, mir::Operand left, mir::Operand right,
                         bool is_checked) {
  const TypeKind count_kind = this->kind(type_of(right));
  const bool is_left = op == BinaryOp::kShl;
  const Register value = scalar(left);
  Register count = scalar(right);
  if (is_checked && is_left) {
    // A negative one is a very large one.
    const Register wide = widen(count_kind, count);
    trap_if(Condition::kNotBelow, Width::k64, wide, std::int64_t{bits(kind)}, kCount);
  }
  if (is_narrow(kind)) {
    count = emit_to_new(Bank::kGeneral, {.op = Op::kAnd,
                                         .width = Width::k32,
                                         .a = count,
                                         .imm = static_cast<std::int64_t>(bits(kind) - 1)});
  }
  const Register result =
      emit_to_new(Bank::kGeneral, {.op = is_left                ? Op::kShl
                                         : mir::is_signed(kind) ? Op::kShrSigned
                                                                : Op::kShrUnsigned,
                                   .width = held_width(kind),
                                   .a = value,
                                   .b = count});
  return is_left ? canonical(kind, result) : result;
}

Register Lowering::divide(BinaryOp op, TypeKind kind, mir::Operand left, mir::Operand right) {
  const Width width = held_width(kind);
  const bool is_signed = mir::is_signed(kind);
  const Register a = scalar(left), b = scalar(right);
  bool may_be_zero = true, may_be_minus_one = is_signed;
  if (!right.is_local()) {
    const auto value =
        mir::normalize(kind, unit().constants[right.index].kind == mir::ValueKind::kZero
                                 ? 0
                                 : unit().constants[right.index].bits);
    may_be_zero = value == 0;
    may_be_minus_one = is_signed && value == ~mir::Scalar{0};
  }
  if (may_be_zero) trap_if(Condition::kEqual, width, b, std::int64_t{0}, kDivision);
  if (may_be_minus_one) {
    // 0 where the one is the least number and the other -1.
    const Register first =
        emit_to_new(Bank::kGeneral, {.op = Op::kXor, .width = width, .a = a, .imm = least(kind)});
    const Register second = emit_to_new(Bank::kGeneral, {.op = Op::kNot, .width = width, .a = b});
    const Register either =
        emit_to_new(Bank::kGeneral, {.op = Op::kOr, .width = width, .a = first, .b = second});
    trap_if(Condition::kEqual, width, either, std::int64_t{0}, kQuotient);
  }
  const bool is_quotient = op == BinaryOp::kDiv;
  return emit_to_new(Bank::kGeneral,
                     {.op = is_signed ? (is_quotient ? Op::kDivSigned : Op::kRemSigned)
                                      : (is_quotient ? Op::kDivUnsigned : Op::kRemUnsigned),
                      .width = width,
                      .a = a,
                      .b = b});
}

Register Lowering::compare(BinaryOp op, TypeKind kind, mir::Operand left, mir::Operand right) {
  const bool is_float = mir::is_float(kind);
  return emit_to_new(
      Bank::kGeneral,
      {.op = is_float ? Op::kFloatCompare : Op::kCompare,
       .width = held_width(kind),
       .condition = is_float ? float_condition(op) : integer_condition(op, mir::is_signed(kind)),
       .a = scalar(left),
       .b = scalar(right)});
}

Register Lowering::float_binary(BinaryOp op, TypeKind kind, mir::Operand left, mir::Operand right) {
  Op found = Op::kNop;
  switch (op) {
    case BinaryOp::kAdd:
      found = Op::kFloatAdd;
      break;
    case BinaryOp::kSub:
      found = Op::kFloatSub;
      break;
    case BinaryOp::kMul:
      found = Op::kFloatMul;
      break;
    case BinaryOp::kDiv:
      found = Op::kFloatDiv;
      break;
    default:
      return compute(op, kind, left, right, false);
  }
  return emit_to_new(
      Bank::kVector,
      {.op = found, .width = held_width(kind), .a = scalar(left), .b = scalar(right)});
}

// What is rare: powers, and remainders of floats.
Register Lowering::compute(BinaryOp op, TypeKind kind, mir::Operand left, mir::Operand right,
                           bool is_checked) {
  const Register a = bits_of(kind, scalar(left)), b = bits_of(kind, scalar(right));
  if (op == BinaryOp::kPow && mir::is_signed(kind))
    trap_if(Condition::kLess, Width::k64, b, std::int64_t{0}, kExponent);
  const Location traps = new_slot(8, 8);
  Instruction none = memory(Op::kStore, Width::k64, traps);
  emit(none);
  const std::int64_t what = static_cast<std::int64_t>(op) | static_cast<std::int64_t>(kind) << 8 |
                            std::int64_t{is_checked} << 16;
  const Register arguments[] = {a, b, constant(what), address_of(traps)};
  const Register result = call_runtime("compute_binary", arguments, true);
  if (is_checked && !mir::is_float(kind)) {
    const Register trapped = load_scalar(TypeKind::kU32, traps);
    trap_if(Condition::kNotEqual, Width::k32, trapped, std::int64_t{0}, kOverflow);
  }
  return from_bits(kind, result);
}

// As mir::Scalar has it, in 64 bits of a general register.
Register Lowering::bits_of(TypeKind kind, Register value) {
  if (!mir::is_float(kind)) return widen(kind, value);
  const Register bits = emit_to_new(
      Bank::kGeneral, {.op = Op::kBitsFromFloat, .width = held_width(kind), .a = value});
  return kind == TypeKind::kF32 ? widen(TypeKind::kU32, bits) : bits;
}

// The other way.
Register Lowering::from_bits(TypeKind kind, Register bits) {
  if (!mir::is_float(kind)) return bits;
  return emit_to_new(Bank::kVector, {.op = Op::kBitsToFloat, .width = held_width(kind), .a = bits});
}

Register Lowering::unary(mir::UnaryOp op, TypeKind kind, Register value) {
  if (mir::is_float(kind)) {
    return emit_to_new(Bank::kVector, {.op = Op::kFloatNeg, .width = held_width(kind), .a = value});
  }
  if (op == mir::UnaryOp::kNot) {
    return emit_to_new(Bank::kGeneral, {.op = Op::kXor, .width = Width::k32, .a = value, .imm = 1});
  }
  const Register result =
      emit_to_new(Bank::kGeneral, {.op = op == mir::UnaryOp::kNeg ? Op::kNeg : Op::kNot,
                                   .width = held_width(kind),
                                   .a = value});
  return canonical(kind, result);
}

// ---- Casts ----

Register Lowering::cast(TypeKind from, TypeKind to, Register value) {
  if (to == TypeKind::kBool) {
    if (!mir::is_float(from)) {
      return emit_to_new(Bank::kGeneral, {.op = Op::kCompare,
                                          .width = held_width(from),
                                          .condition = Condition::kNotEqual,
                                          .a = value});
    }
    const Register zero =
        emit_to_new(Bank::kVector, {.op = Op::kFloatConstant, .width = held_width(from)});
    return emit_to_new(Bank::kGeneral, {.op = Op::kFloatCompare,
                                        .width = held_width(from),
                                        .condition = Condition::kNotEqual,
                                        .a = value,
                                        .b = zero});
  }
  if (mir::is_float(from) && mir::is_float(to)) {
    if (from == to) return value;
    return emit_to_new(Bank::kVector,
                       {.op = to == TypeKind::kF64 ? Op::kFloatWiden : Op::kFloatNarrow,
                        .width = held_width(to),
                        .a = value});
  }
  if (mir::is_float(from)) return to_integer(from, to, value);
  if (mir::is_float(to)) {
    // 8 and 16 bits are extended to 32 that are signed.
    const bool is_signed = mir::is_signed(from) || memory_width(from) < Width::k32;
    return emit_to_new(Bank::kVector, {.op = is_signed ? Op::kFromSigned : Op::kFromUnsigned,
                                       .width = held_width(to),
                                       .from = held_width(from),
                                       .a = value});
  }
  if (held_width(to) == Width::k64) return widen(from, value);
  // A copy: what is cast stays what it is.
  const bool is_inside =
      memory_width(from) < memory_width(to) && (mir::is_signed(to) || !mir::is_signed(from));
  if (!is_narrow(to) || is_inside ||
      (memory_width(from) == memory_width(to) && mir::is_signed(from) == mir::is_signed(to)))
    return value;
  return emit_to_new(Bank::kGeneral, {.op = mir::is_signed(to) ? Op::kSignExtend : Op::kZeroExtend,
                                      .width = Width::k32,
                                      .from = memory_width(to),
                                      .a = value});
}

Register Lowering::to_integer(TypeKind from, TypeKind to, Register value) {
  const bool is_signed = mir::is_signed(to) || is_narrow(to);
  const Register wide =
      emit_to_new(Bank::kGeneral, {.op = is_signed ? Op::kToSigned : Op::kToUnsigned,
                                   .width = held_width(from),
                                   .from = held_width(to),
                                   .a = value});
  if (!is_narrow(to)) return wide;
  const std::int64_t low = mir::is_signed(to) ? least(to) : 0;
  const std::int64_t high = low + (std::int64_t{1} << bits(to)) - 1;
  const Register lowest = constant(low, Width::k32), highest = constant(high, Width::k32);
  const Register above = select(Condition::kLess, Width::k32, wide, lowest, lowest, wide);
  return select(Condition::kLess, Width::k32, highest, above, highest, above);
}

Register Lowering::select(Condition condition, Width width, Register a, Register b, Register then,
                          Register other) {
  return emit_to_new(Bank::kGeneral, {.op = Op::kSelect,
                                      .width = width,
                                      .condition = condition,
                                      .a = a,
                                      .b = b,
                                      .c = then,
                                      .d = other});
}

void Lowering::bitcast(mir::LocalId dest, mir::Operand operand) {
  const mir::TypeId from = type_of(operand), to = type_of_local(dest);
  const ValueType before = value_type(from), after = value_type(to);
  if (after.shape == Shape::kNothing) return;
  if (before.shape != Shape::kScalar || after.shape != Shape::kScalar)
    return load(to, local(dest), in_memory(from, value(operand)));
  const TypeKind old_kind = kind(from), new_kind = kind(to);
  const Register given = scalar(operand);
  if (mir::is_float(old_kind) && mir::is_float(new_kind)) return set_scalar(dest, given);
  if (mir::is_float(new_kind)) return set_scalar(dest, from_bits(new_kind, given));
  if (mir::is_float(old_kind)) return set_scalar(dest, bits_of(old_kind, given));
  // Of a size, and the one may be signed where the other is not.
  set_scalar(dest, cast(old_kind, new_kind, given));
}

}  // namespace smf::codegen
