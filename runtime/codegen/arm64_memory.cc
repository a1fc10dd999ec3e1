// Loads, stores and addresses.
#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/codegen/arm64_encoder.h"

namespace smf::codegen {

namespace a64 = asmjit::a64;

namespace {

// More are copied or cleared by a loop, of 32 bytes at a time.
constexpr std::uint32_t kArm64UnrolledBytes = 256;
constexpr std::uint32_t kArm64BytesOfLoop = 32;

}  // namespace

Arm64Encoder::Address Arm64Encoder::base_of(const Instruction& i) {
  switch (i.base) {
    case Base::kRegister:
      return {general(i.a, Width::k64, kX16), i.disp};
    case Base::kSlot:
      return {a64::sp, std::int64_t{frame_.slots[i.a]} + i.disp};
    case Base::kPool:
      if (!pool_label_.isValid()) pool_label_ = tables_.pool(assembler_, function_->pool);
      assembler_.adr(a64::x16, pool_label_);
      return {a64::x16, std::int64_t{i.a} + i.disp};
    case Base::kSymbol:
      break;
    case Base::kIncoming:
      return {a64::x29, std::int64_t{16} + i.disp};
    case Base::kOutgoing:
      return {a64::sp, i.disp};
  }
  assembler_.ldr(a64::x16, a64::ptr(slot_of_symbol(i.a)));
  return {a64::x16, i.disp};
}

Arm64Encoder::Address Arm64Encoder::flat_address(const Instruction& i) {
  Address address = base_of(i);
  if (i.b == kNoRegister) return address;
  const Gp index = general(i.b, Width::k64, kX17);
  assembler_.add(a64::x16, address.base, index, a64::lsl(i.shift));
  address.base = a64::x16;
  return address;
}

asmjit::a64::Mem Arm64Encoder::at(const Address& address, std::uint32_t bytes) {
  if (fits_offset(address.disp, bytes))
    return a64::ptr(address.base, static_cast<std::int32_t>(address.disp));
  add_immediate(a64::x16, address.base, address.disp);
  return a64::ptr(a64::x16);
}

asmjit::a64::Mem Arm64Encoder::address(const Instruction& i, std::uint32_t bytes) {
  const bool is_scaled = i.shift == 0 || 1u << i.shift == bytes;
  if (i.b == kNoRegister || !is_scaled) return at(flat_address(i), bytes);
  const Address base = base_of(i);
  if (base.disp != 0) {
    const Gp index = general(i.b, Width::k64, kX17);
    assembler_.add(a64::x16, base.base, index, a64::lsl(i.shift));
    return at({a64::x16, base.disp}, bytes);
  }
  const Gp index = general(i.b, Width::k64, kX17);
  if (i.shift == 0) return a64::ptr(base.base, index);
  return a64::ptr(base.base, index, a64::lsl(i.shift));
}

void Arm64Encoder::load(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  if (i.base == Base::kSymbol) {
    assembler_.ldr(gpx(to), a64::ptr(slot_of_symbol(i.a)));
    store_result(i.dest, to);
    return;
  }
  const Mem from = address(i, bytes_of(i.width));
  const Gp narrow = gp(to, Width::k32);
  switch (i.width) {
    case Width::k8:
      if (i.is_signed)
        assembler_.ldrsb(narrow, from);
      else
        assembler_.ldrb(narrow, from);
      break;
    case Width::k16:
      if (i.is_signed)
        assembler_.ldrsh(narrow, from);
      else
        assembler_.ldrh(narrow, from);
      break;
    case Width::k32:
    case Width::k64:
      assembler_.ldr(gp(to, i.width), from);
      break;
  }
  store_result(i.dest, to);
}

void Arm64Encoder::store(const Instruction& i) {
  const Mem to = address(i, bytes_of(i.width));
  const Width held = i.width == Width::k64 ? Width::k64 : Width::k32;
  Gp value = zero(held);
  if (i.c != kNoRegister) {
    value = general(i.c, held, kX8);
  } else if (i.imm != 0) {
    value = gp(kX8, held);
    load_constant(value, static_cast<std::uint64_t>(i.imm));
  }
  switch (i.width) {
    case Width::k8:
      assembler_.strb(value, to);
      break;
    case Width::k16:
      assembler_.strh(value, to);
      break;
    case Width::k32:
    case Width::k64:
      assembler_.str(value, to);
      break;
  }
}

void Arm64Encoder::float_load(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kV30);
  const Mem from = address(i, bytes_of(i.width));
  assembler_.ldr(vec(to, i.width), from);
  store_result(i.dest, to);
}

