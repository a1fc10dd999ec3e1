// Statements about values that have parts: arrays, tuples, structs, enums, slices and text.
#include <array>

#include "runtime/mir/testing/random_body.h"

namespace smf::mir {

void RandomBody::assign_variable() {
  const TypeId type = chance(3) ? types_.plain() : chance(6) ? types_.text() : types_.scalar();
  const Operand from = value(type);
  const LocalId to = destination(type);
  assign(to, from);
  saw(to);
}

void RandomBody::make_aggregate() {
  const TypeId type = types_.plain();
  const Operand made = fresh(type);
  const LocalId to = destination(type);
  assign(to, made);
  saw(to);
}

// Of a value, or behind a pointer.
void RandomBody::field() {
  std::vector<TypeId> fields;
  TypeId type = 0;
  for (int tries = 0; fields.empty(); ++tries) {
    if (tries == 20) return;
    type = chance(8) ? types_.text() : types_.plain();
    const TypeKind of_type = kind(type);
    if (of_type == TypeKind::kStruct || of_type == TypeKind::kTuple || of_type == TypeKind::kOpaque)
      fields = types_.fields(type);
  }
  const bool is_text = kind(type) == TypeKind::kOpaque;
  const std::uint32_t number =
      is_text ? 1 : choice_.small(static_cast<std::uint32_t>(fields.size()));
  Operand base = chance(6) && !is_text ? zero(type) : value(type);
  if (chance(3)) {
    const LocalId pointer = slot(type);
    base = Operand::copy(pointer);
  }
  const LocalId to = destination(fields[number]);
  emit({.op = Op::kGetField, .dest = to, .number = number}, {base});
  saw(to);
}

void RandomBody::set_field() {
  // Of a variable there is, or of a new one.
  std::vector<Variable> found;
  for (const Variable& one : variables_) {
    const TypeKind of_type = kind(one.type);
    if (one.may_change && (of_type == TypeKind::kStruct || of_type == TypeKind::kTuple) &&
        types_.is_plain(one.type) && !types_.fields(one.type).empty())
      found.push_back(one);
  }
  if (found.empty()) {
    const TypeId type = types_.tuple({types_.scalar(), types_.scalar()});
    const Operand made = value(type);
    const LocalId to = destination(type);
    assign(to, made);
    found.push_back({.local = to, .type = type});
  }
  const Variable base = choice_.of(found);
  const std::vector<TypeId> fields = types_.fields(base.type);
  const std::uint32_t number = choice_.small(static_cast<std::uint32_t>(fields.size()));
  const Operand set = value(fields[number]);
  if (chance(3)) {
    const LocalId pointer = slot(base.type);
    emit({.op = Op::kSetField, .number = number}, {Operand::copy(pointer), set});
    mix(Operand::copy(load(pointer)));
    return;
  }
  emit({.op = Op::kSetField, .number = number}, {Operand::copy(base.local), set});
  saw(base.local);
}

// The tag, and a field of the variant that it should be: mostly it is looked at first.
void RandomBody::enumeration() {
  const TypeId type = chance(3) ? types_.option(types_.scalar()) : types_.plain();
  if (!types_.is_enum(type)) return make_aggregate();
  const Operand held = value(type);
  const LocalId whole = temporary(type);
  assign(whole, held);
  const std::uint32_t variant = choice_.small(types_.variants(type));
  const std::vector<TypeId> fields = types_.fields(type, variant);
  const Operand operands[] = {Operand::copy(whole)};
  const LocalId tag = emit_intrinsic(Intrinsic::kEnumTag, of(TypeKind::kU32), operands);
  if (fields.empty()) return mix(Operand::copy(tag));
  const BlockId after = draft_.block();
  if (!may_trap()) {
    const LocalId is_it = emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(tag),
                                      integer(of(TypeKind::kU32), variant));
    const BlockId then = draft_.block();
    branch(Operand::copy(is_it), then, after);
    draft_.enter(then);
  }
  const std::uint64_t number = below(fields.size());
  const TypeId number_type = types_.integer();
  const Operand parts[] = {Operand::copy(whole), integer(number_type, variant),
                           integer(of(TypeKind::kU32), number)};
  mix(Operand::copy(emit_intrinsic(Intrinsic::kEnumField, fields[number], parts)));
  go_to(after);
  draft_.enter(after);
}

// ---- Slices and text ----

