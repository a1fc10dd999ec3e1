// Integers.

#include <bit>

#include "runtime/codegen/arm64_encoder.h"
#include "runtime/codegen/arm64_immediates.h"

namespace smf::codegen {

namespace a64 = asmjit::a64;

namespace {

constexpr unsigned bits_in(Width width) { return 8 * bytes_of(width); }

// As an instruction of that width sees it.
std::uint64_t unsigned_immediate(const Instruction& i) {
  const auto imm = static_cast<std::uint64_t>(i.imm);
  return i.width == Width::k64 ? imm : imm & 0xffffffff;
}
std::int64_t signed_immediate(const Instruction& i) {
  return i.width == Width::k64 ? i.imm : static_cast<std::int32_t>(i.imm);
}

}  // namespace

asmjit::a64::CondCode Arm64Encoder::condition_code(Condition condition) {
  switch (condition) {
    case Condition::kEqual:
      return CondCode::kEQ;
    case Condition::kNotEqual:
      return CondCode::kNE;
    case Condition::kLess:
    case Condition::kNotGreaterEqual:
      return CondCode::kLT;
    case Condition::kNotLess:
    case Condition::kGreaterEqual:
      return CondCode::kGE;
    case Condition::kLessEqual:
    case Condition::kNotGreater:
      return CondCode::kLE;
    case Condition::kNotLessEqual:
    case Condition::kGreater:
      return CondCode::kGT;
    case Condition::kBelow:
      return CondCode::kLO;
    case Condition::kNotBelow:
      return CondCode::kHS;
    case Condition::kBelowEqual:
      return CondCode::kLS;
    case Condition::kNotBelowEqual:
      break;
  }
  return CondCode::kHI;
}

void Arm64Encoder::constant(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  load_constant(gp(to, i.width), static_cast<std::uint64_t>(i.imm));
  store_result(i.dest, to);
}

void Arm64Encoder::move(const Instruction& i) {
  if (function_->registers[i.dest] == Bank::kVector) {
    const std::uint8_t to = result_in(i.dest, kV30);
    const Vec from = vector(i.a, Width::k64, to);
    if (in_register(i.dest) && from.id() != to) assembler_.fmov(vec(to, Width::k64), from);
    store_result(i.dest, static_cast<std::uint8_t>(in_register(i.dest) ? to : from.id()));
    return;
  }
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp from = general(i.a, Width::k64, to);
  if (in_register(i.dest) && from.id() != to) assembler_.mov(gpx(to), from);
  store_result(i.dest, static_cast<std::uint8_t>(in_register(i.dest) ? to : from.id()));
}

void Arm64Encoder::add_or_sub(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp dest = gp(to, i.width);
  const Gp a = i.a == kNoRegister ? zero(i.width) : general(i.a, i.width, kX16);
  if (i.b == kNoRegister && i.a != kNoRegister) {
    // The lowest is its own negative.
    const auto imm = static_cast<std::uint64_t>(signed_immediate(i));
    add_immediate(dest, a, static_cast<std::int64_t>(i.op == Op::kAdd ? imm : 0 - imm));
  } else if (i.op == Op::kAdd) {
    assembler_.add(dest, a, general_or_immediate(i, kX17));
  } else {
    assembler_.sub(dest, a, general_or_immediate(i, kX17));
  }
  store_result(i.dest, to);
}

void Arm64Encoder::multiply(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp a = general(i.a, i.width, kX16);
  const std::uint64_t imm = unsigned_immediate(i);
  if (i.b == kNoRegister && std::has_single_bit(imm)) {
    assembler_.lsl(gp(to, i.width), a, std::countr_zero(imm));
  } else {
    const Gp b = general_or_immediate(i, kX17);
    if (i.op == Op::kMulHighUnsigned)
      assembler_.umulh(gpx(to), a, b);
    else if (i.op == Op::kMulHighSigned)
      assembler_.smulh(gpx(to), a, b);
    else
      assembler_.mul(gp(to, i.width), a, b);
  }
  store_result(i.dest, to);
}

void Arm64Encoder::logic(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp a = general(i.a, i.width, kX16);
  const auto emit = [&](const auto& b) {
    if (i.op == Op::kAnd)
      assembler_.and_(gp(to, i.width), a, b);
    else if (i.op == Op::kOr)
      assembler_.orr(gp(to, i.width), a, b);
    else
      assembler_.eor(gp(to, i.width), a, b);
  };
  const std::uint64_t imm = unsigned_immediate(i);
  if (i.b == kNoRegister && immediates::isLogicalImm(imm, bits_in(i.width)))
    emit(asmjit::Imm(imm));
  else
    emit(general_or_immediate(i, kX17));
  store_result(i.dest, to);
}

// To the left is to the right by what is missing.
void Arm64Encoder::shift(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp dest = gp(to, i.width);
  const Gp a = general(i.a, i.width, kX16);
  const unsigned size = bits_in(i.width);
  const auto emit = [&](const auto& count) {
    switch (i.op) {
      case Op::kShl:
        return assembler_.lsl(dest, a, count);
      case Op::kShrUnsigned:
        return assembler_.lsr(dest, a, count);
      case Op::kShrSigned:
        return assembler_.asr(dest, a, count);
      default:
        return assembler_.ror(dest, a, count);
    }
  };
  const bool is_rotl = i.op == Op::kRotl;
  if (i.b == kNoRegister) {
    const unsigned count = static_cast<unsigned>(i.imm) & (size - 1);
    emit(asmjit::Imm(is_rotl ? (size - count) & (size - 1) : count));
  } else if (is_rotl) {
    assembler_.neg(gp(kX17, i.width), general(i.b, i.width, kX17));
    emit(gp(kX17, i.width));
  } else {
    emit(general(i.b, i.width, kX17));
  }
  store_result(i.dest, to);
}

void Arm64Encoder::divide(const Instruction& i) {
  const bool is_signed = i.op == Op::kDivSigned || i.op == Op::kRemSigned;
  const bool is_quotient = i.op == Op::kDivUnsigned || i.op == Op::kDivSigned;
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp a = general(i.a, i.width, kX16);
  const Gp b = general_or_immediate(i, kX17);
  const Gp quotient = gp(is_quotient ? to : kX8, i.width);
  if (is_signed)
    assembler_.sdiv(quotient, a, b);
  else
    assembler_.udiv(quotient, a, b);
  if (!is_quotient) assembler_.msub(gp(to, i.width), quotient, b, a);
  store_result(i.dest, to);
}

void Arm64Encoder::checked(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp dest = gp(to, i.width);
  const Gp a = general(i.a, i.width, kX16);
  const bool is_add = i.op == Op::kAddChecked;
  const auto emit = [&](const auto& b) {
    if (is_add)
      assembler_.adds(dest, a, b);
    else
      assembler_.subs(dest, a, b);
  };
  const std::int64_t imm = signed_immediate(i);
  if (i.b == kNoRegister && imm >= 0 && imm < 0x1000)
    emit(asmjit::Imm(imm));
  else
    emit(general_or_immediate(i, kX17));
  const CondCode overflow = i.is_signed ? CondCode::kVS : is_add ? CondCode::kHS : CondCode::kLO;
  assembler_.b(overflow, trap_label(i.target));
  store_result(i.dest, to);
}

// What is above the width has to be what the sign, or nothing, fills it with.
void Arm64Encoder::checked_product(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp a = general(i.a, i.width, kX16);
  const Gp b = general_or_immediate(i, kX17);
  const Label trap = trap_label(i.target);
  if (i.width == Width::k32) {
    if (i.is_signed) {
      assembler_.smull(a64::x8, a, b);
      assembler_.sxtw(a64::x17, a64::w8);
      assembler_.cmp(a64::x8, a64::x17);
      assembler_.b(CondCode::kNE, trap);
    } else {
      assembler_.umull(a64::x8, a, b);
      assembler_.lsr(a64::x17, a64::x8, 32);
      assembler_.cbnz(a64::x17, trap);
    }
    assembler_.mov(gp(to, Width::k32), a64::w8);
  } else if (i.is_signed) {
    assembler_.smulh(a64::x8, a, b);
    assembler_.mul(gpx(to), a, b);
    assembler_.cmp(a64::x8, gpx(to), a64::asr(63));
    assembler_.b(CondCode::kNE, trap);
  } else {
    assembler_.umulh(a64::x8, a, b);
    assembler_.cbnz(a64::x8, trap);
    assembler_.mul(gpx(to), a, b);
  }
  store_result(i.dest, to);
}

void Arm64Encoder::unary(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp dest = gp(to, i.width);
  const Gp a = general(i.a, i.width, kX16);
  switch (i.op) {
    case Op::kNeg:
      assembler_.neg(dest, a);
      break;
    case Op::kNot:
      assembler_.mvn(dest, a);
      break;
    case Op::kClz:
      assembler_.clz(dest, a);
      break;
    case Op::kCtz:
      assembler_.rbit(dest, a);
      assembler_.clz(dest, dest);
      break;
    default:
      assembler_.rev(dest, a);
      break;
  }
  store_result(i.dest, to);
}

// Of each byte, and their sum.
void Arm64Encoder::popcount(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp a = general(i.a, i.width, kX16);
  assembler_.fmov(vec(kV30, i.width), a);
  assembler_.cnt(a64::d30.b8(), a64::d30.b8());
  assembler_.addv(a64::b30, a64::d30.b8());
  assembler_.fmov(gp(to, Width::k32), a64::s30);
  store_result(i.dest, to);
}

void Arm64Encoder::extend(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Gp a = general(i.a, Width::k32, kX16);
  const bool is_signed = i.op == Op::kSignExtend;
  const Gp dest = gp(to, is_signed ? i.width : Width::k32);
  const unsigned last_bit = bits_in(i.from) - 1;
  const Gp from = gp(static_cast<std::uint8_t>(a.id()), is_signed ? i.width : Width::k32);
  if (i.from == i.width)
    assembler_.mov(gpx(to), gpx(static_cast<std::uint8_t>(a.id())));
  else if (is_signed)
    assembler_.sbfm(dest, from, 0, last_bit);
  else
    assembler_.ubfm(dest, from, 0, last_bit);
  store_result(i.dest, to);
}

// Sets the flags.
void Arm64Encoder::compare(const Instruction& i) {
  const Gp a = general(i.a, i.width, kX16);
  const std::int64_t imm = signed_immediate(i);
  const auto is_short = [](std::int64_t value) {
    return value >= 0 && (value < 0x1000 || (value < 0x1000000 && (value & 0xfff) == 0));
  };
  if (i.b != kNoRegister)
    assembler_.cmp(a, general(i.b, i.width, kX17));
  else if (is_short(imm))
    assembler_.cmp(a, imm);
  else if (imm > -0x1000000 && is_short(-imm))
    assembler_.cmn(a, -imm);
  else
    assembler_.cmp(a, general_or_immediate(i, kX17));
}

void Arm64Encoder::compare_to_value(const Instruction& i) {
  const bool is_float = i.op == Op::kFloatCompare;
  if (is_float)
    float_compare(i);
  else
    compare(i);
  const std::uint8_t to = result_in(i.dest, kX16);
  assembler_.cset(gp(to, Width::k32),
                  is_float ? float_condition_code(i.condition) : condition_code(i.condition));
  store_result(i.dest, to);
}

// The values are fetched once the flags are there.
void Arm64Encoder::select(const Instruction& i) {
  compare(i);
  const CondCode code = condition_code(i.condition);
  if (i.is_float) {
    const std::uint8_t to = result_in(i.dest, kV30);
    assembler_.fcsel(vec(to, Width::k64), vector(i.c, Width::k64, kV30),
                     vector(i.d, Width::k64, kV31), code);
    store_result(i.dest, to);
    return;
  }
  const std::uint8_t to = result_in(i.dest, kX16);
  assembler_.csel(gpx(to), general(i.c, Width::k64, kX16), general(i.d, Width::k64, kX17), code);
  store_result(i.dest, to);
}

}  // namespace smf::codegen
