// Slots, addresses, fields and aggregates.
#include <bit>

#include "runtime/codegen/lowering.h"
#include "runtime/codegen/lowering_body.h"

namespace smf::codegen {

using mir::TypeKind;

void Lowering::alloc(std::uint32_t /*index*/, const mir::Instruction& one) {
  if (body_->is_promoted[one.dest]) return clear(one.type, body_->pointees[one.dest]);
  const ValueType type = value_type(one.type);
  const Location slot = new_slot(type.size, type.alignment);
  if (type.size != 0) {
    Instruction zero = memory(Op::kZeroBytes, Width::k64, slot);
    zero.imm = type.size;
    emit(zero);
  }
  Instruction address = memory(Op::kAddress, Width::k64, slot);
  address.dest = local(one.dest).first;
  emit(address);
}

// ---- Addresses ----

void Lowering::add_index(Element& element, mir::Operand index, std::uint64_t size) {
  if (const auto number = mir::constant_index(unit(), index); number && *number < (1u << 20)) {
    element.disp += static_cast<std::int64_t>(*number * size);
    return;
  }
  if (size == 0) return;
  if (element.index != kNoRegister) {
    const Register sum = finish_element(element);
    element = {.at = {.a = sum}};
  }
  const Register wide = widen(kind(type_of(index)), scalar(index));
  if (std::has_single_bit(size) && size <= 8) {
    element.index = wide;
    element.shift = static_cast<std::uint8_t>(std::countr_zero(size));
    return;
  }
  element.shift = 0;
  element.index = emit_to_new(Bank::kGeneral,
                              {.op = Op::kMul, .a = wide, .imm = static_cast<std::int64_t>(size)});
}

// All that there is to it is added up.
Register Lowering::finish_element(const Element& element) {
  Location at = element.at;
  constexpr std::int64_t kMaxDisp = 1 << 28;
  if (element.disp < -kMaxDisp || element.disp > kMaxDisp) {
    at.a = emit_to_new(Bank::kGeneral, {.op = Op::kAdd, .a = at.a, .imm = element.disp});
  } else {
    at.disp += static_cast<std::int32_t>(element.disp);
  }
  if (element.index == kNoRegister) return address_of(at);
  Instruction sum = memory(Op::kAddress, Width::k64, at);
  sum.b = element.index;
  sum.shift = element.shift;
  return emit_to_new(Bank::kGeneral, sum);
}

void Lowering::element(const mir::Instruction& one, std::span<const mir::Operand> operands) {
  mir::TypeId type = unit().parts(type_of(operands[0]))[0];
  Element element{.at = {.a = scalar(operands[0])}};
  add_index(element, operands[1], size_of(type));
  for (std::size_t i = 2; i != operands.size(); ++i) {
    if (kind(type) == TypeKind::kArray) {
      type = unit().parts(type)[0];
      add_index(element, operands[i], size_of(type));
      continue;
    }
    const auto fields = need(types_.fields(type));
    const mir::FieldLayout& field = fields[*mir::constant_index(unit(), operands[i])];
    element.disp += static_cast<std::int64_t>(field.offset);
    type = field.type;
  }
  set_scalar(one.dest, finish_element(element));
}

// ---- Fields ----

void Lowering::get_field(const mir::Instruction& one, mir::Operand base) {
  mir::TypeId type = type_of(base);
  if (kind(type) != TypeKind::kPtr && kind(type) != TypeKind::kRef)
    return set(one.dest, part(type, value(base), one.number));
  type = unit().parts(type)[0];
  if (const Value* const held = promoted(base)) return set(one.dest, part(type, *held, one.number));
  const mir::FieldLayout field = need(types_.fields(type))[one.number];
  if (size_of(field.type) == 0) return;
  load(field.type, local(one.dest), Location{.a = scalar(base)}.at(field.offset));
}

void Lowering::set_field(const mir::Instruction& one, mir::Operand base, mir::Operand operand) {
  mir::TypeId type = type_of(base);
  const bool is_pointed_at = kind(type) == TypeKind::kPtr || kind(type) == TypeKind::kRef;
  if (is_pointed_at) type = unit().parts(type)[0];
  const mir::FieldLayout field = need(types_.fields(type))[one.number];
  if (size_of(field.type) == 0) return;
  const Value stored = value(operand);
  const Value* const held = is_pointed_at ? promoted(base) : nullptr;
  if (is_pointed_at && held == nullptr)
    return store(field.type, stored, Location{.a = scalar(base)}.at(field.offset));
  const Value whole = held != nullptr ? *held : value(base);
  if (whole.shape == Shape::kMemory) return store(field.type, stored, whole.at.at(field.offset));
  move(field.type, part(type, whole, one.number), stored);
}

void Lowering::aggregate(const mir::Instruction& one, std::span<const mir::Operand> operands) {
  const mir::TypeId type = type_of_local(one.dest);
  const Value whole = local(one.dest);
  if (whole.shape == Shape::kNothing) return;
  if (kind(type) == TypeKind::kArray) {
    const mir::TypeId element = unit().parts(type)[0];
    const std::uint64_t size = size_of(element);
    for (std::size_t i = 0; i != operands.size(); ++i)
      store(element, value(operands[i]), whole.at.at(i * size));
    return;
  }
  const bool is_enum = mir::has_variants(kind(type));
  const std::uint32_t variant = is_enum ? one.number : 0;
  if (is_enum) {
    Instruction tag = memory(Op::kStore, Width::k32, whole.at);
    tag.imm = variant;
    emit(tag);
  }
  const auto fields = need(types_.fields(type, variant));
  for (std::uint32_t i = 0; i != operands.size(); ++i) {
    if (size_of(fields[i].type) == 0) continue;
    const Value field = value(operands[i]);
    if (whole.shape == Shape::kMemory) {
      store(fields[i].type, field, whole.at.at(fields[i].offset));
    } else {
      move(fields[i].type, part(type, whole, i), field);
    }
  }
}

}  // namespace smf::codegen