// Of an array of this function.
Operand RandomBody::new_slice(TypeId type) {
  const TypeId each = types_.part(type);
  const std::uint64_t count = below(4);
  const LocalId array = slot(types_.array(each, count));
  const LocalId made = temporary(type);
  assign(made, zero(type));
  const LocalId first = temporary(types_.pointer(TypeKind::kPtr, each, true));
  // Also of none.
  const LocalId view = emit_cast(Operand::copy(array), draft_.type_of(first));
  assign(first, Operand::copy(view));
  emit({.op = Op::kSetField, .number = 0}, {Operand::copy(made), Operand::copy(first)});
  emit({.op = Op::kSetField, .number = 1}, {Operand::copy(made), number(count)});
  return Operand::copy(made);
}

// The length, and an element if there is one.
void RandomBody::mix_sequence(Operand whole) {
  const TypeId type = draft_.type_of(whole);
  const std::vector<TypeId> fields = types_.fields(type);
  const LocalId length = temporary(of(TypeKind::kU64));
  emit({.op = Op::kGetField, .dest = length, .number = 1}, {whole});
  mix(Operand::copy(length));
  const BlockId some = draft_.block(), after = draft_.block();
  const LocalId is_empty =
      emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(length), number(0));
  branch(Operand::copy(is_empty), after, some);
  draft_.enter(some);
  const LocalId first = temporary(fields[0]);
  emit({.op = Op::kGetField, .dest = first, .number = 0}, {whole});
  const Operand at[] = {Operand::copy(emit_binary(BinaryOp::kRem, of(TypeKind::kU64),
                                                  Operand::copy(hash_), Operand::copy(length)))};
  const LocalId place = temporary(fields[0]);
  emit({.op = Op::kGetElementPtr, .dest = place}, {Operand::copy(first), at[0]});
  mix(Operand::copy(load(place)));
  go_to(after);
  draft_.enter(after);
}

void RandomBody::slice() {
  const TypeId type = types_.slice(types_.plain(1));
  const Operand held = value(type);
  const LocalId to = destination(type);
  assign(to, held);
  mix(Operand::copy(to));
}

void RandomBody::text() {
  const Operand held = value(types_.text());
  const LocalId to = destination(types_.text());
  assign(to, held);
  mix(Operand::copy(to));
}

// ---- All of a value ----

void RandomBody::mix_parts(Operand whole) {
  const TypeId type = draft_.type_of(whole);
  const Type made = types_.get(type);
  if (made.kind == TypeKind::kArray) {
    if (made.number == 0) return;
    const TypeId each = types_.part(type);
    const LocalId array = temporary(types_.pointer(type));
    emit({.op = Op::kAlloc, .dest = array, .type = type}, {});
    store(array, whole);
    for_each(made.number, [&](LocalId i) {
      const Operand indices[] = {number(0), Operand::copy(i)};
      mix(Operand::copy(load(element(array, indices, each))));
    });
    return;
  }
  if (!types_.is_enum(type)) {
    const std::vector<TypeId> fields = types_.fields(type);
    for (std::uint32_t i = 0; i != fields.size(); ++i) {
      const LocalId part = temporary(fields[i]);
      emit({.op = Op::kGetField, .dest = part, .number = i}, {whole});
      mix(Operand::copy(part));
    }
    return;
  }
  const Operand operands[] = {whole};
  const LocalId tag = emit_intrinsic(Intrinsic::kEnumTag, of(TypeKind::kU32), operands);
  mix(Operand::copy(tag));
  const BlockId none = draft_.block(), after = draft_.block();
  std::vector<Case> cases;
  std::vector<BlockId> blocks;
  for (std::uint32_t i = 0; i != types_.variants(type); ++i) {
    blocks.push_back(draft_.block());
    cases.push_back({.kind = ValueKind::kInt, .bits = i, .target = blocks.back()});
  }
  end({.end = End::kSwitch}, {{Operand::copy(tag)}}, {{none}}, cases);
  draft_.enter(none);
  end({.end = End::kUnreachable});
  for (std::uint32_t i = 0; i != blocks.size(); ++i) {
    draft_.enter(blocks[i]);
    const std::vector<TypeId> fields = types_.fields(type, i);
    for (std::uint64_t field = 0; field != fields.size(); ++field) {
      const Operand parts[] = {whole, integer(of(TypeKind::kU32), i),
                               integer(of(TypeKind::kU8), field)};
      mix(Operand::copy(emit_intrinsic(Intrinsic::kEnumField, fields[field], parts)));
    }
    go_to(after);
  }
  draft_.enter(after);
}

void RandomBody::nothing() {
  if (chance(2) || variables_.empty()) return emit({.op = Op::kNop}, {});
  emit({.op = Op::kDebugValue, .number = builder_.string("seen")},
       {Operand::copy(choice_.of(variables_).local)});
}

}  // namespace smf::mir
