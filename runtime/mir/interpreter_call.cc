#include "runtime/mir/interpreter_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/bytes.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

Scalar read(const std::byte* at, std::size_t size) {
  Scalar value = 0;
  std::memcpy(&value, at, size);
  return value;
}

}  // namespace

void Interpreter::Call::run(std::span<const void* const> arguments, void* result) {
  prepared_ = &interpreter_.prepare(id_);
  frame_ = interpreter_.keep(prepared_->frame_size);
  for (const Local& local : Unit::of(unit().locals, function_.locals)) {
    if (local.kind != LocalKind::kArg || prepared_->sizes[local.id] == 0) continue;
    std::memcpy(local_at(local.id), arguments[local.argument], prepared_->sizes[local.id]);
  }
  block_ = function_.entry;
  while (true) {
    const Block block = unit().blocks[function_.blocks.first + block_];
    for (std::uint32_t i = 0; i != block.instructions.count; ++i) {
      step();
      execute(block.instructions.first + i);
    }
    step();
    if (!leave(block.terminator, result)) return;
  }
}

void Interpreter::Call::trap(Trap::Kind kind, std::string message) const {
  throw Trap{.kind = kind,
             .function = std::string(unit().string(function_.name)),
             .block = block_,
             .message = std::move(message)};
}

// ---- Values ----

const std::byte* Interpreter::Call::bytes_of(Operand operand, Room& room) const {
  if (operand.is_local()) return local_at(operand.index);
  const Constant& constant = unit().constants[operand.index];
  room.assign(std::max<std::size_t>(layout(constant.type).size, sizeof(Scalar)), std::byte{0});
  write_constant(constant, operand.index, room);
  return room.data();
}

void Interpreter::Call::write_constant(const Constant& constant, ConstantId id, Room& room) const {
  const TypeKind type = kind(constant.type);
  Scalar bits = constant.bits;
  switch (constant.kind) {
    case ValueKind::kInt:
    case ValueKind::kUnsigned:
      if (is_float(type)) {
        bits =
            convert(constant.kind == ValueKind::kInt ? TypeKind::kI64 : TypeKind::kU64, type, bits);
      }
      break;
    case ValueKind::kFloat:
      bits = convert(TypeKind::kF64, type, bits);
      break;
    case ValueKind::kBool:
      break;
    case ValueKind::kString: {
      if (type == TypeKind::kFuncPtr) {
        const void* const place = interpreter_.address_of(id_, program().callee(id_, id));
        std::memcpy(room.data(), &place, sizeof place);
        return;
      }
      const std::string_view text = interpreter_.text(static_cast<StringId>(bits));
      const auto* const begin = text.data();
      const std::uint64_t size = text.size();
      std::memcpy(room.data(), &begin, sizeof begin);
      std::memcpy(room.data() + sizeof begin, &size, sizeof size);
      return;
    }
    case ValueKind::kZero:
    case ValueKind::kNull:
      return;
  }
  std::memcpy(room.data(), &bits, sizeof bits);
}

Scalar Interpreter::Call::scalar(Operand operand) const {
  Room room;
  const TypeKind type = kind(type_of(operand));
  const std::byte* const at = bytes_of(operand, room);
  return normalize(type, read(at, width_of(type) / 8));
}

// ---- Memory ----

void Interpreter::Call::check(const std::byte* at, std::uint64_t size, std::uint64_t alignment,
                              bool is_write) const {
  if (!interpreter_.options_.is_checked || size == 0) return;
  const auto number = reinterpret_cast<std::uintptr_t>(at);
  if (number % alignment != 0)
    trap(Trap::Kind::kMemory, fmt::format("an address that is no multiple of {}", alignment));
  const auto& objects = interpreter_.objects_;
  auto after = objects.upper_bound(at);
  if (after == objects.begin()) trap(Trap::Kind::kMemory, "an address outside of all objects");
  const auto& [begin, object] = *std::prev(after);
  const std::uint64_t offset = number - reinterpret_cast<std::uintptr_t>(begin);
  if (!in_range(offset, size, object.size)) {
    trap(Trap::Kind::kMemory, offset < object.size
                                  ? fmt::format("{} bytes at {} of {}", size, offset, object.size)
                                  : std::string("an address outside of all objects"));
  }
  if (!object.is_alive) trap(Trap::Kind::kMemory, "a slot of a function that has returned");
  if (is_write && !object.is_writable) trap(Trap::Kind::kMemory, "a write to what is read-only");
}

// ---- Instructions ----

