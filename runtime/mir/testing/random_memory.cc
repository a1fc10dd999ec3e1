// Statements that use memory: slots, what is in them, addresses in them.
#include <array>

#include "runtime/mir/testing/random_body.h"

namespace smf::mir {
namespace {

// Of numbers up to some hundred.
constexpr std::array kCounts = {TypeKind::kI16, TypeKind::kI32, TypeKind::kI64, TypeKind::kU16,
                                TypeKind::kU32, TypeKind::kU64, TypeKind::kChar};

}  // namespace

LocalId RandomBody::slot(TypeId type) {
  const LocalId pointer = temporary(types_.pointer(type));
  emit({.op = Op::kAlloc, .dest = pointer, .type = type}, {});
  // It is zero at first.
  if (!types_.is_plain(type) || !chance(3)) store(pointer, value(type));
  return pointer;
}

void RandomBody::store(LocalId pointer, Operand value) {
  emit({.op = Op::kStore}, {Operand::copy(pointer), value});
}

LocalId RandomBody::load(LocalId pointer) {
  const LocalId loaded = temporary(types_.part(draft_.type_of(pointer)));
  emit({.op = Op::kLoad, .dest = loaded}, {Operand::copy(pointer)});
  return loaded;
}

// One that is at hand, or a new one: to something plain.
LocalId RandomBody::any_pointer() {
  std::vector<LocalId> found;
  for (const Variable& one : variables_) {
    const TypeKind of_type = kind(one.type);
    if (of_type != TypeKind::kPtr && of_type != TypeKind::kRef) continue;
    if (types_.is_plain(types_.part(one.type))) found.push_back(one.local);
  }
  if (!found.empty() && !chance(4)) return choice_.of(found);
  return slot(types_.plain());
}

// A number below `bound`.
Operand RandomBody::index(std::uint64_t bound) {
  const TypeId type = types_.integer();
  if (chance(2)) return integer(type, below(bound));
  const bool has_sign = is_signed(kind(type));
  static constexpr std::array kUnsigned = {TypeKind::kU8, TypeKind::kU16, TypeKind::kU32,
                                           TypeKind::kU64};
  const TypeId counted = has_sign ? of(choice_.of(kUnsigned)) : type;
  const Operand any = chance(2) ? from_hash(counted) : value(counted);
  const Operand below_it =
      Operand::copy(emit_binary(BinaryOp::kRem, counted, any, integer(counted, bound)));
  return has_sign ? Operand::copy(emit_cast(below_it, type)) : below_it;
}

LocalId RandomBody::element(LocalId base, std::span<const Operand> indices, TypeId type) {
  std::vector<Operand> operands{Operand::copy(base)};
  operands.insert(operands.end(), indices.begin(), indices.end());
  const LocalId found = temporary(types_.pointer(type));
  emit({.op = Op::kGetElementPtr, .dest = found}, operands);
  return found;
}

LocalId RandomBody::first_element(LocalId array) {
  const TypeId type = types_.part(types_.part(draft_.type_of(array)));
  const Operand indices[] = {number(0), integer(types_.integer(), 0)};
  return element(array, indices, type);
}

LocalId RandomBody::place(LocalId pointer) {
  TypeId type = types_.part(draft_.type_of(pointer));
  std::vector<Operand> indices{integer(types_.integer(), 0)};
  while (!chance(4)) {
    if (kind(type) == TypeKind::kArray) {
      if (types_.get(type).number == 0) break;
      indices.push_back(index(types_.get(type).number));
      type = types_.part(type);
    } else if (kind(type) == TypeKind::kStruct || kind(type) == TypeKind::kTuple) {
      const std::vector<TypeId> fields = types_.fields(type);
      if (fields.empty()) break;
      const std::uint64_t chosen = below(fields.size());
      const TypeId number_type = types_.integer();
      indices.push_back(chosen == 0 && chance(3) ? zero(number_type)
                                                 : integer(number_type, chosen));
      type = fields[chosen];
    } else {
      break;
    }
  }
  return element(pointer, indices, type);
}

void RandomBody::new_slot() {
  const LocalId pointer = slot(types_.plain());
  variables_.push_back({.local = pointer, .type = draft_.type_of(pointer)});
}

void RandomBody::access() {
  const LocalId whole = any_pointer();
  const LocalId pointer = chance(4) ? whole : place(whole);
  const TypeId type = types_.part(draft_.type_of(pointer));
  if (chance(2)) {
    store(pointer, value(type));
    // Through the whole, what is near it is seen too.
    if (chance(3)) mix(Operand::copy(load(whole)));
    return;
  }
  const LocalId loaded = destination(type);
  emit({.op = Op::kLoad, .dest = loaded}, {Operand::copy(pointer)});
  saw(loaded);
}

// To and fro in an array.
void RandomBody::walk() {
  const std::uint64_t count = 2 + below(3);
  const TypeId each = types_.plain(1);
  const LocalId array = slot(types_.array(each, count));
  const LocalId first = first_element(array);
  const TypeId pointer = draft_.type_of(first);
  static constexpr std::array kSigned = {TypeKind::kI8, TypeKind::kI16, TypeKind::kI32,
                                         TypeKind::kI64};
  const std::uint64_t to = below(count);
  const TypeId forward = types_.integer();
  const LocalId there = temporary(pointer);
  emit({.op = chance(3) ? Op::kChecked : Op::kBinary,
        .detail = static_cast<std::uint8_t>(BinaryOp::kOffset),
        .dest = there},
       {Operand::copy(first), integer(forward, to)});
  const LocalId place = temporary(pointer);
  const Operand back = integer(of(choice_.of(kSigned)), below(count) - to);
  if (chance(2)) {
    emit({.op = Op::kBinary, .detail = static_cast<std::uint8_t>(BinaryOp::kOffset), .dest = place},
         {Operand::copy(there), back});
  } else {
    emit({.op = Op::kGetElementPtr, .dest = place}, {Operand::copy(there), back});
  }
  if (chance(2)) store(place, value(each));
  mix(Operand::copy(load(chance(2) ? there : place)));
  // How far they are apart is known.
  const Operand low = Operand::copy(emit_cast(Operand::copy(first), of(TypeKind::kU64)));
  const Operand high = Operand::copy(emit_cast(Operand::copy(place), of(TypeKind::kU64)));
  mix(Operand::copy(emit_binary(BinaryOp::kSub, of(TypeKind::kU64), high, low)));
  static constexpr std::array kOps = {BinaryOp::kEq, BinaryOp::kNe, BinaryOp::kLt,
                                      BinaryOp::kLe, BinaryOp::kGt, BinaryOp::kGe};
  const BinaryOp op = choice_.of(kOps);
  mix(Operand::copy(
      emit_binary(op, of(TypeKind::kBool), Operand::copy(there), Operand::copy(place))));
  if (chance(2)) mix(Operand::copy(load(array)));
}

// Addresses in memory, and as numbers.
void RandomBody::pointers() {
  const LocalId pointer = any_pointer();
  const TypeId type = draft_.type_of(pointer);
  LocalId again = pointer;
  switch (below(3)) {
    case 0: {
      const LocalId holder = slot(type);
      store(holder, Operand::copy(pointer));
      again = load(holder);
      break;
    }
    case 1: {
      const TypeId pair = types_.tuple({types_.scalar(), type});
      const LocalId holder = slot(pair);
      emit({.op = Op::kSetField, .number = 1}, {Operand::copy(holder), Operand::copy(pointer)});
      again = temporary(type);
      emit({.op = Op::kGetField, .dest = again, .number = 1}, {Operand::copy(holder)});
      break;
    }
    default: {
      const TypeId number = of(chance(2) ? TypeKind::kU64 : TypeKind::kI64);
      const LocalId as_number = temporary(number);
      const Op there = chance(2) ? Op::kCast : Op::kBitcast;
      const Op back = chance(2) ? Op::kCast : Op::kBitcast;
      emit({.op = there, .dest = as_number, .type = number}, {Operand::copy(pointer)});
      again = temporary(type);
      emit({.op = back, .dest = again, .type = type}, {Operand::copy(as_number)});
    }
  }
  const ValueKind nothing = chance(2) ? ValueKind::kNull : ValueKind::kInt;
  const Operand null = Operand::constant(builder_.constant({.type = type, .kind = nothing}));
  const LocalId is_null =
      emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(again), null);
  mix(Operand::copy(is_null));
  const LocalId same =
      emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(again), Operand::copy(pointer));
  mix(Operand::copy(same));
  mix(Operand::copy(load(again)));
}

