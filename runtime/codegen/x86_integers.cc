// Arithmetic of integers.
#include <bit>
#include <utility>

#include "runtime/codegen/x86_encoder.h"

namespace smf::codegen {

namespace {

asmjit::InstId binary_id(Op op) {
  switch (op) {
    case Op::kAdd:
    case Op::kAddChecked:
      return x86i::kIdAdd;
    case Op::kSub:
    case Op::kSubChecked:
      return x86i::kIdSub;
    case Op::kMul:
    case Op::kMulChecked:
      return x86i::kIdImul;
    case Op::kAnd:
      return x86i::kIdAnd;
    case Op::kOr:
      return x86i::kIdOr;
    default:
      return x86i::kIdXor;
  }
}

bool is_difference(Op op) { return op == Op::kSub || op == Op::kSubChecked; }

std::int64_t width_bits(Width width) { return width == Width::k64 ? 64 : 32; }

}  // namespace

// ---- add to xor ----

// `add [slot], value`, of all 8 bytes: what is above 32 bits may be anything.
bool X86Encoder::binary_in_memory(const Instruction& i) {
  if (i.op == Op::kMul || i.a == kNoRegister || in_register(i.dest) || !same_place(i.dest, i.a))
    return false;
  const Mem to = home(i.dest, 8);
  if (i.b == kNoRegister) {
    if (!fits(immediate(i))) return false;
    op(binary_id(i.op), to, immediate(i));
    return true;
  }
  if (!in_register(i.b)) return false;
  op(binary_id(i.op), to, gp(place(i.b).physical, Width::k64));
  return true;
}

// Sums into a third register.
bool X86Encoder::add_by_lea(const Instruction& i, std::uint8_t to) {
  if ((i.op != Op::kAdd && i.op != Op::kSub) || i.a == kNoRegister || !in_register(i.a) ||
      is_in(i.a, to))
    return false;
  const Gp a = gp(place(i.a).physical, Width::k64);
  if (i.b == kNoRegister) {
    if (!fits(immediate(i))) return false;
    const std::int64_t value = i.op == Op::kAdd ? immediate(i) : -immediate(i);
    if (!fits(value)) return false;
    op(x86i::kIdLea, gp(to, i.width), x86::ptr(a, static_cast<std::int32_t>(value)));
    return true;
  }
  if (i.op != Op::kAdd || !in_register(i.b) || is_in(i.b, to)) return false;
  op(x86i::kIdLea, gp(to, i.width), x86::ptr(a, gp(place(i.b).physical, Width::k64)));
  return true;
}

void X86Encoder::multiply_immediate(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kRax);
  const std::int64_t value = immediate(i);
  if ((value == 3 || value == 5 || value == 9) && in_register(i.a)) {
    const Gp a = gp(place(i.a).physical, Width::k64);
    const auto scale =
        static_cast<std::uint32_t>(std::countr_zero(static_cast<unsigned>(value - 1)));
    op(x86i::kIdLea, gp(to, i.width), x86::ptr(a, a, scale));
  } else if (fits(value)) {
    assembler_.emit(x86i::kIdImul, gp(to, i.width), general(i.a, i.width), asmjit::Imm(value));
  } else {
    load_constant(kR11, value, Width::k64);
    load_general(gp(to, i.width), i.a);
    op(x86i::kIdImul, gp(to, i.width), gp(kR11, i.width));
  }
  store_general(i.dest, to);
}

void X86Encoder::binary_immediate(const Instruction& i) {
  if (i.op == Op::kMul) return multiply_immediate(i);
  const std::uint8_t to = result_in(i.dest, kRax);
  if (!add_by_lea(i, to)) {
    load_general(gp(to, i.width), i.a);
    const std::int64_t value = immediate(i);
    if (fits(value)) {
      op(binary_id(i.op), gp(to, i.width), value);
    } else if (i.op == Op::kAnd && value == static_cast<std::uint32_t>(value)) {
      op(x86i::kIdAnd, gp(to, Width::k32), static_cast<std::int32_t>(value));
    } else {
      load_constant(kR11, value, i.width);
      op(binary_id(i.op), gp(to, i.width), gp(kR11, i.width));
    }
  }
  store_general(i.dest, to);
}

