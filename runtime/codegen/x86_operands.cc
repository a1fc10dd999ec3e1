// Where values are, and how they get into registers.
#include "runtime/codegen/x86_encoder.h"

namespace smf::codegen {

bool X86Encoder::same_place(Register one, Register other) const {
  const Place& left = place(one);
  const Place& right = place(other);
  if (left.kind != right.kind) return false;
  return left.kind == Place::Kind::kRegister ? left.physical == right.physical
                                             : left.slot == right.slot;
}

asmjit::x86::Gp X86Encoder::gp(std::uint8_t physical, Width width) {
  switch (width) {
    case Width::k8:
      return x86::gpb_lo(physical);
    case Width::k16:
      return x86::gpw(physical);
    case Width::k32:
      return x86::gpd(physical);
    case Width::k64:
      break;
  }
  return x86::gpq(physical);
}

asmjit::x86::Mem X86Encoder::spill(std::uint32_t slot, std::uint32_t bytes) const {
  return x86::ptr(x86::rbp, frame_.spills + static_cast<std::int32_t>(slot * 8), bytes);
}

asmjit::Operand_ X86Encoder::general(Register reg, Width width) const {
  if (in_register(reg)) return gp(place(reg).physical, width);
  return home(reg, bytes_of(width));
}

asmjit::Operand_ X86Encoder::vector(Register reg, Width width) const {
  if (in_register(reg)) return xmm(place(reg).physical);
  return home(reg, bytes_of(width));
}

asmjit::x86::Gp X86Encoder::general_in(Register reg, Width width, std::uint8_t scratch) {
  if (in_register(reg)) return gp(place(reg).physical, width);
  const Gp to = gp(scratch, width == Width::k64 ? Width::k64 : Width::k32);
  load_general(to, reg);
  return gp(scratch, width);
}

asmjit::x86::Xmm X86Encoder::vector_in(Register reg, Width width, std::uint8_t scratch) {
  if (in_register(reg)) return xmm(place(reg).physical);
  load_vector(scratch, reg, width);
  return xmm(scratch);
}

void X86Encoder::load_general(const Gp& to, Register reg) {
  if (is_in(reg, static_cast<std::uint8_t>(to.id()))) return;
  op(x86i::kIdMov, to, general(reg, to.size() == 8 ? Width::k64 : Width::k32));
}

void X86Encoder::load_vector(std::uint8_t to, Register reg, Width width) {
  if (in_register(reg)) {
    if (place(reg).physical != to) op(x86i::kIdMovaps, xmm(to), xmm(place(reg).physical));
  } else {
    op(width == Width::k32 ? x86i::kIdMovss : x86i::kIdMovsd, xmm(to), home(reg, bytes_of(width)));
  }
}

std::uint8_t X86Encoder::result_in(Register dest, std::uint8_t scratch) const {
  return in_register(dest) ? place(dest).physical : scratch;
}

// Slots are written whole: a load of 8 bytes that follows a store of 4 would have to wait for it.
void X86Encoder::store_general(Register dest, std::uint8_t from) {
  if (is_in(dest, from) || place(dest).kind == Place::Kind::kNone) return;
  if (in_register(dest))
    op(x86i::kIdMov, gp(place(dest).physical, Width::k64), gp(from, Width::k64));
  else
    op(x86i::kIdMov, home(dest, 8), gp(from, Width::k64));
}

void X86Encoder::store_vector(Register dest, std::uint8_t from) {
  if (is_in(dest, from) || place(dest).kind == Place::Kind::kNone) return;
  if (in_register(dest))
    op(x86i::kIdMovaps, xmm(place(dest).physical), xmm(from));
  else
    op(x86i::kIdMovsd, home(dest, 8), xmm(from));
}

std::int64_t X86Encoder::immediate(const Instruction& i) {
  return i.width == Width::k64 ? i.imm : static_cast<std::int32_t>(i.imm);
}

// Changes the flags.
void X86Encoder::load_constant(std::uint8_t to, std::int64_t value, Width width) {
  if (width != Width::k64) value = static_cast<std::uint32_t>(value);
  if (value == 0)
    op(x86i::kIdXor, gp(to, Width::k32), gp(to, Width::k32));
  else if (value == static_cast<std::uint32_t>(value))
    op(x86i::kIdMov, gp(to, Width::k32), value);
  else
    op(x86i::kIdMov, gp(to, Width::k64), value);
}

void X86Encoder::constant_value(const Instruction& i) {
  if (!in_register(i.dest) && fits(immediate(i)))
    return op(x86i::kIdMov, home(i.dest, 8), immediate(i));
  const std::uint8_t to = result_in(i.dest, kRax);
  load_constant(to, i.imm, i.width);
  store_general(i.dest, to);
}

void X86Encoder::move_value(const Instruction& i) {
  const bool is_vector = function_->registers[i.dest] == Bank::kVector;
  const std::uint8_t scratch = in_register(i.a) ? place(i.a).physical : is_vector ? kXmm14 : kRax;
  const std::uint8_t to = result_in(i.dest, scratch);
  if (is_vector) {
    load_vector(to, i.a, Width::k64);
    store_vector(i.dest, to);
  } else {
    load_general(gp(to, Width::k64), i.a);
    store_general(i.dest, to);
  }
}

asmjit::x86::Mem X86Encoder::address(const Instruction& i) {
  Gp base = x86::rbp;
  std::int64_t disp = i.disp;
  bool is_rax = false;
  switch (i.base) {
    case Base::kRegister:
      is_rax = !in_register(i.a);
      base = general_in(i.a, Width::k64, kRax);
      break;
    case Base::kSlot:
      disp += frame_.slots[i.a];
      break;
    case Base::kPool: {
      disp += i.a;
      if (!fits(disp)) break;
      const Mem at = x86::ptr(pool_label(), static_cast<std::int32_t>(disp));
      if (i.b == kNoRegister) return at;
      op(x86i::kIdLea, x86::rax, at);
      base = x86::rax;
      is_rax = true;
      disp = 0;
      break;
    }
    case Base::kSymbol:
      return x86::ptr(slot_of_symbol(i.a));
    case Base::kIncoming:
      disp += 16;
      break;
    case Base::kOutgoing:
      base = x86::rsp;
      break;
  }
  if (!fits(disp)) fail_with(ErrorCode::kLimit, "a distance in memory is larger than 2 GiB");
  const auto offset = static_cast<std::int32_t>(disp);
  if (i.b == kNoRegister) return x86::ptr(base, offset);
  if (in_register(i.b) || !is_rax)
    return x86::ptr(base, general_in(i.b, Width::k64, kRax), i.shift, offset);
  op(x86i::kIdLea, x86::rax, x86::ptr(base, general_in(i.b, Width::k64, kR11), i.shift, offset));
  return x86::ptr(x86::rax);
}

asmjit::Label X86Encoder::slot_of_symbol(std::uint32_t symbol) {
  Label& label = symbol_labels_[symbol];
  if (!label.isValid()) label = tables_.symbol(assembler_, function_->symbols[symbol]);
  return label;
}

asmjit::Label X86Encoder::pool_label() {
  if (!pool_label_.isValid()) pool_label_ = tables_.pool(assembler_, function_->pool);
  return pool_label_;
}

asmjit::x86::Mem X86Encoder::constant(std::uint64_t low, std::uint64_t high) {
  return x86::ptr(tables_.constant(assembler_, low, high));
}

}  // namespace smf::codegen
