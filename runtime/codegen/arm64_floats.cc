// Floats, and values that go between the banks.

#include <bit>

#include "runtime/codegen/arm64_encoder.h"
#include "runtime/codegen/arm64_immediates.h"

namespace smf::codegen {

namespace a64 = asmjit::a64;

// After a comparison with NaN, C and V are set, N and Z are not.
asmjit::a64::CondCode Arm64Encoder::float_condition_code(Condition condition) {
  switch (condition) {
    case Condition::kEqual:
      return CondCode::kEQ;
    case Condition::kNotEqual:
      return CondCode::kNE;
    case Condition::kLess:
    case Condition::kBelow:
      return CondCode::kMI;
    case Condition::kNotLess:
    case Condition::kNotBelow:
      return CondCode::kPL;
    case Condition::kLessEqual:
    case Condition::kBelowEqual:
      return CondCode::kLS;
    case Condition::kNotLessEqual:
    case Condition::kNotBelowEqual:
      return CondCode::kHI;
    case Condition::kGreater:
      return CondCode::kGT;
    case Condition::kNotGreater:
      return CondCode::kLE;
    case Condition::kGreaterEqual:
      return CondCode::kGE;
    case Condition::kNotGreaterEqual:
      break;
  }
  return CondCode::kLT;
}

void Arm64Encoder::float_constant(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kV30);
  const Vec dest = vec(to, i.width);
  const auto value = static_cast<std::uint64_t>(i.imm);
  const auto low = static_cast<std::uint32_t>(value);
  if (i.width == Width::k64 && immediates::isFP64Imm8(value)) {
    assembler_.fmov(dest, std::bit_cast<double>(value));
  } else if (i.width == Width::k32 && immediates::isFP32Imm8(low)) {
    assembler_.fmov(dest, double{std::bit_cast<float>(low)});
  } else if ((i.width == Width::k64 ? value : low) == 0) {
    assembler_.fmov(dest, zero(i.width));
  } else {
    load_constant(gp(kX16, i.width), value);
    assembler_.fmov(dest, gp(kX16, i.width));
  }
  store_result(i.dest, to);
}

void Arm64Encoder::float_binary(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kV30);
  const Vec dest = vec(to, i.width);
  const Vec a = vector(i.a, i.width, kV30);
  const Vec b = vector(i.b, i.width, kV31);
  switch (i.op) {
    case Op::kFloatAdd:
      assembler_.fadd(dest, a, b);
      break;
    case Op::kFloatSub:
      assembler_.fsub(dest, a, b);
      break;
    case Op::kFloatMul:
      assembler_.fmul(dest, a, b);
      break;
    case Op::kFloatDiv:
      assembler_.fdiv(dest, a, b);
      break;
    case Op::kFloatMin:
      assembler_.fminnm(dest, a, b);
      break;
    default:
      assembler_.fmaxnm(dest, a, b);
      break;
  }
  store_result(i.dest, to);
}

void Arm64Encoder::float_unary(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kV30);
  const Vec dest = vec(to, i.width);
  Width from = i.width;
  if (i.op == Op::kFloatWiden) from = Width::k32;
  if (i.op == Op::kFloatNarrow) from = Width::k64;
  const Vec a = vector(i.a, from, kV30);
  switch (i.op) {
    case Op::kFloatSqrt:
      assembler_.fsqrt(dest, a);
      break;
    case Op::kFloatNeg:
      assembler_.fneg(dest, a);
      break;
    case Op::kFloatAbs:
      assembler_.fabs(dest, a);
      break;
    case Op::kFloatFloor:
      assembler_.frintm(dest, a);
      break;
    case Op::kFloatCeil:
      assembler_.frintp(dest, a);
      break;
    case Op::kFloatTrunc:
      assembler_.frintz(dest, a);
      break;
    case Op::kFloatWiden:
      assembler_.fcvt(vec(to, Width::k64), a);
      break;
    default:
      assembler_.fcvt(vec(to, Width::k32), a);
      break;
  }
  store_result(i.dest, to);
}

void Arm64Encoder::float_fma(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kV30);
  const Vec a = vector(i.a, i.width, kV29);
  const Vec b = vector(i.b, i.width, kV30);
  const Vec c = vector(i.c, i.width, kV31);
  assembler_.fmadd(vec(to, i.width), a, b, c);
  store_result(i.dest, to);
}

// Sets the flags.
void Arm64Encoder::float_compare(const Instruction& i) {
  const Vec a = vector(i.a, i.width, kV30);
  assembler_.fcmp(a, vector(i.b, i.width, kV31));
}

void Arm64Encoder::from_integer(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kV30);
  const Gp a = general(i.a, i.from, kX16);
  if (i.op == Op::kFromSigned)
    assembler_.scvtf(vec(to, i.width), a);
  else
    assembler_.ucvtf(vec(to, i.width), a);
  store_result(i.dest, to);
}

void Arm64Encoder::to_integer(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Vec a = vector(i.a, i.width, kV30);
  if (i.op == Op::kToSigned)
    assembler_.fcvtzs(gp(to, i.from), a);
  else
    assembler_.fcvtzu(gp(to, i.from), a);
  store_result(i.dest, to);
}

void Arm64Encoder::bits(const Instruction& i) {
  if (i.op == Op::kBitsToFloat) {
    const std::uint8_t to = result_in(i.dest, kV30);
    assembler_.fmov(vec(to, i.width), general(i.a, i.width, kX16));
    store_result(i.dest, to);
    return;
  }
  const std::uint8_t to = result_in(i.dest, kX16);
  assembler_.fmov(gp(to, i.width), vector(i.a, i.width, kV30));
  store_result(i.dest, to);
}

}  // namespace smf::codegen
