// Where values are, and constants that fit into no instruction.

#include <algorithm>

#include "runtime/codegen/arm64_encoder.h"
#include "runtime/codegen/arm64_immediates.h"

namespace smf::codegen {

namespace a64 = asmjit::a64;

asmjit::a64::Gp Arm64Encoder::gp(std::uint8_t physical, Width width) {
  if (width == Width::k64) return a64::GpX(physical);
  return a64::GpW(physical);
}

asmjit::a64::Gp Arm64Encoder::zero(Width width) {
  if (width == Width::k64) return a64::xzr;
  return a64::wzr;
}

asmjit::a64::Vec Arm64Encoder::vec(std::uint8_t physical, Width width) {
  if (width == Width::k64) return a64::VecD(physical);
  return a64::VecS(physical);
}

asmjit::a64::Mem Arm64Encoder::spill(std::uint32_t slot) const {
  return a64::ptr(a64::sp, static_cast<std::int32_t>(frame_.spills + slot * 8));
}

asmjit::a64::Gp Arm64Encoder::general(Register reg, Width width, std::uint8_t scratch) {
  if (in_register(reg)) return gp(place(reg).physical, width);
  if (place(reg).kind == Place::Kind::kSlot) assembler_.ldr(gpx(scratch), spill(place(reg).slot));
  return gp(scratch, width);
}

asmjit::a64::Vec Arm64Encoder::vector(Register reg, Width width, std::uint8_t scratch) {
  if (in_register(reg)) return vec(place(reg).physical, width);
  if (place(reg).kind == Place::Kind::kSlot)
    assembler_.ldr(vec(scratch, Width::k64), spill(place(reg).slot));
  return vec(scratch, width);
}

asmjit::a64::Gp Arm64Encoder::general_or_immediate(const Instruction& i, std::uint8_t scratch) {
  if (i.b != kNoRegister) return general(i.b, i.width, scratch);
  load_constant(gp(scratch, i.width), static_cast<std::uint64_t>(i.imm));
  return gp(scratch, i.width);
}

std::uint8_t Arm64Encoder::result_in(Register dest, std::uint8_t scratch) const {
  return in_register(dest) ? place(dest).physical : scratch;
}

void Arm64Encoder::store_result(Register dest, std::uint8_t from) {
  if (place(dest).kind != Place::Kind::kSlot) return;
  if (function_->registers[dest] == Bank::kVector)
    assembler_.str(vec(from, Width::k64), spill(place(dest).slot));
  else
    assembler_.str(gpx(from), spill(place(dest).slot));
}

// By 16 bits at a time, those that differ from what the first instruction fills the rest with.
void Arm64Encoder::load_constant(const Gp& to, std::uint64_t value) {
  const bool is_wide = to.isGpX();
  const unsigned parts = is_wide ? 4 : 2;
  if (!is_wide) value &= 0xffffffff;
  unsigned zeros = 0;
  unsigned ones = 0;
  for (unsigned n = 0; n != parts; ++n) {
    const auto part = static_cast<std::uint16_t>(value >> (16 * n));
    zeros += part == 0 ? 1 : 0;
    ones += part == 0xffff ? 1 : 0;
  }
  if (std::max(zeros, ones) + 1 < parts && immediates::isLogicalImm(value, is_wide ? 64 : 32)) {
    assembler_.orr(to, zero(is_wide ? Width::k64 : Width::k32), value);
    return;
  }
  const bool is_inverted = ones > zeros;
  const std::uint16_t filler = is_inverted ? 0xffff : 0;
  bool is_first = true;
  for (unsigned n = 0; n != parts; ++n) {
    const auto part = static_cast<std::uint16_t>(value >> (16 * n));
    if (part == filler && (n + 1 != parts || !is_first)) continue;
    const asmjit::Imm shift(a64::lsl(16 * n));
    if (!is_first)
      assembler_.movk(to, part, shift);
    else if (is_inverted)
      assembler_.movn(to, static_cast<std::uint16_t>(~part), shift);
    else
      assembler_.movz(to, part, shift);
    is_first = false;
  }
}

void Arm64Encoder::add_immediate(const Gp& to, const Gp& from, std::int64_t value) {
  const std::uint64_t size = value < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                                       : static_cast<std::uint64_t>(value);
  const auto add = [&](const Gp& base, std::uint64_t part) {
    if (value < 0)
      assembler_.sub(to, base, part);
    else
      assembler_.add(to, base, part);
  };
  if (size == 0) {
    if (to.id() != from.id()) assembler_.mov(to, from);
  } else if (size < 0x1000 || (size < 0x1000000 && (size & 0xfff) == 0)) {
    add(from, size);
  } else if (size < 0x1000000) {
    add(from, size & 0xfff000);
    add(to, size & 0xfff);
  } else {
    const Gp scratch = to.isGpX() ? gpx(kX8) : gp(kX8, Width::k32);
    load_constant(scratch, static_cast<std::uint64_t>(value));
    assembler_.add(to, from, scratch);
  }
}

// Of a load or a store.
bool Arm64Encoder::fits_offset(std::int64_t offset, std::uint32_t bytes) {
  if (offset >= -256 && offset < 256) return true;
  return offset >= 0 && offset % bytes == 0 && offset / bytes < 4096;
}

asmjit::Label Arm64Encoder::slot_of_symbol(std::uint32_t symbol) {
  Label& label = symbol_labels_[symbol];
  if (!label.isValid()) label = tables_.symbol(assembler_, function_->symbols[symbol]);
  return label;
}

}  // namespace smf::codegen