void Interpreter::Call::execute(std::uint32_t index) {
  const Instruction instruction = unit().instructions[index];
  const auto given = unit().of(instruction);
  const std::vector<Operand> operands(given.begin(), given.end());
  Room room;
  switch (instruction.op) {
    case Op::kNop:
    case Op::kDebugValue:
    case Op::kForeign:
      break;
    case Op::kConst:
    case Op::kCopy:
    case Op::kMove:
      set(instruction.dest, bytes_of(operands[0], room));
      break;
    case Op::kBinary:
    case Op::kChecked:
      binary(instruction, operands);
      break;
    case Op::kUnary:
      set_scalar(instruction.dest, compute(static_cast<UnaryOp>(instruction.detail),
                                           kind(type_of(operands[0])), scalar(operands[0])));
      break;
    case Op::kAlloc:
      allocate(index, instruction);
      break;
    case Op::kLoad: {
      const Layout wanted = layout(unit().parts(type_of(operands[0]))[0]);
      const std::byte* const from = address(operands[0]);
      check(from, wanted.size, wanted.alignment, false);
      set(instruction.dest, from);
      break;
    }
    case Op::kStore: {
      const Layout wanted = layout(type_of(operands[1]));
      std::byte* const to = address(operands[0]);
      check(to, wanted.size, wanted.alignment, true);
      const std::byte* const from = bytes_of(operands[1], room);
      if (wanted.size != 0) std::memmove(to, from, wanted.size);
      break;
    }
    case Op::kGlobalAddr: {
      const auto found = interpreter_.globals_.find(instruction.number);
      if (found == interpreter_.globals_.end())
        trap(Trap::Kind::kMissing, fmt::format("there is no global {}", instruction.number));
      set(instruction.dest, &found->second);
      break;
    }
    case Op::kGetElementPtr:
      element(instruction, operands);
      break;
    case Op::kAggregate:
      aggregate(instruction, operands);
      break;
    case Op::kGetField: {
      const auto [at, field] = field_of(operands[0], instruction.number, false, room);
      set(instruction.dest, at);
      break;
    }
    case Op::kSetField: {
      const auto [at, field] = field_of(operands[0], instruction.number, true, room);
      Room value;
      const std::byte* const from = bytes_of(operands[1], value);
      const std::size_t size = layout(field).size;
      if (size != 0) std::memmove(at, from, size);
      break;
    }
    case Op::kCast:
      set_scalar(instruction.dest,
                 convert(kind(type_of(operands[0])), kind(instruction.type), scalar(operands[0])));
      break;
    case Op::kBitcast:
      set(instruction.dest, bytes_of(operands[0], room));
      break;
    case Op::kCall:
      call(operands, instruction.dest);
      break;
    case Op::kCallIndirect:
      call_indirect(address(operands[0]), instruction.type, operands, instruction.dest);
      break;
    case Op::kIntrinsic:
      intrinsic(instruction, operands);
      break;
  }
}

void Interpreter::Call::binary(const Instruction& instruction,
                               const std::vector<Operand>& operands) {
  const auto op = static_cast<BinaryOp>(instruction.detail);
  const TypeId type = type_of(operands[0]);
  if (op == BinaryOp::kOffset) {
    const std::uint64_t size = layout(unit().parts(type)[0]).size;
    return set_scalar(instruction.dest, scalar(operands[0]) + scalar(operands[1]) * size);
  }
  const Computed result = compute(op, kind(type), scalar(operands[0]), scalar(operands[1]),
                                  instruction.op == Op::kChecked);
  if (!result) trap(Trap::Kind::kOperation, result.error());
  set_scalar(instruction.dest, *result);
}

void Interpreter::Call::allocate(std::uint32_t index, const Instruction& instruction) {
  std::byte* const slot = frame_ + prepared_->slots.at(index);
  const std::size_t size = layout(instruction.type).size;
  std::memset(slot, 0, size);
  if (interpreter_.options_.is_checked) {
    if (interpreter_.objects_.try_emplace(slot, Object{size, true, true}).second)
      slots_.push_back(slot);
  }
  set(instruction.dest, &slot);
}

void Interpreter::Call::element(const Instruction& instruction,
                                const std::vector<Operand>& operands) {
  TypeId type = unit().parts(type_of(operands[0]))[0];
  Scalar at = scalar(operands[0]) + scalar(operands[1]) * layout(type).size;
  for (std::size_t i = 2; i != operands.size(); ++i) {
    if (kind(type) == TypeKind::kArray) {
      type = unit().parts(type)[0];
      at += scalar(operands[i]) * layout(type).size;
      continue;
    }
    const auto fields = *interpreter_.layouts_.fields(type);
    const FieldLayout& field = fields[*constant_index(unit(), operands[i])];
    at += field.offset;
    type = field.type;
  }
  set_scalar(instruction.dest, at);
}

