// Floats: arithmetic, comparing, and what becomes of integers.
#include <utility>

#include "runtime/codegen/x86_encoder.h"

namespace smf::codegen {

namespace {

constexpr std::uint64_t kSign32 = 0x8000'0000;
constexpr std::uint64_t kSign64 = std::uint64_t{1} << 63;

asmjit::InstId by_width(Width width, asmjit::InstId single, asmjit::InstId twice) {
  return width == Width::k32 ? single : twice;
}

}  // namespace

void X86Encoder::float_constant(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kXmm14);
  const std::uint64_t bits =
      i.width == Width::k32 ? static_cast<std::uint32_t>(i.imm) : static_cast<std::uint64_t>(i.imm);
  if (bits == 0)
    op(x86i::kIdXorps, xmm(to), xmm(to));
  else
    op(by_width(i.width, x86i::kIdMovss, x86i::kIdMovsd), xmm(to), constant(bits, 0));
  store_vector(i.dest, to);
}

void X86Encoder::float_binary(const Instruction& i) {
  InstId id = by_width(i.width, x86i::kIdDivss, x86i::kIdDivsd);
  if (i.op == Op::kFloatAdd) id = by_width(i.width, x86i::kIdAddss, x86i::kIdAddsd);
  if (i.op == Op::kFloatSub) id = by_width(i.width, x86i::kIdSubss, x86i::kIdSubsd);
  if (i.op == Op::kFloatMul) id = by_width(i.width, x86i::kIdMulss, x86i::kIdMulsd);
  const bool may_swap = i.op == Op::kFloatAdd || i.op == Op::kFloatMul;
  std::uint8_t to = result_in(i.dest, kXmm14);
  Register a = i.a;
  Register b = i.b;
  if (is_in(b, to) && !is_in(a, to)) {
    if (may_swap)
      std::swap(a, b);
    else
      to = kXmm14;
  }
  load_vector(to, a, i.width);
  op(id, xmm(to), vector(b, i.width));
  store_vector(i.dest, to);
}

void X86Encoder::float_unary(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kXmm14);
  load_vector(to, i.a, i.width);
  const std::uint64_t sign = i.width == Width::k32 ? kSign32 : kSign64;
  if (i.op == Op::kFloatSqrt)
    op(by_width(i.width, x86i::kIdSqrtss, x86i::kIdSqrtsd), xmm(to), xmm(to));
  else if (i.op == Op::kFloatNeg)
    op(x86i::kIdXorps, xmm(to), constant(sign, 0));
  else
    op(x86i::kIdAndps, xmm(to), constant(sign - 1, 0));
  store_vector(i.dest, to);
}

// min x, y gives y where one of them is NaN. So y is a, and where that is NaN, it is b.
void X86Encoder::float_extreme(const Instruction& i) {
  const InstId id = i.op == Op::kFloatMin ? by_width(i.width, x86i::kIdMinss, x86i::kIdMinsd)
                                          : by_width(i.width, x86i::kIdMaxss, x86i::kIdMaxsd);
  std::uint8_t to = result_in(i.dest, kXmm14);
  if (is_in(i.a, to) || is_in(i.b, to)) to = kXmm14;
  const Xmm a = vector_in(i.a, i.width, kXmm15);
  load_vector(to, i.b, i.width);
  op(id, xmm(to), a);
  op(by_width(i.width, x86i::kIdUcomiss, x86i::kIdUcomisd), a, a);
  const Label after = assembler_.newLabel();
  jump_if(CondCode::kNP, after);
  load_vector(to, i.b, i.width);
  assembler_.bind(after);
  store_vector(i.dest, to);
}

void X86Encoder::float_round(const Instruction& i) {
  if (!options_.features.sse41)
    return fail_with(ErrorCode::kUnsupported, "the processor cannot round floats");
  constexpr std::int64_t kQuiet = 8;
  const std::int64_t mode = i.op == Op::kFloatFloor ? 1 : i.op == Op::kFloatCeil ? 2 : 3;
  const std::uint8_t to = result_in(i.dest, kXmm14);
  load_vector(to, i.a, i.width);
  assembler_.emit(by_width(i.width, x86i::kIdRoundss, x86i::kIdRoundsd), xmm(to), xmm(to),
                  asmjit::Imm(mode | kQuiet));
  store_vector(i.dest, to);
}

void X86Encoder::float_fma(const Instruction& i) {
  if (!options_.features.fma)
    return fail_with(ErrorCode::kUnsupported, "the processor has no fused multiplication");
  const std::uint8_t to = result_in(i.dest, kXmm14);
  Register a = i.a;
  Register b = i.b;
  if (is_in(i.c, to)) {  // to += a * b
    if (!in_register(a)) std::swap(a, b);
    const Xmm factor = vector_in(a, i.width, kXmm15);
    assembler_.emit(by_width(i.width, x86i::kIdVfmadd231ss, x86i::kIdVfmadd231sd), xmm(to), factor,
                    vector(b, i.width));
  } else {  // to = to * b + c
    if (is_in(b, to)) std::swap(a, b);
    load_vector(to, a, i.width);
    const Xmm factor = vector_in(b, i.width, kXmm15);
    assembler_.emit(by_width(i.width, x86i::kIdVfmadd213ss, x86i::kIdVfmadd213sd), xmm(to), factor,
                    vector(i.c, i.width));
  }
  store_vector(i.dest, to);
}