void X86Encoder::binary(const Instruction& i) {
  if (binary_in_memory(i)) return;
  if (i.a == kNoRegister) {  // 0 - b
    Instruction negation = i;
    negation.op = Op::kNeg;
    negation.a = i.b;
    negation.b = kNoRegister;
    return unary(negation);
  }
  if (i.b == kNoRegister) return binary_immediate(i);
  Register a = i.a;
  Register b = i.b;
  std::uint8_t to = result_in(i.dest, kRax);
  if (add_by_lea(i, to)) return store_general(i.dest, to);
  if (is_in(b, to) && !is_in(a, to)) {
    if (is_difference(i.op))
      to = kRax;
    else
      std::swap(a, b);
  } else if (!in_register(a) && in_register(b) && !is_difference(i.op)) {
    std::swap(a, b);
  }
  load_general(gp(to, i.width), a);
  op(binary_id(i.op), gp(to, i.width), general(b, i.width));
  store_general(i.dest, to);
}

void X86Encoder::checked(const Instruction& i) {
  if (i.op == Op::kMulChecked && !i.is_signed) return checked_unsigned_product(i);
  std::uint8_t to = result_in(i.dest, kRax);
  const bool is_immediate = i.b == kNoRegister;
  // The trap ends the function: until then `dest` may hold anything, but an operand may not be
  // lost.
  if (!is_immediate && is_in(i.b, to) && !is_in(i.a, to)) to = kRax;
  if (i.a == kNoRegister)
    load_constant(to = kRax, 0, Width::k32);
  else
    load_general(gp(to, i.width), i.a);
  if (!is_immediate) {
    op(binary_id(i.op), gp(to, i.width), general(i.b, i.width));
  } else if (fits(immediate(i))) {
    op(binary_id(i.op), gp(to, i.width), immediate(i));
  } else {
    load_constant(kR11, immediate(i), i.width);
    op(binary_id(i.op), gp(to, i.width), gp(kR11, i.width));
  }
  jump_if(i.is_signed ? CondCode::kO : CondCode::kB, trap_label(i.target));
  store_general(i.dest, to);
}

void X86Encoder::checked_unsigned_product(const Instruction& i) {
  load_general(gp(kRax, i.width), i.a);
  op(x86i::kIdMul, general(i.b, i.width));
  jump_if(CondCode::kO, trap_label(i.target));
  store_general(i.dest, kRax);
}

void X86Encoder::high_product(const Instruction& i) {
  load_general(gp(kRax, i.width), i.a);
  op(i.op == Op::kMulHighSigned ? x86i::kIdImul : x86i::kIdMul, general(i.b, i.width));
  store_general(i.dest, kRdx);
}

// ---- Shifts ----

void X86Encoder::shift(const Instruction& i) {
  const auto id = i.op == Op::kShl           ? x86i::kIdShl
                  : i.op == Op::kShrUnsigned ? x86i::kIdShr
                  : i.op == Op::kShrSigned   ? x86i::kIdSar
                  : i.op == Op::kRotl        ? x86i::kIdRol
                                             : x86i::kIdRor;
  std::uint8_t to = result_in(i.dest, kRax);
  if (i.b == kNoRegister) {
    const std::int64_t count = i.imm & (width_bits(i.width) - 1);
    if (i.op == Op::kShl && count == 1 && in_register(i.a) && !is_in(i.a, to)) {
      const Gp a = gp(place(i.a).physical, Width::k64);
      op(x86i::kIdLea, gp(to, i.width), x86::ptr(a, a));
    } else {
      load_general(gp(to, i.width), i.a);
      if (count != 0) op(id, gp(to, i.width), count);
    }
  } else if (options_.features.bmi2 && i.op != Op::kRotl && i.op != Op::kRotr) {
    const auto by = i.op == Op::kShl           ? x86i::kIdShlx
                    : i.op == Op::kShrUnsigned ? x86i::kIdShrx
                                               : x86i::kIdSarx;
    const Gp count = general_in(i.b, i.width, kR11);
    assembler_.emit(by, gp(to, i.width), general(i.a, i.width), count);
  } else {
    // What is in rcx is not used any more, but perhaps by this.
    if (to == kRcx || is_in(i.b, to)) to = kRax;
    load_general(gp(to, i.width), i.a);
    load_general(x86::ecx, i.b);
    op(id, gp(to, i.width), x86::cl);
  }
  store_general(i.dest, to);
}