void Interpreter::Call::aggregate(const Instruction& instruction,
                                  const std::vector<Operand>& operands) {
  const TypeId type = unit().locals[function_.locals.first + instruction.dest].type;
  const Layout whole = layout(type);
  std::vector<std::byte> made(std::max<std::size_t>(whole.size, 1));
  const auto put = [&](std::size_t offset, Operand operand) {
    Room room;
    const std::size_t size = layout(type_of(operand)).size;
    const std::byte* const from = bytes_of(operand, room);
    if (size != 0) std::memcpy(made.data() + offset, from, size);
  };
  if (kind(type) == TypeKind::kArray) {
    const std::size_t size = layout(unit().parts(type)[0]).size;
    for (std::size_t i = 0; i != operands.size(); ++i) put(i * size, operands[i]);
  } else {
    const bool is_enum = has_variants(kind(type));
    const std::uint32_t variant = is_enum ? instruction.number : 0;
    if (is_enum) std::memcpy(made.data(), &variant, sizeof variant);
    const auto fields = *interpreter_.layouts_.fields(type, variant);
    for (std::size_t i = 0; i != operands.size(); ++i) put(fields[i].offset, operands[i]);
  }
  set(instruction.dest, made.data());
}

std::pair<std::byte*, TypeId> Interpreter::Call::field_of(Operand base, std::uint32_t number,
                                                          bool is_write, Room& room) const {
  TypeId type = type_of(base);
  std::byte* at = nullptr;
  const bool is_pointed_at = kind(type) == TypeKind::kPtr || kind(type) == TypeKind::kRef;
  if (is_pointed_at) {
    type = unit().parts(type)[0];
    at = address(base);
  } else {
    at = const_cast<std::byte*>(bytes_of(base, room));
  }
  const FieldLayout field = (*interpreter_.layouts_.fields(type))[number];
  // The address may be any, so it is a number.
  at = reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(at) + field.offset);
  if (is_pointed_at) {
    const Layout wanted = layout(field.type);
    check(at, wanted.size, wanted.alignment, is_write);
  }
  return {at, field.type};
}

// ---- Calls ----

void Interpreter::Call::call(const std::vector<Operand>& operands, LocalId dest) {
  if (operands[0].is_local())
    return call_indirect(address(operands[0]), type_of(operands[0]), operands, dest);
  const std::uint32_t index = program().callee(id_, operands[0].index);
  const TypeId type = type_of(operands[0]);
  call_callee(id_, index, kind(type) == TypeKind::kFuncPtr ? type : kNone, operands, dest);
}

void Interpreter::Call::call_indirect(const std::byte* place, TypeId type,
                                      const std::vector<Operand>& operands, LocalId dest) {
  const auto found = interpreter_.functions_by_place_.find(place);
  if (found == interpreter_.functions_by_place_.end())
    trap(Trap::Kind::kMissing, "a call of what is no function");
  call_callee(found->second.first, found->second.second, type, operands, dest);
}

void Interpreter::Call::call_callee(FunctionId from, std::uint32_t index, TypeId type,
                                    const std::vector<Operand>& operands, LocalId dest) {
  std::vector<Room> rooms(operands.size());
  std::vector<const void*> arguments;
  for (std::size_t i = 1; i != operands.size(); ++i)
    arguments.push_back(bytes_of(operands[i], rooms[i]));
  const Callee callee = program().dependencies(from)[index];
  Room result(dest == kNone ? 0 : prepared_->sizes[dest]);
  result.resize(std::max<std::size_t>(result.size(), 1));
  if (!program().has(callee.name)) {
    const std::string name = program().mangled_name(callee);
    const auto native = interpreter_.natives_.find(name);
    if (native == interpreter_.natives_.end())
      trap(Trap::Kind::kMissing, fmt::format("there is no function '{}'", name));
    // Also where nobody wants it.
    const TypeId returned = type == kNone ? kNone : unit().parts(type)[0];
    if (returned != kNone) result.resize(std::max<std::size_t>(layout(returned).size, 1));
    native->second(arguments, result.data());
    return set(dest, result.data());
  }
  const auto made = program().make(callee);
  if (!made) trap(Trap::Kind::kInvalid, made.error().message);
  check_signature(*made, type, operands, dest);
  const TypeId returned = unit().parts(unit().functions[*made].signature)[0];
  if (returned != kNone) result.resize(std::max<std::size_t>(layout(returned).size, 1));
  interpreter_.enter(*made, arguments, result.data(), this);
  set(dest, result.data());
}

