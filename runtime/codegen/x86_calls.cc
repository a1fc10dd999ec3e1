// Calls, entries and returns, jumps.
#include "runtime/codegen/x86_encoder.h"

namespace smf::codegen {

asmjit::x86::CondCode X86Encoder::condition_code(Condition condition) {
  switch (condition) {
    case Condition::kEqual:
      return CondCode::kE;
    case Condition::kNotEqual:
      return CondCode::kNE;
    case Condition::kLess:
    case Condition::kNotGreaterEqual:
      return CondCode::kL;
    case Condition::kNotLess:
    case Condition::kGreaterEqual:
      return CondCode::kGE;
    case Condition::kLessEqual:
    case Condition::kNotGreater:
      return CondCode::kLE;
    case Condition::kNotLessEqual:
    case Condition::kGreater:
      return CondCode::kG;
    case Condition::kBelow:
      return CondCode::kB;
    case Condition::kNotBelow:
      return CondCode::kAE;
    case Condition::kBelowEqual:
      return CondCode::kBE;
    case Condition::kNotBelowEqual:
      break;
  }
  return CondCode::kA;
}

// ---- Values that travel ----

void X86Encoder::add_into(const Transfer& transfer) {
  const Place& from = place(transfer.reg);
  const bool is_memory = from.kind == Place::Kind::kSlot || copies_[transfer.reg] == Copy::kSlot;
  moves_.add({transfer.bank,
              {is_memory, is_memory ? from.slot : from.physical},
              {false, transfer.physical}});
}

void X86Encoder::add_out_of(const Transfer& transfer) {
  if (transfer.reg == kNoRegister) return;
  const Place& to = place(transfer.reg);
  if (to.kind == Place::Kind::kNone) return;
  const bool is_memory = to.kind == Place::Kind::kSlot;
  moves_.add(
      {transfer.bank, {false, transfer.physical}, {is_memory, is_memory ? to.slot : to.physical}});
}

void X86Encoder::move_all(std::uint8_t general_scratch) {
  for (const Move& move : moves_.in_order(general_scratch, kXmm15)) {
    const auto operand = [&](const MoveEnd& end) -> Operand {
      if (end.is_memory) return spill(end.number, 8);
      const auto physical = static_cast<std::uint8_t>(end.number);
      if (move.bank == Bank::kVector) return xmm(physical);
      return gp(physical, Width::k64);
    };
    const bool has_memory = move.from.is_memory || move.to.is_memory;
    const InstId id = move.bank == Bank::kGeneral ? x86i::kIdMov
                      : has_memory                ? x86i::kIdMovsd
                                                  : x86i::kIdMovaps;
    op(id, operand(move.to), operand(move.from));
  }
}

void X86Encoder::enter(std::span<const Transfer> parameters) {
  moves_.clear();
  for (const Transfer& parameter : parameters) add_out_of(parameter);
  move_all(kR11);
}

void X86Encoder::give_back(std::span<const Transfer> results) {
  moves_.clear();
  for (const Transfer& result : results) add_into(result);
  move_all(kR11);
}

// ---- What is alive while something is called ----

void X86Encoder::move_slot(Register reg, bool is_load) {
  const Mem slot = home(reg, 8);
  const bool is_vector = function_->registers[reg] == Bank::kVector;
  const Operand value =
      is_vector ? Operand(xmm(place(reg).physical)) : Operand(gp(place(reg).physical, Width::k64));
  const InstId id = is_vector ? x86i::kIdMovsd : x86i::kIdMov;
  if (is_load)
    op(id, value, slot);
  else
    op(id, slot, value);
}

void X86Encoder::reload(Register reg) {
  if (copies_[reg] != Copy::kSlot) return;
  move_slot(reg, true);
  copies_[reg] = Copy::kBoth;
}

void X86Encoder::reload_all() {
  for (const Register reg : tracked_) {
    reload(reg);
    copies_[reg] = Copy::kRegister;
  }
  tracked_.clear();
}

void X86Encoder::save_across(std::uint32_t call) {
  const List list = allocation_->across[call];
  for (std::uint32_t n = list.first; n != list.first + list.count; ++n) {
    const Register reg = allocation_->registers[n];
    if (copies_[reg] == Copy::kRegister) move_slot(reg, false);
  }
}

// After the call it is in slots, and nothing else is: what was there before is not alive any more,
// or it would be among these.
void X86Encoder::forget_across(std::uint32_t call) {
  for (const Register reg : tracked_) copies_[reg] = Copy::kRegister;
  tracked_.clear();
  const List list = allocation_->across[call];
  for (std::uint32_t n = list.first; n != list.first + list.count; ++n) {
    const Register reg = allocation_->registers[n];
    copies_[reg] = Copy::kSlot;
    tracked_.push_back(reg);
  }
}

// Calls and returns take what they read from the slots.
void X86Encoder::before_instruction(const Instruction& i) {
  if (tracked_.empty()) return;
  if (i.op == Op::kNop || i.op == Op::kCall || i.op == Op::kReturn) return;
  for_each_use(*function_, i, [&](Register reg) { reload(reg); });
  if (i.dest != kNoRegister) copies_[i.dest] = Copy::kRegister;
  if (i.op == Op::kJump || i.op == Op::kBranch || i.op == Op::kFloatBranch) reload_all();
}

// The callee's address goes to r11 with the arguments: it may be in a register that they take, or
// in one that gets back what the caller had in it.
void X86Encoder::call(const Instruction& i) {
  const Call& call = function_->calls[i.call];
  save_across(i.call);
  moves_.clear();
  for (const Transfer& argument : function_->of(call.arguments)) add_into(argument);
  if (call.target == Call::Target::kRegister) add_into({call.callee, kR11, Bank::kGeneral});
  move_all(kRax);
  restore_preserved();
  if (call.is_variadic) op(x86i::kIdMov, x86::eax, call.vector_arguments);
  switch (call.target) {
    case Call::Target::kSymbol:
      op(x86i::kIdCall, x86::ptr(slot_of_symbol(call.callee), 0, 8));
      break;
    case Call::Target::kFunction:
      op(x86i::kIdCall, function_labels_[call.callee]);
      break;
    case Call::Target::kRegister:
      op(x86i::kIdCall, x86::r11);
      break;
  }
  moves_.clear();
  for (const Transfer& result : function_->of(call.results)) add_out_of(result);
  move_all(kR11);
  forget_across(i.call);
}

// ---- Jumps ----

asmjit::Label X86Encoder::block_label(std::uint32_t block) {
  Label& label = block_labels_[block];
  if (label.isValid()) return label;
  label = assembler_.newLabel();
  // The others are bound when they come.
  if (block <= block_) holder_.bindLabel(label, holder_.textSection()->id(), block_offsets_[block]);
  return label;
}

asmjit::Label X86Encoder::trap_label(std::uint32_t trap) {
  Label& label = trap_labels_[trap];
  if (!label.isValid()) label = assembler_.newLabel();
  return label;
}

void X86Encoder::jump_to(std::uint32_t block) {
  if (block != block_ + 1) op(x86i::kIdJmp, block_label(block));
}

void X86Encoder::branch(const Instruction& i) {
  if (i.target == i.other) return jump_to(i.target);
  compare(i);
  const bool goes_on = i.target == block_ + 1;
  jump_if(condition_code(goes_on ? negated(i.condition) : i.condition),
          block_label(goes_on ? i.other : i.target));
  if (!goes_on) jump_to(i.other);
}

void X86Encoder::float_branch(const Instruction& i) {
  if (i.target == i.other) return jump_to(i.target);
  const FloatTest test = float_compare(i);
  if (test.is_equal || test.is_not_equal) {
    const std::uint32_t equal = test.is_equal ? i.target : i.other;
    const std::uint32_t unequal = test.is_equal ? i.other : i.target;
    jump_if(CondCode::kP, block_label(unequal));
    if (equal == block_ + 1) {
      jump_if(CondCode::kNE, block_label(unequal));
    } else {
      jump_if(CondCode::kE, block_label(equal));
      jump_to(unequal);
    }
    return;
  }
  const bool goes_on = i.target == block_ + 1;
  jump_if(goes_on ? x86::negateCond(test.code) : test.code,
          block_label(goes_on ? i.other : i.target));
  if (!goes_on) jump_to(i.other);
}

void X86Encoder::trap_if_float(const Instruction& i) {
  const FloatTest test = float_compare(i);
  const Label trap = trap_label(i.target);
  if (test.is_equal) {
    const Label after = assembler_.newLabel();
    jump_if(CondCode::kP, after);
    jump_if(CondCode::kE, trap);
    assembler_.bind(after);
  } else if (test.is_not_equal) {
    jump_if(CondCode::kP, trap);
    jump_if(CondCode::kNE, trap);
  } else {
    jump_if(test.code, trap);
  }
}

}  // namespace smf::codegen