void RandomBody::memory() {
  const bool is_array = chance(2);
  const TypeId each = types_.plain(1);
  const std::uint64_t count = 2 + below(3);
  const TypeId type = is_array ? types_.array(each, count) : each;
  const LocalId to = slot(type);
  const auto size = [&](TypeId measured, std::uint64_t times) {
    const Operand operand[] = {zero(measured)};
    const LocalId one = emit_intrinsic(Intrinsic::kSizeOf, of(TypeKind::kU64), operand);
    const LocalId all =
        emit_binary(BinaryOp::kMul, of(TypeKind::kU64), Operand::copy(one), number(times));
    const TypeId count_type = of(choice_.of(kCounts));
    return Operand::copy(emit_cast(Operand::copy(all), count_type));
  };
  const auto write = [&](Intrinsic which, LocalId at, Operand with, Operand bytes) {
    Instruction made{.op = Op::kIntrinsic,
                     .number = builder_.string(kIntrinsicNames[static_cast<std::size_t>(which)])};
    if (chance(3)) made.dest = temporary(draft_.type_of(at));
    emit(made, {Operand::copy(at), with, bytes});
    return made.dest;
  };
  LocalId returned = kNone;
  if (chance(3)) {
    const TypeId byte = types_.integer();
    // Of integers any byte makes a value.
    const Operand with = types_.solid_size(type) ? value(byte) : integer(byte, 0);
    returned = write(Intrinsic::kMemset, to, with, size(type, 1));
  } else if (is_array && chance(2)) {
    const LocalId first = first_element(to);
    const Operand one[] = {integer(of(TypeKind::kU8), 1)};
    const LocalId second = element(first, one, each);
    const bool is_up = chance(2);
    const Operand bytes = size(each, count - 1);
    write(chance(2) ? Intrinsic::kMemmove : Intrinsic::kMemcpy, is_up ? second : first,
          Operand::copy(is_up ? first : second), bytes);
  } else {
    const LocalId from = slot(type);
    const Operand bytes = size(type, 1);
    returned =
        write(chance(2) ? Intrinsic::kMemmove : Intrinsic::kMemcpy, to, Operand::copy(from), bytes);
  }
  mix(Operand::copy(load(returned != kNone ? returned : to)));
}