// ---- Division ----

void X86Encoder::divide(const Instruction& i) {
  const bool is_signed = i.op == Op::kDivSigned || i.op == Op::kRemSigned;
  load_general(gp(kRax, i.width), i.a);
  Operand divisor = general(i.b, i.width);
  if (is_in(i.b, kRdx)) {
    op(x86i::kIdMov, gp(kR11, i.width), gp(kRdx, i.width));
    divisor = gp(kR11, i.width);
  }
  if (!is_signed)
    op(x86i::kIdXor, x86::edx, x86::edx);
  else
    assembler_.emit(i.width == Width::k64 ? x86i::kIdCqo : x86i::kIdCdq);
  op(is_signed ? x86i::kIdIdiv : x86i::kIdDiv, divisor);
  const bool is_remainder = i.op == Op::kRemUnsigned || i.op == Op::kRemSigned;
  store_general(i.dest, is_remainder ? kRdx : kRax);
}

// ---- Of one operand ----

void X86Encoder::unary(const Instruction& i) {
  const auto id = i.op == Op::kNeg   ? x86i::kIdNeg
                  : i.op == Op::kNot ? x86i::kIdNot
                                     : x86i::kIdBswap;
  if (i.op != Op::kByteSwap && !in_register(i.dest) && same_place(i.dest, i.a))
    return op(id, home(i.dest, 8));
  const std::uint8_t to = result_in(i.dest, kRax);
  load_general(gp(to, i.width), i.a);
  op(id, gp(to, i.width));
  store_general(i.dest, to);
}

// Without the instruction: sums of pairs, of fours, of bytes.
void X86Encoder::popcount(const Instruction& i) {
  if (options_.features.popcnt) {
    const std::uint8_t to = result_in(i.dest, kRax);
    // Some processors wait for the old value of what is written.
    if (!is_in(i.a, to)) op(x86i::kIdXor, gp(to, Width::k32), gp(to, Width::k32));
    op(x86i::kIdPopcnt, gp(to, i.width), general(i.a, i.width));
    return store_general(i.dest, to);
  }
  const Gp value = x86::rax;
  const Gp part = x86::r11;
  load_general(gp(kRax, i.width), i.a);
  const auto masked = [&](const Gp& reg, std::uint64_t mask) {
    op(x86i::kIdAnd, reg, constant(mask, 0));
  };
  op(x86i::kIdMov, gp(kR11, i.width), gp(kRax, i.width));  // above 32 bits: 0
  if (i.width != Width::k64) op(x86i::kIdMov, x86::eax, x86::eax);
  op(x86i::kIdShr, part, 1);
  masked(part, 0x5555555555555555);
  op(x86i::kIdSub, value, part);
  op(x86i::kIdMov, part, value);
  op(x86i::kIdShr, part, 2);
  masked(part, 0x3333333333333333);
  masked(value, 0x3333333333333333);
  op(x86i::kIdAdd, value, part);
  op(x86i::kIdMov, part, value);
  op(x86i::kIdShr, part, 4);
  op(x86i::kIdAdd, value, part);
  masked(value, 0x0f0f0f0f0f0f0f0f);
  load_constant(kR11, 0x0101010101010101, Width::k64);
  op(x86i::kIdImul, value, part);
  op(x86i::kIdShr, value, 56);
  store_general(i.dest, kRax);
}

// bsr and bsf tell a number of 0 by ZF only.
void X86Encoder::count_zeros(const Instruction& i) {
  const bool is_leading = i.op == Op::kClz;
  const std::int64_t bits = width_bits(i.width);
  if (is_leading ? options_.features.lzcnt : options_.features.bmi1) {
    const std::uint8_t to = result_in(i.dest, kRax);
    if (!is_in(i.a, to)) op(x86i::kIdXor, gp(to, Width::k32), gp(to, Width::k32));
    op(is_leading ? x86i::kIdLzcnt : x86i::kIdTzcnt, gp(to, i.width), general(i.a, i.width));
    return store_general(i.dest, to);
  }
  op(x86i::kIdMov, x86::r11d, is_leading ? 2 * bits - 1 : bits);
  op(is_leading ? x86i::kIdBsr : x86i::kIdBsf, gp(kRax, i.width), general(i.a, i.width));
  op(x86i::kIdCmovz, gp(kRax, i.width), gp(kR11, i.width));
  if (is_leading) op(x86i::kIdXor, x86::eax, bits - 1);
  store_general(i.dest, kRax);
}

