// Values in registers and in memory, and the way between.
#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/codegen/lowering.h"
#include "runtime/codegen/lowering_body.h"

namespace smf::codegen {

using mir::TypeKind;
using mir::ValueKind;

Location Lowering::new_slot(std::uint64_t size, std::uint32_t alignment) {
  constexpr std::uint64_t kMaxFrame = std::uint64_t{1} << 30;
  // Whole words, so that the last piece of an argument can be read as one.
  const auto rounded = static_cast<std::uint32_t>(align_up(size, 8));
  std::uint64_t sum = rounded;
  if (rounded > (1u << 16))
    for (const Slot& slot : to_->slots) sum += slot.size;
  if (size > kMaxFrame || sum > kMaxFrame)
    refuse("its values need more than 1 GiB of stack", ErrorCode::kLimit);
  to_->slots.push_back({.size = rounded, .alignment = std::max<std::uint32_t>(alignment, 8)});
  return {.base = Base::kSlot, .a = static_cast<Register>(to_->slots.size() - 1)};
}

Value Lowering::new_value(mir::TypeId id) {
  const ValueType type = value_type(id);
  Value value{.shape = type.shape};
  switch (type.shape) {
    case Shape::kNothing:
      break;
    case Shape::kScalar:
    case Shape::kParts:
      for (const Leaf& leaf : types_.leaves(type)) {
        const Register reg = new_register(leaf.kind);
        if (value.first == kNoRegister) value.first = reg;
      }
      break;
    case Shape::kMemory:
      value.at = new_slot(type.size, type.alignment);
      break;
  }
  return value;
}

// ---- Operands ----

Register Lowering::scalar(mir::Operand operand) {
  if (operand.is_local()) return local(operand.index).first;
  return constant_scalar(unit().constants[operand.index], operand.index);
}

Value Lowering::value(mir::Operand operand) {
  return operand.is_local() ? local(operand.index) : constant_value(operand.index);
}

Register Lowering::constant_scalar(const mir::Constant& constant, mir::ConstantId id) {
  const TypeKind type = kind(constant.type);
  if (constant.kind == ValueKind::kString) {
    const mir::Callee& callee = program_.dependencies(body_->id)[program_.callee(body_->id, id)];
    return emit_to_new(Bank::kGeneral,
                       {.op = Op::kLoad,
                        .base = Base::kSymbol,
                        .a = symbol(Symbol::Kind::kFunction, program_.mangled_name(callee))});
  }
  std::uint64_t bits = constant.bits;
  if (constant.kind == ValueKind::kZero || constant.kind == ValueKind::kNull) bits = 0;
  if (mir::is_float(type)) {
    const bool is_float = constant.kind == ValueKind::kFloat;
    const bool is_unsigned = constant.kind == ValueKind::kUnsigned;
    bits = mir::convert(is_float      ? TypeKind::kF64
                        : is_unsigned ? TypeKind::kU64
                                      : TypeKind::kI64,
                        type, bits);
    return emit_to_new(Bank::kVector, {.op = Op::kFloatConstant,
                                       .width = memory_width(type),
                                       .imm = static_cast<std::int64_t>(bits)});
  }
  return this->constant(static_cast<std::int64_t>(mir::normalize(type, bits)), held_width(type));
}

Value Lowering::constant_value(mir::ConstantId id) {
  const mir::Constant constant = unit().constants[id];
  const ValueType type = value_type(constant.type);
  Value value{.shape = type.shape};
  if (type.shape == Shape::kScalar) {
    value.first = constant_scalar(constant, id);
  } else if (type.shape == Shape::kParts && constant.kind == ValueKind::kString) {
    const std::string_view text = unit().string(static_cast<mir::StringId>(constant.bits));
    value = new_value(constant.type);
    const std::uint32_t at = pool(std::as_bytes(std::span(text)), 1);
    emit({.op = Op::kAddress, .base = Base::kPool, .dest = value.first, .a = at});
    emit({.op = Op::kConstant,
          .dest = value.first + 1,
          .imm = static_cast<std::int64_t>(text.size())});
  } else if (type.shape != Shape::kNothing) {
    value = new_value(constant.type);
    clear(constant.type, value);
  }
  return value;
}

Value Lowering::part(mir::TypeId id, const Value& value, std::uint32_t number,
                     std::uint32_t variant) {
  const mir::FieldLayout field = need(types_.fields(id, variant))[number];
  const ValueType type = value_type(field.type);
  if (type.shape == Shape::kNothing) return {};
  if (value.shape == Shape::kMemory) {
    const Location at = value.at.at(field.offset);
    if (type.shape == Shape::kMemory) return {.shape = type.shape, .at = at};
    const Value loaded = new_value(field.type);
    load(field.type, loaded, at);
    return loaded;
  }
  const auto leaves = types_.leaves(value_type(id));
  std::uint32_t before = 0;
  while (before != leaves.size() && leaves[before].offset < field.offset) ++before;
  return {.shape = type.shape, .first = value.first + before};
}

// ---- Moves ----

void Lowering::move(TypeKind kind, Register to, Register from) {
  if (to == from) return;
  emit({.op = Op::kMove,
        .width = held_width(kind),
        .is_float = mir::is_float(kind),
        .dest = to,
        .a = from});
}

void Lowering::move(mir::TypeId id, const Value& to, const Value& from) {
  const ValueType type = value_type(id);
  switch (type.shape) {
    case Shape::kNothing:
      return;
    case Shape::kScalar:
    case Shape::kParts: {
      std::uint32_t i = 0;
      for (const Leaf& leaf : types_.leaves(type)) {
        move(leaf.kind, to.first + i, from.first + i);
        ++i;
      }
      return;
    }
    case Shape::kMemory:
      return copy_bytes(type.size, to.at, from.at);
  }
}

void Lowering::clear(mir::TypeId id, const Value& to) {
  const ValueType type = value_type(id);
  if (type.shape == Shape::kMemory) {
    Instruction zero = memory(Op::kZeroBytes, Width::k64, to.at);
    zero.imm = type.size;
    emit(zero);
    return;
  }
  Register reg = to.first;
  for (const Leaf& leaf : types_.leaves(type)) {
    emit({.op = mir::is_float(leaf.kind) ? Op::kFloatConstant : Op::kConstant,
          .width = held_width(leaf.kind),
          .dest = reg++});
  }
}

// ---- Memory ----

Instruction Lowering::memory(Op op, Width width, const Location& at) {
  return {.op = op, .width = width, .base = at.base, .a = at.a, .disp = at.disp};
}

void Lowering::load_scalar(TypeKind kind, Register to, const Location& from) {
  Instruction one =
      memory(mir::is_float(kind) ? Op::kFloatLoad : Op::kLoad, memory_width(kind), from);
  one.is_signed = mir::is_signed(kind);
  one.dest = to;
  if (kind != TypeKind::kBool) {
    emit(one);
    return;
  }
  // Any byte but 0 is true.
  one.dest = new_general();
  emit(one);
  emit({.op = Op::kCompare,
        .width = Width::k32,
        .condition = Condition::kNotEqual,
        .dest = to,
        .a = one.dest});
}

Register Lowering::load_scalar(TypeKind kind, const Location& from) {
  const Register reg = new_register(kind);
  load_scalar(kind, reg, from);
  return reg;
}

void Lowering::store_scalar(TypeKind kind, Register from, const Location& to) {
  Instruction one =
      memory(mir::is_float(kind) ? Op::kFloatStore : Op::kStore, memory_width(kind), to);
  one.c = from;
  emit(one);
}

void Lowering::load(mir::TypeId id, const Value& to, const Location& from) {
  const ValueType type = value_type(id);
  if (type.shape == Shape::kMemory) return copy_bytes(type.size, to.at, from);
  // The address may be in one of the registers that are loaded.
  const bool is_alone = types_.leaves(type).size() == 1;
  Location at = from;
  if (!is_alone && from.base == Base::kRegister && from.a >= to.first &&
      from.a < to.first + types_.leaves(type).size()) {
    at.a = new_general();
    move(TypeKind::kI64, at.a, from.a);
  }
  Register reg = to.first;
  for (const Leaf& leaf : types_.leaves(type)) load_scalar(leaf.kind, reg++, at.at(leaf.offset));
}

void Lowering::store(mir::TypeId id, const Value& from, const Location& to) {
  const ValueType type = value_type(id);
  if (type.shape == Shape::kMemory) return copy_bytes(type.size, to, from.at);
  Register reg = from.first;
  for (const Leaf& leaf : types_.leaves(type)) store_scalar(leaf.kind, reg++, to.at(leaf.offset));
}

Register Lowering::address_of(const Location& location) {
  if (location.base == Base::kRegister && location.disp == 0) return location.a;
  return emit_to_new(Bank::kGeneral, memory(Op::kAddress, Width::k64, location));
}

void Lowering::copy_bytes(std::uint64_t size, const Location& to, const Location& from) {
  if (size == 0) return;
  Instruction copy = memory(Op::kCopyBytes, Width::k64, to);
  copy.c = address_of(from);
  copy.imm = static_cast<std::int64_t>(size);
  emit(copy);
}

Location Lowering::in_memory(mir::TypeId id, const Value& value) {
  if (value.shape == Shape::kMemory) return value.at;
  const ValueType type = value_type(id);
  const Location slot = new_slot(type.size, type.alignment);
  // What is between the scalars travels too: it is nobody's business what was there before.
  std::uint64_t held = 0;
  for (const Leaf& leaf : types_.leaves(type)) held += bytes_of(memory_width(leaf.kind));
  if (held < align_up(type.size, 8)) {
    Instruction zero = memory(Op::kZeroBytes, Width::k64, slot);
    zero.imm = static_cast<std::int64_t>(align_up(type.size, 8));
    emit(zero);
  }
  store(id, value, slot);
  return slot;
}

// ---- Integers ----

// After an operation on 32 bits: 8 or 16 of them, extended.
Register Lowering::canonical(TypeKind kind, Register reg) {
  if (!is_narrow(kind)) return reg;
  return emit_to_new(Bank::kGeneral,
                     {.op = mir::is_signed(kind) ? Op::kSignExtend : Op::kZeroExtend,
                      .width = Width::k32,
                      .from = memory_width(kind),
                      .a = reg});
}

Register Lowering::widen(TypeKind from, Register reg) {
  if (held_width(from) == Width::k64) return reg;
  return emit_to_new(Bank::kGeneral,
                     {.op = mir::is_signed(from) ? Op::kSignExtend : Op::kZeroExtend,
                      .width = Width::k64,
                      .from = Width::k32,
                      .a = reg});
}

}  // namespace smf::codegen
