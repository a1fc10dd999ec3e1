// Frames: what a function saves, and where its slots are.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "runtime/base/bytes.h"
#include "runtime/codegen/arm64_encoder.h"

namespace smf::codegen {

namespace a64 = asmjit::a64;

namespace {

constexpr std::uint32_t kArm64Page = 4096;
// More are touched by a loop.
constexpr std::uint32_t kArm64UnrolledPages = 4;
constexpr std::uint64_t kArm64MaxFrame = std::uint64_t{1} << 30;
// Slots of registers are reached from sp by one instruction.
constexpr std::uint64_t kArm64MaxSpill = std::uint64_t{4095} * 8;

std::uint32_t bytes_of_registers(RegisterMask mask) {
  return static_cast<std::uint32_t>(
      align_up(static_cast<std::uint64_t>(std::popcount(mask)) * 8, 16));
}

}  // namespace

Result<void> Arm64Encoder::lay_out_frame() {
  const auto too_large = [&] {
    return fail(ErrorCode::kLimit, fmt::format("{}: its frame is too large", function_->name));
  };
  const RegisterMask all[2] = {kArm64PreservedGeneral, kArm64PreservedVector};
  std::uint32_t below = 0;
  const auto reserve = [&](RegisterMask mask) {
    below += bytes_of_registers(mask);
    return -static_cast<std::int32_t>(below);
  };
  for (unsigned bank = 0; bank != 2; ++bank) {
    frame_.saved[bank] = reserve(allocation_->saved[bank]);
    if (options_.checks_frames) frame_.copies[bank] = reserve(all[bank]);
  }
  std::uint64_t used = 0;
  for (const Call& call : function_->calls)
    used = std::max(used, align_up(std::uint64_t{call.stack_bytes}, 16));
  frame_.spills = static_cast<std::uint32_t>(used);
  used += std::uint64_t{8} * allocation_->spill_slots;
  if (used > kArm64MaxSpill) return too_large();
  frame_.slots.clear();
  for (const Slot& slot : function_->slots) {
    if (slot.alignment > 16) {
      return fail(ErrorCode::kUnsupported, fmt::format("{}: a slot is to be aligned at {} bytes",
                                                       function_->name, slot.alignment));
    }
    used = align_up(used, std::max(slot.alignment, 1u));
    frame_.slots.push_back(static_cast<std::uint32_t>(used));
    used += slot.size;
    if (used > kArm64MaxFrame) return too_large();
  }
  frame_.size = static_cast<std::uint32_t>(align_up(used, 16)) + below;
  return {};
}

void Arm64Encoder::prologue() {
  if (options_.has_landing_pads) assembler_.hint(34);  // bti c
  assembler_.stp(a64::x29, a64::x30, a64::ptr_pre(a64::sp, -16));
  assembler_.mov(a64::x29, a64::sp);
  reserve_frame();
  for (const Bank bank : {Bank::kGeneral, Bank::kVector}) {
    const auto n = static_cast<std::size_t>(bank);
    transfer_registers(Direction::kStore, bank, allocation_->saved[n], frame_.saved[n]);
    if (options_.checks_frames) {
      transfer_registers(Direction::kStore, bank,
                         bank == Bank::kVector ? kArm64PreservedVector : kArm64PreservedGeneral,
                         frame_.copies[n]);
    }
  }
}

// A page that is skipped might be the guard page behind the stack.
void Arm64Encoder::reserve_frame() {
  const std::uint32_t pages = frame_.size / kArm64Page;
  const std::uint32_t rest = frame_.size % kArm64Page;
  const auto take_page = [&] {
    assembler_.sub(a64::sp, a64::sp, kArm64Page);
    assembler_.str(a64::xzr, a64::ptr(a64::sp));
  };
  if (pages <= kArm64UnrolledPages) {
    for (std::uint32_t n = 0; n != pages; ++n) take_page();
  } else {
    const Label again = assembler_.newLabel();
    load_constant(a64::x16, pages);
    assembler_.bind(again);
    take_page();
    assembler_.sub(a64::x16, a64::x16, 1);
    assembler_.cbnz(a64::x16, again);
  }
  if (rest != 0) assembler_.sub(a64::sp, a64::sp, rest);
}

// An odd one has v31 or xzr beside it.
void Arm64Encoder::transfer_registers(Direction direction, Bank bank, RegisterMask mask,
                                      std::int32_t first) {
  std::int32_t at = first;
  while (mask != 0) {
    const auto one = static_cast<std::uint8_t>(std::countr_zero(mask));
    mask &= mask - 1;
    const auto other = static_cast<std::uint8_t>(mask == 0 ? 31 : std::countr_zero(mask));
    mask &= mask - 1;
    const Mem memory = a64::ptr(a64::x29, at);
    at += 16;
    const auto emit = [&](const auto& left, const auto& right) {
      if (direction == Direction::kStore)
        assembler_.stp(left, right, memory);
      else
        assembler_.ldp(left, right, memory);
    };
    if (bank == Bank::kVector) {
      emit(vec(one, Width::k64), vec(other, Width::k64));
    } else {
      emit(gpx(one), other == 31 ? Gp(a64::xzr) : gpx(other));
    }
  }
}

void Arm64Encoder::restore_preserved() {
  for (const Bank bank : {Bank::kGeneral, Bank::kVector}) {
    const auto n = static_cast<std::size_t>(bank);
    transfer_registers(Direction::kLoad, bank, allocation_->saved[n], frame_.saved[n]);
  }
}

// Of x16 and x17 the first may hold whom to call.
void Arm64Encoder::check_preserved() {
  if (!options_.checks_frames) return;
  if (!check_label_.isValid()) check_label_ = assembler_.newLabel();
  assembler_.fmov(a64::d30, a64::x16);
  for (const Bank bank : {Bank::kGeneral, Bank::kVector}) {
    const bool is_vector = bank == Bank::kVector;
    std::int32_t at = frame_.copies[is_vector ? 1 : 0];
    for (RegisterMask mask = is_vector ? kArm64PreservedVector : kArm64PreservedGeneral; mask != 0;
         mask &= mask - 1, at += 8) {
      const auto physical = static_cast<std::uint8_t>(std::countr_zero(mask));
      assembler_.sub(a64::x17, a64::x29, -at);
      assembler_.ldr(a64::x17, a64::ptr(a64::x17));
      Gp value = gpx(physical);
      if (is_vector) {
        assembler_.fmov(a64::x16, vec(physical, Width::k64));
        value = a64::x16;
      }
      assembler_.cmp(a64::x17, value);
      assembler_.b(CondCode::kNE, check_label_);
    }
  }
  assembler_.fmov(a64::x16, a64::d30);
  load_constant(a64::x17, frame_.size);
  assembler_.sub(a64::x17, a64::x29, a64::x17);
  assembler_.cmp(a64::sp, a64::x17);
  assembler_.b(CondCode::kNE, check_label_);
}

void Arm64Encoder::epilogue() {
  restore_preserved();
  check_preserved();
  if (frame_.size != 0) assembler_.mov(a64::sp, a64::x29);
  assembler_.ldp(a64::x29, a64::x30, a64::ptr_post(a64::sp, 16));
  assembler_.ret(a64::x30);
}

}  // namespace smf::codegen