void X86Encoder::float_convert(const Instruction& i) {
  const bool is_widening = i.op == Op::kFloatWiden;
  const std::uint8_t to = result_in(i.dest, kXmm14);
  load_vector(to, i.a, is_widening ? Width::k32 : Width::k64);
  op(is_widening ? x86i::kIdCvtss2sd : x86i::kIdCvtsd2ss, xmm(to), xmm(to));
  store_vector(i.dest, to);
}

// ---- Comparing ----

// ucomis sets ZF, PF and CF where one is NaN: `a > b` is what is false then, so `a < b` compares
// the other way round.
X86Encoder::FloatTest X86Encoder::float_compare(const Instruction& i) {
  Register a = i.a;
  Register b = i.b;
  FloatTest test;
  switch (i.condition) {
    case Condition::kEqual:
      test.is_equal = true;
      break;
    case Condition::kNotEqual:
      test.is_not_equal = true;
      break;
    case Condition::kLess:
    case Condition::kNotLess:
      std::swap(a, b);
      test.code = i.condition == Condition::kLess ? CondCode::kA : CondCode::kBE;
      break;
    case Condition::kLessEqual:
    case Condition::kNotLessEqual:
      std::swap(a, b);
      test.code = i.condition == Condition::kLessEqual ? CondCode::kAE : CondCode::kB;
      break;
    case Condition::kGreater:
    case Condition::kNotGreater:
      test.code = i.condition == Condition::kGreater ? CondCode::kA : CondCode::kBE;
      break;
    case Condition::kGreaterEqual:
    case Condition::kNotGreaterEqual:
      test.code = i.condition == Condition::kGreaterEqual ? CondCode::kAE : CondCode::kB;
      break;
    default:
      fail_with(ErrorCode::kUnsupported, "floats are compared as integers");
      break;
  }
  const Xmm left = vector_in(a, i.width, kXmm14);
  op(by_width(i.width, x86i::kIdUcomiss, x86i::kIdUcomisd), left, vector(b, i.width));
  return test;
}

void X86Encoder::float_compare_to_value(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kRax);
  const FloatTest test = float_compare(i);
  const Gp low = gp(to, Width::k8);
  if (test.is_equal) {
    op(x86i::kIdSetnp, x86::r11b);
    op(x86i::kIdSete, low);
    op(x86i::kIdAnd, low, x86::r11b);
  } else if (test.is_not_equal) {
    op(x86i::kIdSetp, x86::r11b);
    op(x86i::kIdSetne, low);
    op(x86i::kIdOr, low, x86::r11b);
  } else {
    op(x86i::setccFromCond(test.code), low);
  }
  op(x86i::kIdMovzx, gp(to, Width::k32), low);
  store_general(i.dest, to);
}

// ---- Integers ----

void X86Encoder::from_integer(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kXmm14);
  op(x86i::kIdXorps, xmm(to), xmm(to));  // or it waits for the old value
  const InstId id = by_width(i.width, x86i::kIdCvtsi2ss, x86i::kIdCvtsi2sd);
  if (i.op == Op::kFromSigned) {
    op(id, xmm(to), general(i.a, i.from));
  } else if (i.from == Width::k32) {
    op(x86i::kIdMov, x86::eax, general(i.a, Width::k32));
    op(id, xmm(to), x86::rax);
  } else {
    from_unsigned_64(i, to);
  }
  store_vector(i.dest, to);
}

// From 2^63 half of it is converted, and doubled. The bit that is lost still counts where the rest
// is half way between two floats.
void X86Encoder::from_unsigned_64(const Instruction& i, std::uint8_t to) {
  const InstId id = by_width(i.width, x86i::kIdCvtsi2ss, x86i::kIdCvtsi2sd);
  const Label large = assembler_.newLabel();
  const Label after = assembler_.newLabel();
  load_general(x86::rax, i.a);
  op(x86i::kIdTest, x86::rax, x86::rax);
  jump_if(CondCode::kS, large);
  op(id, xmm(to), x86::rax);
  op(x86i::kIdJmp, after);
  assembler_.bind(large);
  op(x86i::kIdMov, x86::r11d, x86::eax);
  op(x86i::kIdShr, x86::rax, 1);
  op(x86i::kIdAnd, x86::r11d, 1);
  op(x86i::kIdOr, x86::rax, x86::r11);
  op(id, xmm(to), x86::rax);
  op(by_width(i.width, x86i::kIdAddss, x86i::kIdAddsd), xmm(to), xmm(to));
  assembler_.bind(after);
}

