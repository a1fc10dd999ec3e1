// What MIR has names for instead of instructions.
#include "runtime/codegen/lowering.h"
#include "runtime/codegen/lowering_body.h"

namespace smf::codegen {

using mir::Intrinsic;
using mir::TypeKind;

void Lowering::intrinsic(const mir::Instruction& one, std::span<const mir::Operand> operands) {
  const auto which = static_cast<Intrinsic>(mir::find_intrinsic(unit().string(one.number)));
  const mir::TypeId type = type_of(operands[0]);
  switch (which) {
    case Intrinsic::kSizeOf:
      return set_scalar(one.dest, constant(static_cast<std::int64_t>(size_of(type))));
    case Intrinsic::kAlignOf:
      return set_scalar(one.dest, constant(value_type(type).alignment));
    case Intrinsic::kMemcpy:
    case Intrinsic::kMemmove:
    case Intrinsic::kMemset:
    case Intrinsic::kMemcmp:
      return memory_intrinsic(which, one, operands);
    case Intrinsic::kEnumTag: {
      const Value whole = value(operands[0]);
      return set_scalar(one.dest, load_scalar(TypeKind::kU32, whole.at));
    }
    case Intrinsic::kEnumField:
      return enum_field(one, operands);
    default:
      return set_scalar(one.dest, mir::is_float(kind(type))
                                      ? float_intrinsic(which, kind(type), operands)
                                      : integer_intrinsic(which, kind(type), operands));
  }
}

void Lowering::memory_intrinsic(Intrinsic which, const mir::Instruction& one,
                                std::span<const mir::Operand> operands) {
  const Register to = scalar(operands[0]);
  Register second = scalar(operands[1]);
  const Register size = widen(kind(type_of(operands[2])), scalar(operands[2]));
  const Register arguments[] = {to, second, size};
  if (which == Intrinsic::kMemcmp) {
    const Register order = call_runtime("compare_bytes", arguments, true, Width::k32);
    return set_scalar(one.dest, order);
  }
  // memcpy's source and destination may overlap (docs/mir.md).
  call_runtime(which == Intrinsic::kMemset ? "memset" : "memmove", arguments, false);
  set_scalar(one.dest, to);
}

Register Lowering::integer_intrinsic(Intrinsic which, TypeKind kind,
                                     std::span<const mir::Operand> operands) {
  const Width width = held_width(kind);
  const bool is_signed = mir::is_signed(kind);
  const auto size = std::int64_t{8} * bytes_of(memory_width(kind));
  Register a = scalar(operands[0]);
  const auto unsigned_a = [&] {
    // Without what a sign adds above.
    if (!is_narrow(kind) || !is_signed) return a;
    return emit_to_new(
        Bank::kGeneral,
        {.op = Op::kZeroExtend, .width = Width::k32, .from = memory_width(kind), .a = a});
  };
  const auto emit_one = [&](Op op, Register from, std::int64_t imm = 0, Register b = kNoRegister) {
    return emit_to_new(Bank::kGeneral, {.op = op, .width = width, .a = from, .b = b, .imm = imm});
  };
  switch (which) {
    case Intrinsic::kAbs: {
      if (!is_signed) return a;
      const Register negative = canonical(kind, emit_one(Op::kNeg, a));
      const Register zero = constant(0, width);
      return select(Condition::kLess, width, a, zero, negative, a);
    }
    case Intrinsic::kMin:
    case Intrinsic::kMax: {
      const Register b = scalar(operands[1]);
      const Condition less = is_signed ? Condition::kLess : Condition::kBelow;
      return which == Intrinsic::kMin ? select(less, width, a, b, a, b)
                                      : select(less, width, a, b, b, a);
    }
    case Intrinsic::kPopcount:
      return emit_one(Op::kPopcount, unsigned_a());
    case Intrinsic::kClz: {
      const Register count = emit_one(Op::kClz, unsigned_a());
      return is_narrow(kind) ? emit_one(Op::kSub, count, 32 - size) : count;
    }
    case Intrinsic::kCtz: {
      // A bit above ends the count.
      if (is_narrow(kind)) a = emit_one(Op::kOr, a, std::int64_t{1} << size);
      return emit_one(Op::kCtz, a);
    }
    case Intrinsic::kBswap: {
      if (memory_width(kind) == Width::k8) return a;
      const Register swapped = emit_one(Op::kByteSwap, a);
      if (!is_narrow(kind)) return swapped;
      return emit_one(is_signed ? Op::kShrSigned : Op::kShrUnsigned, swapped, 16);
    }
    default: {
      const bool is_left = which == Intrinsic::kRotl;
      const Register count = scalar(operands[1]);
      if (!is_narrow(kind)) return emit_one(is_left ? Op::kRotl : Op::kRotr, a, 0, count);
      // The value twice in a row, shifted, has it in its middle.
      const Register bits = unsigned_a();
      const Register masked = emit_one(Op::kAnd, count, size - 1);
      const Register doubled = emit_one(Op::kOr, emit_one(Op::kShl, bits, size), 0, bits);
      const Register shifted =
          is_left ? emit_one(Op::kShrUnsigned, emit_one(Op::kShl, doubled, 0, masked), size)
                  : emit_one(Op::kShrUnsigned, doubled, 0, masked);
      return canonical(kind, shifted);
    }
  }
}

Register Lowering::float_intrinsic(Intrinsic which, TypeKind kind,
                                   std::span<const mir::Operand> operands) {
  const bool is_x86 = options_.machine == Machine::kX86_64;
  Instruction one{.width = held_width(kind)};
  bool is_there = true;
  switch (which) {
    case Intrinsic::kSqrt:
      one.op = Op::kFloatSqrt;
      break;
    case Intrinsic::kAbs:
      one.op = Op::kFloatAbs;
      break;
    case Intrinsic::kMin:
      one.op = Op::kFloatMin;
      break;
    case Intrinsic::kMax:
      one.op = Op::kFloatMax;
      break;
    case Intrinsic::kFloor:
      one.op = Op::kFloatFloor;
      is_there = !is_x86 || options_.features.sse41;
      break;
    case Intrinsic::kCeil:
      one.op = Op::kFloatCeil;
      is_there = !is_x86 || options_.features.sse41;
      break;
    case Intrinsic::kTrunc:
      one.op = Op::kFloatTrunc;
      is_there = !is_x86 || options_.features.sse41;
      break;
    default:
      one.op = Op::kFloatFma;
      is_there = !is_x86 || options_.features.fma;
      break;
  }
  Register given[3] = {kNoRegister, kNoRegister, kNoRegister};
  for (std::size_t i = 0; i != operands.size(); ++i) given[i] = scalar(operands[i]);
  if (is_there) {
    one.a = given[0];
    one.b = given[1];
    one.c = given[2];
    return emit_to_new(Bank::kVector, one);
  }
  Register arguments[4] = {};
  for (std::size_t i = 0; i != 3; ++i)
    arguments[i] = given[i] == kNoRegister ? constant(0) : bits_of(kind, given[i]);
  arguments[3] = constant(static_cast<std::int64_t>(which) | static_cast<std::int64_t>(kind) << 8);
  return from_bits(kind, call_runtime("compute_intrinsic", arguments, true));
}

void Lowering::enum_field(const mir::Instruction& one, std::span<const mir::Operand> operands) {
  const mir::TypeId type = type_of(operands[0]);
  const Value whole = value(operands[0]);
  const auto variant = static_cast<std::uint32_t>(*mir::constant_index(unit(), operands[1]));
  const Register tag = load_scalar(TypeKind::kU32, whole.at);
  trap_if(Condition::kNotEqual, Width::k32, tag, std::int64_t{variant}, "another variant");
  const auto number = static_cast<std::uint32_t>(*mir::constant_index(unit(), operands[2]));
  if (one.dest != mir::kNone) set(one.dest, part(type, whole, number, variant));
}

}  // namespace smf::codegen