void RandomBody::compare_memory() {
  const std::uint64_t size = std::uint64_t{1} << below(4);
  const LocalId left = slot(types_.solid(size));
  const LocalId right = slot(types_.solid(size));
  if (chance(2)) {
    emit({.op = Op::kIntrinsic, .number = builder_.string("memcpy")},
         {Operand::copy(left), Operand::copy(right), number(below(size + 1))});
  }
  const Operand compared[] = {Operand::copy(left), Operand::copy(right), number(below(size + 1))};
  const LocalId order = emit_intrinsic(Intrinsic::kMemcmp, of(TypeKind::kI32), compared);
  mix(Operand::copy(order));
}

// One byte of a number.
void RandomBody::bytes() {
  const std::uint64_t size = std::uint64_t{1} << below(4);
  const LocalId whole = slot(types_.solid(size));
  const TypeId byte = of(chance(2) ? TypeKind::kU8 : TypeKind::kI8);
  const LocalId view = emit_cast(Operand::copy(whole), types_.pointer(byte));
  const Operand at[] = {index(size)};
  const LocalId place = element(view, at, byte);
  if (chance(2)) {
    store(place, value(byte));
    mix(Operand::copy(load(whole)));
  } else {
    mix(Operand::copy(load(place)));
  }
}

// A list of nodes, each of which has the address of the next.
void RandomBody::nodes() {
  const TypeId node = types_.node();
  const TypeId pointer = types_.pointer(TypeKind::kPtr, node, true);
  const LocalId at = temporary(pointer);
  assign(at, Operand::constant(builder_.constant({.type = pointer, .kind = ValueKind::kNull})));
  const std::uint64_t count = 1 + below(3);
  for (std::uint64_t i = 0; i != count; ++i) {
    const LocalId made = temporary(pointer);
    emit({.op = Op::kAlloc, .dest = made, .type = node}, {});
    const Operand held = value(of(TypeKind::kU64));
    emit({.op = Op::kSetField, .number = 0}, {Operand::copy(made), held});
    emit({.op = Op::kSetField, .number = 1}, {Operand::copy(made), Operand::copy(at)});
    assign(at, Operand::copy(made));
  }
  const BlockId test = draft_.block(), inside = draft_.block(), after = draft_.block();
  const std::uint64_t before = std::exchange(times_, times_ * (count + 1));
  go_to(test);
  draft_.enter(test);
  const Operand null =
      Operand::constant(builder_.constant({.type = pointer, .kind = ValueKind::kZero}));
  const LocalId is_end = emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(at), null);
  branch(Operand::copy(is_end), after, inside);
  draft_.enter(inside);
  const LocalId held = temporary(of(TypeKind::kU64));
  emit({.op = Op::kGetField, .dest = held, .number = 0}, {Operand::copy(at)});
  mix(Operand::copy(held));
  emit({.op = Op::kGetField, .dest = at, .number = 1}, {Operand::copy(at)});
  go_to(test);
  times_ = before;
  draft_.enter(after);
}

void RandomBody::global() {
  const TypeId word = of(TypeKind::kU64);
  const LocalId pointer = temporary(types_.pointer(word));
  emit({.op = Op::kGlobalAddr, .detail = 1, .dest = pointer, .number = scope_.global}, {});
  const LocalId before = load(pointer);
  mix(Operand::copy(before));
  store(pointer, Operand::copy(hash_));
}

}  // namespace smf::mir