void Arm64Encoder::float_store(const Instruction& i) {
  const Mem to = address(i, bytes_of(i.width));
  assembler_.str(vector(i.c, i.width, kV30), to);
}

void Arm64Encoder::address_of(const Instruction& i) {
  const std::uint8_t to = result_in(i.dest, kX16);
  const Address address = flat_address(i);
  add_immediate(gpx(to), address.base, address.disp);
  store_result(i.dest, to);
}

// Each part of it by an offset that fits.
void Arm64Encoder::make_reachable(Address& address, std::uint32_t size) {
  if (address.disp >= 0 && address.disp % 16 == 0 && address.disp + size <= 1024) return;
  add_immediate(a64::x16, address.base, address.disp);
  address = {a64::x16, 0};
}

void Arm64Encoder::copy_bytes(const Instruction& i) {
  const auto size = static_cast<std::uint32_t>(i.imm);
  Address to = flat_address(i);
  if (size <= kArm64UnrolledBytes) {
    make_reachable(to, size);
    copy_pieces(to, general(i.c, Width::k64, kX17), size);
    return;
  }
  add_immediate(a64::x16, to.base, to.disp);
  const Gp from = general(i.c, Width::k64, kX17);
  if (from.id() != kX17) assembler_.mov(a64::x17, from);
  const Label again = assembler_.newLabel();
  load_constant(a64::x8, size / kArm64BytesOfLoop);
  assembler_.bind(again);
  assembler_.ldp(a64::q30, a64::q31, a64::ptr_post(a64::x17, kArm64BytesOfLoop));
  assembler_.stp(a64::q30, a64::q31, a64::ptr_post(a64::x16, kArm64BytesOfLoop));
  assembler_.sub(a64::x8, a64::x8, 1);
  assembler_.cbnz(a64::x8, again);
  copy_pieces({a64::x16, 0}, a64::x17, size % kArm64BytesOfLoop);
}

void Arm64Encoder::copy_pieces(const Address& to, const Gp& from, std::uint32_t size) {
  std::uint32_t done = 0;
  const auto target = [&] { return a64::ptr(to.base, static_cast<std::int32_t>(to.disp + done)); };
  const auto source = [&] { return a64::ptr(from, static_cast<std::int32_t>(done)); };
  for (; size - done >= 32; done += 32) {
    assembler_.ldp(a64::q30, a64::q31, source());
    assembler_.stp(a64::q30, a64::q31, target());
  }
  const auto copy = [&](const Vec& piece, std::uint32_t bytes) {
    if (size - done < bytes) return;
    assembler_.ldr(piece, source());
    assembler_.str(piece, target());
    done += bytes;
  };
  copy(a64::q30, 16);
  copy(a64::d30, 8);
  copy(a64::s30, 4);
  copy(a64::h30, 2);
  copy(a64::b30, 1);
}

void Arm64Encoder::zero_bytes(const Instruction& i) {
  const auto size = static_cast<std::uint32_t>(i.imm);
  Address to = flat_address(i);
  if (size >= 16) assembler_.movi(a64::v30.d2(), 0);
  if (size <= kArm64UnrolledBytes) {
    make_reachable(to, size);
    zero_pieces(to, size);
    return;
  }
  add_immediate(a64::x16, to.base, to.disp);
  const Label again = assembler_.newLabel();
  load_constant(a64::x17, size / kArm64BytesOfLoop);
  assembler_.bind(again);
  assembler_.stp(a64::q30, a64::q30, a64::ptr_post(a64::x16, kArm64BytesOfLoop));
  assembler_.sub(a64::x17, a64::x17, 1);
  assembler_.cbnz(a64::x17, again);
  zero_pieces({a64::x16, 0}, size % kArm64BytesOfLoop);
}

void Arm64Encoder::zero_pieces(const Address& to, std::uint32_t size) {
  std::uint32_t done = 0;
  const auto target = [&] { return a64::ptr(to.base, static_cast<std::int32_t>(to.disp + done)); };
  for (; size - done >= 32; done += 32) assembler_.stp(a64::q30, a64::q30, target());
  if (size - done >= 16) {
    assembler_.str(a64::q30, target());
    done += 16;
  }
  if (size - done >= 8) {
    assembler_.str(a64::xzr, target());
    done += 8;
  }
  if (size - done >= 4) {
    assembler_.str(a64::wzr, target());
    done += 4;
  }
  if (size - done >= 2) {
    assembler_.strh(a64::wzr, target());
    done += 2;
  }
  if (size != done) assembler_.strb(a64::wzr, target());
}

}  // namespace smf::codegen
