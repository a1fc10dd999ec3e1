// Loads and stores.
#include "runtime/codegen/x86_encoder.h"

namespace smf::codegen {

namespace {

asmjit::x86::Mem sized(asmjit::x86::Mem mem, std::uint32_t bytes) {
  mem.setSize(bytes);
  return mem;
}

asmjit::x86::Mem moved_by(const asmjit::x86::Mem& mem, std::int64_t bytes, std::uint32_t size) {
  return sized(mem.cloneAdjusted(bytes), size);
}

}  // namespace

void X86Encoder::address_of(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kRax);
  op(x86i::kIdLea, gp(to, Width::k64), address(i));
  store_general(i.dest, to);
}

void X86Encoder::load(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kRax);
  const Mem from = sized(address(i), bytes_of(i.width));
  if (i.width == Width::k64)
    op(x86i::kIdMov, gp(to, Width::k64), from);
  else if (i.width == Width::k32)
    op(x86i::kIdMov, gp(to, Width::k32), from);
  else
    op(i.is_signed ? x86i::kIdMovsx : x86i::kIdMovzx, gp(to, Width::k32), from);
  store_general(i.dest, to);
}

void X86Encoder::store(const Instruction& i) {
  const Mem to = sized(address(i), bytes_of(i.width));
  if (i.c != kNoRegister) {
    op(x86i::kIdMov, to, general_in(i.c, i.width, kR11));
    return;
  }
  std::int64_t value = i.imm;
  if (i.width == Width::k8) value = static_cast<std::int8_t>(value);
  if (i.width == Width::k16) value = static_cast<std::int16_t>(value);
  if (i.width == Width::k32) value = static_cast<std::int32_t>(value);
  if (fits(value)) {
    op(x86i::kIdMov, to, value);
  } else {
    load_constant(kR11, value, Width::k64);
    op(x86i::kIdMov, to, x86::r11);
  }
}

void X86Encoder::float_load(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kXmm14);
  op(i.width == Width::k32 ? x86i::kIdMovss : x86i::kIdMovsd, xmm(to),
     sized(address(i), bytes_of(i.width)));
  store_vector(i.dest, to);
}

void X86Encoder::float_store(const Instruction& i) {
  const Mem to = sized(address(i), bytes_of(i.width));
  op(i.width == Width::k32 ? x86i::kIdMovss : x86i::kIdMovsd, to, vector_in(i.c, i.width, kXmm14));
}

// ---- Many bytes ----

// The last vector overlaps the one before it, where the size is no multiple of 16: what is copied
// onto itself stays the same.
void X86Encoder::copy_bytes(const Instruction& i) {
  if (i.imm > kUnrolledBytes) return copy_by_string(i);
  const Mem to = address(i);
  const auto size = static_cast<std::int32_t>(i.imm);
  if (size == 0) return;
  if (size < 16) {
    std::int32_t at = 0;
    for (const std::int32_t piece : {8, 4, 2, 1})
      if ((size & piece) != 0) {
        copy_piece(to, at, piece, i.c);
        at += piece;
      }
    return;
  }
  const Gp from = general_in(i.c, Width::k64, kR11);
  for (std::int32_t at = 0; at < size; at += 16) {
    const std::int32_t begin = at + 16 <= size ? at : size - 16;
    op(x86i::kIdMovups, x86::xmm15, x86::ptr(from, begin, 16));
    op(x86i::kIdMovups, moved_by(to, begin, 16), x86::xmm15);
  }
}

// r11 holds the source's address, if that is in a slot, and then the value.
void X86Encoder::copy_piece(const Mem& to, std::int32_t at, std::int32_t bytes, Register source) {
  const Gp from = general_in(source, Width::k64, kR11);
  const auto size = static_cast<std::uint32_t>(bytes);
  const Mem piece = x86::ptr(from, at, size);
  if (bytes == 8) {
    op(x86i::kIdMov, x86::r11, piece);
    op(x86i::kIdMov, moved_by(to, at, size), x86::r11);
  } else if (bytes == 4) {
    op(x86i::kIdMov, x86::r11d, piece);
    op(x86i::kIdMov, moved_by(to, at, size), x86::r11d);
  } else {
    op(x86i::kIdMovzx, x86::r11d, piece);
    op(x86i::kIdMov, moved_by(to, at, size), gp(kR11, bytes == 2 ? Width::k16 : Width::k8));
  }
}

void X86Encoder::string_tail(std::int64_t bytes, bool is_copy) {
  for (const std::int64_t piece : {4, 2, 1}) {
    if ((bytes & piece) == 0) continue;
    const auto size = static_cast<std::uint32_t>(piece);
    const Operand value = gp(kRax, piece == 4 ? Width::k32 : piece == 2 ? Width::k16 : Width::k8);
    const Mem to = x86::ptr(x86::rdi, 0, size);
    if (is_copy)
      op(x86i::kIdMovs, to, x86::ptr(x86::rsi, 0, size));
    else
      op(x86i::kIdStos, to, value);
  }
}

void X86Encoder::copy_by_string(const Instruction& i) {
  op(x86i::kIdLea, x86::rax, address(i));
  load_general(x86::rsi, i.c);
  op(x86i::kIdMov, x86::rdi, x86::rax);
  load_constant(kRcx, i.imm / 8, Width::k64);
  assembler_.rep();
  op(x86i::kIdMovs, x86::ptr(x86::rdi, 0, 8), x86::ptr(x86::rsi, 0, 8));
  string_tail(i.imm, true);
}

void X86Encoder::zero_bytes(const Instruction& i) {
  if (i.imm > kUnrolledBytes) return zero_by_string(i);
  const Mem to = address(i);
  const auto size = static_cast<std::int32_t>(i.imm);
  if (size < 16) {
    std::int32_t at = 0;
    for (const std::int32_t piece : {8, 4, 2, 1})
      if ((size & piece) != 0) {
        op(x86i::kIdMov, moved_by(to, at, static_cast<std::uint32_t>(piece)), 0);
        at += piece;
      }
    return;
  }
  op(x86i::kIdXorps, x86::xmm15, x86::xmm15);
  for (std::int32_t at = 0; at < size; at += 16)
    op(x86i::kIdMovups, moved_by(to, at + 16 <= size ? at : size - 16, 16), x86::xmm15);
}

void X86Encoder::zero_by_string(const Instruction& i) {
  op(x86i::kIdLea, x86::rdi, address(i));
  load_constant(kRcx, i.imm / 8, Width::k64);
  op(x86i::kIdXor, x86::eax, x86::eax);
  assembler_.rep();
  op(x86i::kIdStos, x86::ptr(x86::rdi, 0, 8), x86::rax);
  string_tail(i.imm, false);
}

}  // namespace smf::codegen