void Interpreter::Call::check_signature(FunctionId callee, TypeId type,
                                        const std::vector<Operand>& operands, LocalId dest) const {
  const TypeId signature = unit().functions[callee].signature;
  const auto parts = unit().parts(signature);
  bool fits = type == kNone || type == signature;
  fits = fits && parts.size() == operands.size();
  for (std::size_t i = 1; fits && i != operands.size(); ++i)
    fits = type_of(operands[i]) == parts[i];
  if (fits && dest != kNone) {
    const TypeId wanted = unit().locals[function_.locals.first + dest].type;
    fits = wanted == (parts[0] == kNone ? primitive(TypeKind::kUnit) : parts[0]);
  }
  if (!fits) {
    trap(Trap::Kind::kInvalid, fmt::format("'{}' is called as what it is not",
                                           unit().string(unit().functions[callee].name)));
  }
}

void Interpreter::Call::intrinsic(const Instruction& instruction,
                                  const std::vector<Operand>& operands) {
  const auto which = static_cast<Intrinsic>(find_intrinsic(unit().string(instruction.number)));
  switch (which) {
    case Intrinsic::kSizeOf:
      return set_scalar(instruction.dest, layout(type_of(operands[0])).size);
    case Intrinsic::kAlignOf:
      return set_scalar(instruction.dest, layout(type_of(operands[0])).alignment);
    case Intrinsic::kMemcpy:
    case Intrinsic::kMemmove:
    case Intrinsic::kMemset:
    case Intrinsic::kMemcmp:
      return memory(which, instruction, operands);
    case Intrinsic::kEnumTag: {
      Room room;
      return set_scalar(instruction.dest, read(bytes_of(operands[0], room), 4));
    }
    case Intrinsic::kEnumField: {
      Room room;
      const std::byte* const value = bytes_of(operands[0], room);
      const auto variant = *constant_index(unit(), operands[1]);
      if (read(value, 4) != variant) trap(Trap::Kind::kOperation, "another variant");
      const auto fields =
          *interpreter_.layouts_.fields(type_of(operands[0]), static_cast<std::uint32_t>(variant));
      return set(instruction.dest, value + fields[*constant_index(unit(), operands[2])].offset);
    }
    default: {
      Scalar arguments[3] = {};
      for (std::size_t i = 0; i != operands.size(); ++i) arguments[i] = scalar(operands[i]);
      return set_scalar(instruction.dest, compute(which, kind(type_of(operands[0])), arguments));
    }
  }
}

void Interpreter::Call::memory(Intrinsic which, const Instruction& instruction,
                               const std::vector<Operand>& operands) {
  std::byte* const to = address(operands[0]);
  const std::uint64_t size = scalar(operands[2]);
  check(to, size, 1, which != Intrinsic::kMemcmp);
  if (which == Intrinsic::kMemset) {
    if (size != 0) std::memset(to, static_cast<int>(scalar(operands[1]) & 0xff), size);
    return set(instruction.dest, &to);
  }
  const std::byte* const from = address(operands[1]);
  check(from, size, 1, false);
  if (which == Intrinsic::kMemcmp) {
    const int order = size == 0 ? 0 : std::memcmp(to, from, size);
    return set_scalar(instruction.dest, static_cast<Scalar>((order > 0) - (order < 0)));
  }
  if (size != 0) std::memmove(to, from, size);
  set(instruction.dest, &to);
}

// ---- Terminators ----

bool Interpreter::Call::leave(const Terminator& terminator, void* result) {
  const auto operands = Unit::of(unit().operands, terminator.operands);
  const auto targets = Unit::of(unit().numbers, terminator.targets);
  switch (terminator.end) {
    case End::kGoto:
      block_ = targets[0];
      return true;
    case End::kReturn:
      if (!operands.empty()) {
        Room room;
        const std::size_t size = layout(type_of(operands[0])).size;
        const std::byte* const from = bytes_of(operands[0], room);
        if (size != 0) std::memcpy(result, from, size);
      }
      return false;
    case End::kIf:
      block_ = targets[scalar(operands[0]) != 0 ? 0 : 1];
      return true;
    case End::kSwitch: {
      const Scalar value = scalar(operands[0]);
      block_ = targets[0];
      for (const Case& one : Unit::of(unit().cases, terminator.cases))
        if (one.bits == value) block_ = one.target;
      return true;
    }
    case End::kAbort:
      trap(Trap::Kind::kAbort, std::string(unit().string(terminator.text)));
    default:
      trap(Trap::Kind::kUnreachable, "what cannot be reached was reached");
  }
}

}  // namespace smf::mir
