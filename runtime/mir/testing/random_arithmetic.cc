// Statements that compute scalars.
#include <algorithm>
#include <array>

#include "runtime/mir/testing/random_body.h"

namespace smf::mir {
namespace {

constexpr std::array kWholes = {BinaryOp::kAdd,    BinaryOp::kSub,   BinaryOp::kMul,
                                BinaryOp::kDiv,    BinaryOp::kRem,   BinaryOp::kPow,
                                BinaryOp::kBitAnd, BinaryOp::kBitOr, BinaryOp::kBitXor,
                                BinaryOp::kShl,    BinaryOp::kShr};
constexpr std::array kComparisons = {BinaryOp::kEq, BinaryOp::kNe, BinaryOp::kLt,
                                     BinaryOp::kLe, BinaryOp::kGt, BinaryOp::kGe};

// Half as wide, as signed; kNever where there is none.
TypeKind half(TypeKind kind) {
  switch (kind) {
    case TypeKind::kI16:
      return TypeKind::kI8;
    case TypeKind::kI32:
      return TypeKind::kI16;
    case TypeKind::kI64:
      return TypeKind::kI32;
    case TypeKind::kU16:
    case TypeKind::kChar:
      return TypeKind::kU8;
    case TypeKind::kU32:
      return TypeKind::kU16;
    case TypeKind::kU64:
      return TypeKind::kU32;
    default:
      return TypeKind::kNever;
  }
}

// The largest signed number of a type that is as wide.
std::uint64_t without_top(TypeKind kind) { return ~std::uint64_t{0} >> 1 >> (64 - bits_of(kind)); }

}  // namespace

Operand RandomBody::masked(TypeId type, Operand value, std::uint64_t mask) {
  return Operand::copy(emit_binary(BinaryOp::kBitAnd, type, value, integer(type, mask)));
}

// Makes operands of which it does not trap.
void RandomBody::guard(BinaryOp op, TypeId type, bool is_checked, Operand& left, Operand& right) {
  const TypeKind of_type = kind(type);
  const bool has_sign = is_signed(of_type);
  switch (op) {
    case BinaryOp::kDiv:
    case BinaryOp::kRem: {
      const Operand odd =
          Operand::copy(emit_binary(BinaryOp::kBitOr, type, right, integer(type, 1)));
      right = odd;
      if (!has_sign) return;
      if (chance(2)) {
        right = masked(type, odd, without_top(of_type));
      } else {
        left = Operand::copy(emit_binary(BinaryOp::kShr, type, left, integer(type, 1)));
      }
      return;
    }
    case BinaryOp::kPow:
      if (is_checked) left = masked(type, left, 3);
      if (is_checked || has_sign)
        right = masked(type, right, is_checked ? 3 : without_top(of_type));
      return;
    case BinaryOp::kShl:
      if (is_checked) right = masked(draft_.type_of(right), right, 7);
      return;
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
    case BinaryOp::kMul: {
      if (!is_checked) return;
      const TypeKind narrow = half(of_type);
      const auto small = [&](Operand operand) {
        if (narrow == TypeKind::kNever) return masked(type, operand, 7);
        return Operand::copy(emit_cast(Operand::copy(emit_cast(operand, of(narrow))), type));
      };
      left = small(left);
      right = small(right);
      if (op == BinaryOp::kSub && !has_sign) {
        const std::uint64_t above = without_top(of_type) + 1;
        left = Operand::copy(emit_binary(BinaryOp::kBitOr, type, left, integer(type, above)));
      }
      return;
    }
    default:
      return;
  }
}

void RandomBody::binary() {
  const TypeId type = types_.scalar();
  const TypeKind of_type = kind(type);
  BinaryOp op = choice_.of(kWholes);
  if (is_float(of_type)) op = kWholes[below(6)];
  if (of_type == TypeKind::kBool) op = kWholes[6 + below(3)];
  const bool is_checked = chance(2);
  Operand left = value(type);
  const TypeId right_type = is_shift(op) ? types_.integer() : type;
  Operand right = value(right_type);
  if (is_shift(op) && chance(2)) {
    // About the width.
    const std::uint64_t width = bits_of(of_type);
    right = integer(right_type, choice_.of(std::array{width - 1, width, width + 1, 2 * width}));
  }
  if (is_integer(of_type) && !may_trap()) {
    guard(op, type, is_checked, left, right);
  } else if (is_signed(of_type) && (op == BinaryOp::kDiv || op == BinaryOp::kRem) && chance(4)) {
    left = integer(type, without_top(of_type) + 1);
    right = integer(type, ~std::uint64_t{0});
  }
  const LocalId result = destination(type);
  emit({.op = is_checked ? Op::kChecked : Op::kBinary,
        .detail = static_cast<std::uint8_t>(op),
        .dest = result},
       {left, right});
  saw(result);
}

void RandomBody::compare() {
  const TypeId type = types_.scalar();
  const Operand left = value(type);
  const Operand right = chance(6) ? left : value(type);
  const LocalId result = destination(of(TypeKind::kBool));
  emit({.op = chance(2) ? Op::kChecked : Op::kBinary,
        .detail = static_cast<std::uint8_t>(choice_.of(kComparisons)),
        .dest = result},
       {left, right});
  saw(result);
}

void RandomBody::unary() {
  const TypeId type = types_.scalar();
  const UnaryOp op = kind(type) == TypeKind::kBool       ? UnaryOp::kNot
                     : is_float(kind(type)) || chance(2) ? UnaryOp::kNeg
                                                         : UnaryOp::kBitNot;
  const Operand operand = value(type);
  const LocalId result = destination(type);
  emit({.op = Op::kUnary, .detail = static_cast<std::uint8_t>(op), .dest = result}, {operand});
  saw(result);
}

void RandomBody::cast() {
  const Operand from = value(types_.scalar());
  const TypeId to = types_.scalar();
  const LocalId result = destination(to);
  emit({.op = Op::kCast, .dest = result, .type = to}, {from});
  saw(result);
}

// A type of as many bytes: mostly one of integers.
void RandomBody::bit_cast() {
  const std::uint64_t size = std::uint64_t{1} << below(4);
  const auto any = [&] {
    if (size == 1 && chance(3)) return of(TypeKind::kBool);
    if (size == 4 && chance(3)) return of(TypeKind::kF32);
    if (size == 8 && chance(3)) return of(TypeKind::kF64);
    return types_.solid(size);
  };
  const TypeId before = any();
  const TypeId after = any();
  Operand from = value(before);
  if (is_float(kind(before))) from = without_nan(from);
  // A Bool's byte may be any.
  if (kind(before) == TypeKind::kBool) {
    for (int i = 0; i != 2; ++i) {
      const LocalId opposite = temporary(before);
      emit({.op = Op::kUnary, .detail = static_cast<std::uint8_t>(UnaryOp::kNot), .dest = opposite},
           {from});
      from = Operand::copy(opposite);
    }
  }
  LocalId result = temporary(after);
  emit({.op = Op::kBitcast, .dest = result, .type = after}, {from});
  const Operand seen =
      is_float(kind(after)) ? without_nan(Operand::copy(result)) : Operand::copy(result);
  result = destination(after);
  assign(result, seen);
  saw(result);
}

void RandomBody::intrinsic() {
  static constexpr std::array kFloats = {Intrinsic::kSqrt,  Intrinsic::kAbs,   Intrinsic::kMin,
                                         Intrinsic::kMax,   Intrinsic::kFloor, Intrinsic::kCeil,
                                         Intrinsic::kTrunc, Intrinsic::kFma};
  static constexpr std::array kIntegers = {
      Intrinsic::kAbs, Intrinsic::kMin,   Intrinsic::kMax,  Intrinsic::kPopcount, Intrinsic::kClz,
      Intrinsic::kCtz, Intrinsic::kBswap, Intrinsic::kRotl, Intrinsic::kRotr};
  const bool floats = chance(3);
  const TypeId type = floats ? of(chance(2) ? TypeKind::kF32 : TypeKind::kF64) : types_.integer();
  const Intrinsic which = floats ? choice_.of(kFloats) : choice_.of(kIntegers);
  const bool has_two = which == Intrinsic::kMin || which == Intrinsic::kMax;
  std::vector<Operand> operands{value(type)};
  if (has_two || which == Intrinsic::kFma) operands.push_back(value(type));
  if (which == Intrinsic::kFma) {
    if (chance(2)) {
      // What the product has lost.
      const LocalId product = emit_binary(BinaryOp::kMul, type, operands[0], operands[1]);
      const LocalId opposite =
          emit_binary(BinaryOp::kSub, type, zero(type), Operand::copy(product));
      operands.push_back(Operand::copy(opposite));
    } else {
      operands.push_back(value(type));
    }
  }
  if (which == Intrinsic::kRotl || which == Intrinsic::kRotr) {
    const TypeId count = types_.integer();
    operands.push_back(value(count));
  }
  if (has_two && floats)
    for (Operand& operand : operands) operand = without_sign_of_zero(operand);
  const LocalId result = destination(type);
  const StringId name = builder_.string(kIntrinsicNames[static_cast<std::size_t>(which)]);
  emit({.op = Op::kIntrinsic, .dest = result, .number = name}, operands);
  saw(result);
}

void RandomBody::size_of() {
  const TypeId type = types_.plain();
  const Operand measured[] = {zero(type)};
  const Intrinsic which = chance(2) ? Intrinsic::kSizeOf : Intrinsic::kAlignOf;
  mix(Operand::copy(emit_intrinsic(which, of(TypeKind::kU64), measured)));
}

}  // namespace smf::mir