void X86Encoder::extend(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kRax);
  const Operand from = general(i.a, i.from);
  const bool is_signed = i.op == Op::kSignExtend;
  if (i.from == Width::k64) {
    load_general(gp(to, Width::k64), i.a);
  } else if (i.from == Width::k32) {
    if (is_signed && i.width == Width::k64)
      op(x86i::kIdMovsxd, gp(to, Width::k64), from);
    else
      op(x86i::kIdMov, gp(to, Width::k32), from);
  } else if (is_signed) {
    op(x86i::kIdMovsx, gp(to, i.width == Width::k64 ? Width::k64 : Width::k32), from);
  } else {
    op(x86i::kIdMovzx, gp(to, Width::k32), from);
  }
  store_general(i.dest, to);
}

// ---- Comparing ----

// Sets the flags. Uses rax and r11.
void X86Encoder::compare(const Instruction& i) {
  if (i.b == kNoRegister) {
    const std::int64_t value = immediate(i);
    if (value == 0 && in_register(i.a)) {
      const Gp a = gp(place(i.a).physical, i.width);
      op(x86i::kIdTest, a, a);
    } else if (fits(value)) {
      op(x86i::kIdCmp, general(i.a, i.width), value);
    } else {
      load_constant(kR11, value, i.width);
      op(x86i::kIdCmp, general(i.a, i.width), gp(kR11, i.width));
    }
  } else if (in_register(i.a) || in_register(i.b)) {
    op(x86i::kIdCmp, general(i.a, i.width), general(i.b, i.width));
  } else {
    load_general(gp(kRax, i.width), i.a);
    op(x86i::kIdCmp, gp(kRax, i.width), general(i.b, i.width));
  }
}

void X86Encoder::compare_to_value(const Instruction& i) {
  const InstId set = x86i::setccFromCond(condition_code(i.condition));
  const std::uint8_t to = result_in(i.dest, kRax);
  if (to != kRax && !is_in(i.a, to) && (i.b == kNoRegister || !is_in(i.b, to))) {
    op(x86i::kIdXor, gp(to, Width::k32), gp(to, Width::k32));
    compare(i);
    op(set, gp(to, Width::k8));
    return;
  }
  compare(i);
  op(set, gp(to, Width::k8));
  op(x86i::kIdMovzx, gp(to, Width::k32), gp(to, Width::k8));
  store_general(i.dest, to);
}

// All 64 bits are taken: how wide the chosen are is not told. No move changes the flags.
void X86Encoder::select(const Instruction& i) {
  compare(i);
  const CondCode code = condition_code(i.condition);
  const std::uint8_t to = result_in(i.dest, kRax);
  const Gp dest = gp(to, Width::k64);
  if (is_in(i.c, to)) {
    op(x86i::cmovccFromCond(x86::negateCond(code)), dest, general(i.d, Width::k64));
  } else {
    load_general(dest, i.d);
    op(x86i::cmovccFromCond(code), dest, general(i.c, Width::k64));
  }
  store_general(i.dest, to);
}

void X86Encoder::select_float(const Instruction& i) {
  compare(i);
  const CondCode code = condition_code(i.condition);
  const std::uint8_t to = result_in(i.dest, kXmm14);
  const Label after = assembler_.newLabel();
  if (is_in(i.c, to)) {
    jump_if(code, after);
    load_vector(to, i.d, Width::k64);
  } else {
    load_vector(to, i.d, Width::k64);
    jump_if(x86::negateCond(code), after);
    load_vector(to, i.c, Width::k64);
  }
  assembler_.bind(after);
  store_vector(i.dest, to);
}

}  // namespace smf::codegen
