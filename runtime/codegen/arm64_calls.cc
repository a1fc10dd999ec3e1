// Calls, entries and returns, jumps.
#include "runtime/codegen/arm64_encoder.h"

namespace smf::codegen {

namespace a64 = asmjit::a64;

// ---- Values that travel ----

void Arm64Encoder::add_into(const Transfer& transfer) {
  const Place& from = place(transfer.reg);
  if (from.kind == Place::Kind::kNone) return;
  const bool is_memory = from.kind == Place::Kind::kSlot;
  moves_.add({transfer.bank,
              {is_memory, is_memory ? from.slot : from.physical},
              {false, transfer.physical}});
}

void Arm64Encoder::add_out_of(const Transfer& transfer) {
  if (transfer.reg == kNoRegister) return;
  const Place& to = place(transfer.reg);
  if (to.kind == Place::Kind::kNone) return;
  const bool is_memory = to.kind == Place::Kind::kSlot;
  moves_.add(
      {transfer.bank, {false, transfer.physical}, {is_memory, is_memory ? to.slot : to.physical}});
}

void Arm64Encoder::move_all() {
  for (const Move& move : moves_.in_order(kX17, kV31)) {
    const auto emit = [&](const auto& to, const auto& from) {
      if (move.from.is_memory)
        assembler_.ldr(to, spill(move.from.number));
      else if (move.to.is_memory)
        assembler_.str(from, spill(move.to.number));
      else
        assembler_.emit(move.bank == Bank::kVector ? a64::Inst::kIdFmov_v : a64::Inst::kIdMov, to,
                        from);
    };
    const auto to = static_cast<std::uint8_t>(move.to.is_memory ? 0 : move.to.number);
    const auto from = static_cast<std::uint8_t>(move.from.is_memory ? 0 : move.from.number);
    if (move.bank == Bank::kVector)
      emit(vec(to, Width::k64), vec(from, Width::k64));
    else
      emit(gpx(to), gpx(from));
  }
}

void Arm64Encoder::enter(std::span<const Transfer> parameters) {
  moves_.clear();
  for (const Transfer& parameter : parameters) add_out_of(parameter);
  move_all();
}

void Arm64Encoder::give_back(std::span<const Transfer> results) {
  moves_.clear();
  for (const Transfer& result : results) add_into(result);
  move_all();
}

// What is alive while something is called, to its slots or from there.
void Arm64Encoder::across(std::uint32_t call, Direction direction) {
  const List list = allocation_->across[call];
  for (std::uint32_t n = list.first; n != list.first + list.count; ++n) {
    const Register reg = allocation_->registers[n];
    const Mem slot = spill(place(reg).slot);
    const auto emit = [&](const auto& value) {
      if (direction == Direction::kStore)
        assembler_.str(value, slot);
      else
        assembler_.ldr(value, slot);
    };
    if (function_->registers[reg] == Bank::kVector)
      emit(vec(place(reg).physical, Width::k64));
    else
      emit(gpx(place(reg).physical));
  }
}

// The callee's address goes to x16 with the arguments: it may be in a register that they take, or
// in one that gets back what the caller had in it.
void Arm64Encoder::call(const Instruction& i) {
  const Call& call = function_->calls[i.call];
  across(i.call, Direction::kStore);
  moves_.clear();
  for (const Transfer& argument : function_->of(call.arguments)) add_into(argument);
  if (call.target == Call::Target::kRegister) add_into({call.callee, kX16, Bank::kGeneral});
  move_all();
  restore_preserved();
  check_preserved();
  switch (call.target) {
    case Call::Target::kSymbol:
      assembler_.ldr(a64::x16, a64::ptr(slot_of_symbol(call.callee)));
      assembler_.blr(a64::x16);
      break;
    case Call::Target::kFunction:
      assembler_.bl(function_labels_[call.callee]);
      break;
    case Call::Target::kRegister:
      assembler_.blr(a64::x16);
      break;
  }
  moves_.clear();
  for (const Transfer& result : function_->of(call.results)) add_out_of(result);
  move_all();
  across(i.call, Direction::kLoad);
}

// ---- Jumps ----

asmjit::Label Arm64Encoder::block_label(std::uint32_t block) {
  Label& label = block_labels_[block];
  if (!label.isValid()) label = assembler_.newLabel();
  return label;
}

asmjit::Label Arm64Encoder::trap_label(std::uint32_t trap) {
  Label& label = trap_labels_[trap];
  if (!label.isValid()) label = assembler_.newLabel();
  return label;
}

void Arm64Encoder::jump_to(std::uint32_t block) {
  if (block != block_ + 1) assembler_.b(block_label(block));
}

bool Arm64Encoder::is_zero_test(const Instruction& i) {
  const bool is_integer = i.op == Op::kBranch || i.op == Op::kTrapIf;
  const bool is_equality = i.condition == Condition::kEqual || i.condition == Condition::kNotEqual;
  return is_integer && is_equality && i.b == kNoRegister && i.imm == 0;
}

void Arm64Encoder::jump_if_zero(const Instruction& i, bool is_zero, const Label& label) {
  const Gp a = general(i.a, i.width, kX16);
  if (is_zero)
    assembler_.cbz(a, label);
  else
    assembler_.cbnz(a, label);
}

void Arm64Encoder::branch(const Instruction& i) {
  if (i.target == i.other) return jump_to(i.target);
  const bool goes_on = i.target == block_ + 1;
  const Condition condition = goes_on ? negated(i.condition) : i.condition;
  const Label label = block_label(goes_on ? i.other : i.target);
  if (is_zero_test(i)) {
    jump_if_zero(i, condition == Condition::kEqual, label);
  } else if (i.op == Op::kFloatBranch) {
    float_compare(i);
    assembler_.b(float_condition_code(condition), label);
  } else {
    compare(i);
    assembler_.b(condition_code(condition), label);
  }
  if (!goes_on) jump_to(i.other);
}

void Arm64Encoder::trap_if(const Instruction& i) {
  const Label label = trap_label(i.target);
  if (is_zero_test(i)) {
    jump_if_zero(i, i.condition == Condition::kEqual, label);
  } else if (i.op == Op::kTrapIfFloat) {
    float_compare(i);
    assembler_.b(float_condition_code(i.condition), label);
  } else {
    compare(i);
    assembler_.b(condition_code(i.condition), label);
  }
}

}  // namespace smf::codegen