// The instruction gives the least integer for what does not fit.
void X86Encoder::to_signed(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kRax);
  const Gp result = gp(to, i.from);
  const Xmm value = vector_in(i.a, i.width, kXmm14);
  const Label after = assembler_.newLabel();
  const Label nothing = assembler_.newLabel();
  op(by_width(i.width, x86i::kIdCvttss2si, x86i::kIdCvttsd2si), result, value);
  op(x86i::kIdCmp, result, 1);
  jump_if(CondCode::kNO, after);
  op(x86i::kIdXorps, x86::xmm15, x86::xmm15);
  op(by_width(i.width, x86i::kIdUcomiss, x86i::kIdUcomisd), value, x86::xmm15);
  jump_if(CondCode::kP, nothing);
  jump_if(CondCode::kB, after);
  op(x86i::kIdMov, result, i.from == Width::k64 ? INT64_MAX : std::int64_t{INT32_MAX});
  op(x86i::kIdJmp, after);
  assembler_.bind(nothing);
  op(x86i::kIdXor, gp(to, Width::k32), gp(to, Width::k32));
  assembler_.bind(after);
  store_general(i.dest, to);
}

void X86Encoder::to_unsigned_32(const Instruction& i) {
  const Xmm value = vector_in(i.a, i.width, kXmm14);
  const Label after = assembler_.newLabel();
  op(by_width(i.width, x86i::kIdCvttss2si, x86i::kIdCvttsd2si), x86::rax, value);
  op(x86i::kIdMov, x86::r11d, x86::eax);
  op(x86i::kIdCmp, x86::r11, x86::rax);
  jump_if(CondCode::kE, after);
  op(x86i::kIdXor, x86::eax, x86::eax);
  op(x86i::kIdXorps, x86::xmm15, x86::xmm15);
  op(by_width(i.width, x86i::kIdUcomiss, x86i::kIdUcomisd), value, x86::xmm15);
  jump_if(CondCode::kBE, after);  // NaN, too
  op(x86i::kIdMov, x86::eax, std::int64_t{UINT32_MAX});
  assembler_.bind(after);
  store_general(i.dest, kRax);
}

void X86Encoder::to_unsigned_64(const Instruction& i) {
  const InstId convert = by_width(i.width, x86i::kIdCvttss2si, x86i::kIdCvttsd2si);
  const Xmm value = vector_in(i.a, i.width, kXmm14);
  const Label after = assembler_.newLabel();
  op(convert, x86::rax, value);
  op(x86i::kIdTest, x86::rax, x86::rax);
  jump_if(CondCode::kNS, after);
  op(x86i::kIdXor, x86::eax, x86::eax);
  op(x86i::kIdXorps, x86::xmm15, x86::xmm15);
  op(by_width(i.width, x86i::kIdUcomiss, x86i::kIdUcomisd), value, x86::xmm15);
  jump_if(CondCode::kBE, after);  // NaN, too
  // It is 2^63 or more.
  constexpr std::uint64_t kTwo63Single = 0x5f00'0000;
  constexpr std::uint64_t kTwo63Double = 0x43e0'0000'0000'0000;
  op(x86i::kIdMovaps, x86::xmm15, value);
  op(by_width(i.width, x86i::kIdSubss, x86i::kIdSubsd), x86::xmm15,
     constant(i.width == Width::k32 ? kTwo63Single : kTwo63Double, 0));
  op(convert, x86::r11, x86::xmm15);
  op(x86i::kIdMov, x86::rax, -1);
  op(x86i::kIdTest, x86::r11, x86::r11);
  jump_if(CondCode::kS, after);
  op(x86i::kIdMov, x86::rax, x86::r11);
  op(x86i::kIdBtc, x86::rax, 63);
  assembler_.bind(after);
  store_general(i.dest, kRax);
}

void X86Encoder::bits(const Instruction& i) {
  const InstId id = i.width == Width::k32 ? x86i::kIdMovd : x86i::kIdMovq;
  if (i.op == Op::kBitsToFloat) {
    const std::uint8_t to = result_in(i.dest, kXmm14);
    if (in_register(i.a))
      op(id, xmm(to), gp(place(i.a).physical, i.width));
    else
      op(by_width(i.width, x86i::kIdMovss, x86i::kIdMovsd), xmm(to), home(i.a, bytes_of(i.width)));
    return store_vector(i.dest, to);
  }
  const std::uint8_t to = result_in(i.dest, kRax);
  if (in_register(i.a))
    op(id, gp(to, i.width), xmm(place(i.a).physical));
  else
    op(x86i::kIdMov, gp(to, i.width), home(i.a, bytes_of(i.width)));
  store_general(i.dest, to);
}

}  // namespace smf::codegen
