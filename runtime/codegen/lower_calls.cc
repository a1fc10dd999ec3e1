// Calls: how arguments get to where the convention wants them, and what is inlined.
#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/codegen/lowering.h"
#include "runtime/codegen/lowering_body.h"

namespace smf::codegen {

using mir::TypeKind;

const Convention& Lowering::convention(mir::TypeId signature,
                                       std::span<const mir::TypeId> further) {
  if (further.empty()) {
    const auto known = plain_conventions_.find(signature);
    if (known != plain_conventions_.end()) return known->second;
    Convention computed =
        need(convention_of(options_.machine, program_, layouts_, signature, further));
    return plain_conventions_.emplace(signature, std::move(computed)).first->second;
  }
  std::vector<mir::TypeId> key{signature};
  key.insert(key.end(), further.begin(), further.end());
  const auto known = conventions_.find(key);
  if (known != conventions_.end()) return known->second;
  Convention computed =
      need(convention_of(options_.machine, program_, layouts_, signature, further));
  return conventions_.emplace(std::move(key), std::move(computed)).first->second;
}

// ---- Passing ----

namespace {

// The scalar that is just this piece of a value.
const Leaf* covering(std::span<const Leaf> leaves, const Piece& piece) {
  for (const Leaf& leaf : leaves) {
    if (leaf.offset == piece.offset && bytes_of(memory_width(leaf.kind)) == piece.size &&
        bank_of(leaf.kind) == piece.bank)
      return &leaf;
  }
  return nullptr;
}

}  // namespace

// Into passed_.
void Lowering::pass_pieces(const PassedValue& where, const Value& value) {
  const ValueType type = value_type(where.type);
  const auto leaves = types_.leaves(type);
  Location at{};
  bool is_in_memory = value.shape == Shape::kMemory && value.at.base == Base::kSlot;
  if (is_in_memory) at = value.at;
  for (const Piece& piece : where.pieces) {
    const Leaf* const leaf = value.shape == Shape::kMemory ? nullptr : covering(leaves, piece);
    if (leaf != nullptr) {
      passed_.push_back({.reg = value.first + static_cast<Register>(leaf - leaves.data()),
                         .physical = piece.physical,
                         .bank = piece.bank});
      continue;
    }
    if (!is_in_memory) {
      // Of a place that is not ours no more may be read than is there.
      if (value.shape == Shape::kMemory) {
        at = new_slot(type.size, type.alignment);
        copy_bytes(type.size, at, value.at);
      } else {
        at = in_memory(where.type, value);
      }
      is_in_memory = true;
    }
    const bool is_float = piece.bank == Bank::kVector;
    Instruction one =
        memory(is_float ? Op::kFloatLoad : Op::kLoad,
               is_float && piece.size == 4 ? Width::k32 : Width::k64, at.at(piece.offset));
    passed_.push_back(
        {.reg = emit_to_new(piece.bank, one), .physical = piece.physical, .bank = piece.bank});
  }
}

void Lowering::pass(const PassedValue& where, const Value& value) {
  switch (where.kind) {
    case PassedValue::Kind::kNothing:
      return;
    case PassedValue::Kind::kPieces:
      return pass_pieces(where, value);
    case PassedValue::Kind::kStack:
      return store(
          where.type, value,
          {.base = Base::kOutgoing, .disp = static_cast<std::int32_t>(where.stack_offset)});
    case PassedValue::Kind::kReference: {
      const ValueType type = value_type(where.type);
      const Location copy = new_slot(type.size, type.alignment);
      store(where.type, value, copy);
      const Register address = address_of(copy);
      if (where.pieces.empty()) {
        store_scalar(
            TypeKind::kU64, address,
            {.base = Base::kOutgoing, .disp = static_cast<std::int32_t>(where.stack_offset)});
      } else {
        passed_.push_back({.reg = address, .physical = where.pieces[0].physical});
      }
      return;
    }
  }
}

// Whether it is in registers, each of which holds one of its scalars.
bool Lowering::is_direct(const PassedValue& where) {
  const ValueType type = value_type(where.type);
  if (where.kind != PassedValue::Kind::kPieces || type.shape == Shape::kMemory) return false;
  const auto leaves = types_.leaves(type);
  return std::ranges::all_of(
      where.pieces, [&](const Piece& piece) { return covering(leaves, piece) != nullptr; });
}

void Lowering::receive_directly(const PassedValue& where, const Value& value,
                                std::span<const Register> pieces) {
  const auto leaves = types_.leaves(value_type(where.type));
  for (std::size_t i = 0; i != pieces.size(); ++i) {
    const Leaf* const leaf = covering(leaves, where.pieces[i]);
    const Register to = value.first + static_cast<Register>(leaf - leaves.data());
    // Of 8 and 16 bits a callee or caller need not have extended them.
    const Register given = canonical(leaf->kind, pieces[i]);
    if (given == pieces[i] || !make_in(to, given)) move(leaf->kind, to, given);
  }
}

// The arguments get to their locals: what is_direct(), and is no narrow integer, is in the local's
// registers when the function begins.
void Lowering::lower_entry(Body& body) {
  const Convention& convention = *body.convention;
  const auto locals = mir::Unit::of(unit().locals, body.function.locals);
  body.arguments.assign(convention.parameters.size(), {});
  for (const mir::Local& local : locals)
    if (local.kind == mir::LocalKind::kArg) body.arguments[local.argument].local = local.id;
  passed_.clear();
  if (convention.result.kind == PassedValue::Kind::kReference) {
    body.result_address = new_general();
    passed_.push_back({.reg = body.result_address, .physical = convention.result_address});
  }
  std::size_t next = passed_.size();
  for (std::size_t i = 0; i != convention.parameters.size(); ++i) {
    const PassedValue& where = convention.parameters[i];
    Body::Argument& argument = body.arguments[i];
    argument.is_direct = argument.local != mir::kNone && is_direct(where);
    const auto leaves =
        argument.is_direct ? types_.leaves(value_type(where.type)) : std::span<const Leaf>();
    for (const Piece& piece : where.pieces) {
      const Leaf* const leaf = covering(leaves, piece);
      const Register reg =
          leaf != nullptr && !is_narrow(leaf->kind)
              ? local(argument.local).first + static_cast<Register>(leaf - leaves.data())
              : to_->add_register(piece.bank);
      passed_.push_back({.reg = reg, .physical = piece.physical, .bank = piece.bank});
    }
  }
  to_->parameters = {.first = static_cast<std::uint32_t>(to_->transfers.size()),
                     .count = static_cast<std::uint32_t>(passed_.size())};
  to_->transfers.insert(to_->transfers.end(), passed_.begin(), passed_.end());
  for (std::size_t i = 0; i != convention.parameters.size(); ++i) {
    const PassedValue& where = convention.parameters[i];
    pieces_.clear();
    for (std::size_t n = 0; n != where.pieces.size(); ++n) pieces_.push_back(passed_[next++].reg);
    const Body::Argument& argument = body.arguments[i];
    if (argument.local == mir::kNone || where.kind == PassedValue::Kind::kNothing) continue;
    const Value to = local(argument.local);
    if (argument.is_direct) {
      receive_directly(where, to, pieces_);
    } else {
      move(where.type, to, receive(where, pieces_));
    }
  }
  passed_.clear();
}

// What is in registers as the convention has it, or on the stack of the caller.
Value Lowering::receive(const PassedValue& where, std::span<const Register> pieces) {
  const ValueType type = value_type(where.type);
  const Location on_stack{.base = Base::kIncoming,
                          .disp = static_cast<std::int32_t>(where.stack_offset)};
  Value value = new_value(where.type);
  if (where.kind == PassedValue::Kind::kStack) {
    load(where.type, value, on_stack);
    return value;
  }
  if (where.kind == PassedValue::Kind::kReference) {
    const Register address = pieces.empty() ? load_scalar(TypeKind::kU64, on_stack) : pieces[0];
    load(where.type, value, {.a = address});
    return value;
  }
  if (is_direct(where)) {
    receive_directly(where, value, pieces);
    return value;
  }
  const Location slot = type.shape == Shape::kMemory ? value.at : new_slot(type.size, 8);
  for (std::size_t i = 0; i != pieces.size(); ++i) {
    const Piece& piece = where.pieces[i];
    const bool is_float = piece.bank == Bank::kVector;
    Instruction one =
        memory(is_float ? Op::kFloatStore : Op::kStore,
               is_float && piece.size == 4 ? Width::k32 : Width::k64, slot.at(piece.offset));
    one.c = pieces[i];
    emit(one);
  }
  if (type.shape != Shape::kMemory) load(where.type, value, slot);
  return value;
}

// ---- Calls ----

Value Lowering::emit_call(Call call, const Convention& convention,
                          std::span<const Value> arguments) {
  // Arguments on the stack are written last: to pass one by its address may need a copy, which may
  // become a call on some processors.
  passed_.clear();
  std::vector<Transfer> transfers;
  Location result_at{};
  const PassedValue& returned = convention.result;
  if (returned.kind == PassedValue::Kind::kReference) {
    const ValueType type = value_type(returned.type);
    result_at = new_slot(type.size, type.alignment);
    passed_.push_back({.reg = address_of(result_at), .physical = convention.result_address});
  }
  for (std::size_t i = 0; i != arguments.size(); ++i) pass(convention.parameters[i], arguments[i]);
  transfers.swap(passed_);
  call.arguments = {.first = static_cast<std::uint32_t>(to_->transfers.size()),
                    .count = static_cast<std::uint32_t>(transfers.size())};
  to_->transfers.insert(to_->transfers.end(), transfers.begin(), transfers.end());
  std::vector<Register> pieces;
  call.results.first = static_cast<std::uint32_t>(to_->transfers.size());
  if (returned.kind == PassedValue::Kind::kPieces) {
    for (const Piece& piece : returned.pieces) {
      pieces.push_back(to_->add_register(piece.bank));
      to_->transfers.push_back(
          {.reg = pieces.back(), .physical = piece.physical, .bank = piece.bank});
    }
  }
  call.results.count = static_cast<std::uint32_t>(pieces.size());
  call.stack_bytes = convention.stack_bytes;
  call.vector_arguments = convention.vector_arguments;
  call.is_variadic = convention.is_variadic;
  to_->calls.push_back(call);
  emit({.op = Op::kCall, .call = static_cast<std::uint32_t>(to_->calls.size() - 1)});
  switch (returned.kind) {
    case PassedValue::Kind::kPieces:
      return receive(returned, pieces);
    case PassedValue::Kind::kReference: {
      if (value_type(returned.type).shape == Shape::kMemory)
        return {.shape = Shape::kMemory, .at = result_at};
      const Value value = new_value(returned.type);
      load(returned.type, value, result_at);
      return value;
    }
    default:
      return {};
  }
}

void Lowering::emit_call(Call call, const Convention& convention, std::span<const Value> arguments,
                         mir::LocalId dest) {
  const Value result = emit_call(call, convention, arguments);
  if (dest != mir::kNone && result.shape != Shape::kNothing) set(dest, result);
}

void Lowering::call(const mir::Instruction& one, std::span<const mir::Operand> operands) {
  const auto arguments = operands.subspan(1);
  mir::TypeId signature = type_of(operands[0]);
  if (operands[0].is_local())
    return call_indirect(scalar(operands[0]), signature, arguments, one.dest);
  const std::uint32_t index = program_.callee(body_->id, operands[0].index);
  const mir::Callee callee = program_.dependencies(body_->id)[index];
  const auto known = program_.find(callee);
  if (kind(signature) != TypeKind::kFuncPtr && known) {
    signature = unit().functions[*known].signature;
    check_call(signature, arguments, one.dest);
  } else if (kind(signature) != TypeKind::kFuncPtr) {
    // Nobody said what it takes: what it is given.
    std::vector<mir::TypeId> parts{one.dest == mir::kNone ? mir::kNone : type_of_local(one.dest)};
    for (const mir::Operand argument : arguments) parts.push_back(type_of(argument));
    signature = program_.builder().type(TypeKind::kFuncPtr, parts);
  }
  const std::string name = program_.mangled_name(callee);
  Call made{.callee = 0};
  bool is_found = false;
  if (known) {
    if (unit().functions[*known].signature != signature)
      refuse("'" + name + "' is called as what it is not", ErrorCode::kInvalidInput);
    if (inline_call(*known, arguments, one.dest)) return;
    const auto in_group = std::ranges::find(group_, *known);
    if (in_group != group_.end()) {
      made.target = Call::Target::kFunction;
      made.callee = static_cast<std::uint32_t>(in_group - group_.begin());
      is_found = true;
    }
  }
  if (!is_found) {
    made.target = Call::Target::kSymbol;
    made.callee = symbol(Symbol::Kind::kFunction, name);
  }
  std::vector<mir::TypeId> further;
  const std::size_t parameters = unit().parts(signature).size() - 1;
  for (std::size_t i = parameters; i < arguments.size(); ++i)
    further.push_back(type_of(arguments[i]));
  std::vector<Value> values;
  for (const mir::Operand argument : arguments) values.push_back(value(argument));
  emit_call(made, convention(signature, further), values, one.dest);
}

// Of a call that does not say itself what it calls.
void Lowering::check_call(mir::TypeId signature, std::span<const mir::Operand> arguments,
                          mir::LocalId dest) const {
  const auto parts = unit().parts(signature);
  bool fits = parts.size() == arguments.size() + 1;
  for (std::size_t i = 0; fits && i != arguments.size(); ++i)
    fits = type_of(arguments[i]) == parts[i + 1];
  if (fits && dest != mir::kNone) {
    fits = type_of_local(dest) ==
           (parts[0] == mir::kNone ? mir::primitive(TypeKind::kUnit) : parts[0]);
  }
  if (!fits) refuse("a function is called as what it is not", ErrorCode::kInvalidInput);
}

void Lowering::call_indirect(Register callee, mir::TypeId signature,
                             std::span<const mir::Operand> arguments, mir::LocalId dest) {
  std::vector<mir::TypeId> further;
  const std::size_t parameters = unit().parts(signature).size() - 1;
  for (std::size_t i = parameters; i < arguments.size(); ++i)
    further.push_back(type_of(arguments[i]));
  std::vector<Value> values;
  for (const mir::Operand argument : arguments) values.push_back(value(argument));
  emit_call({.target = Call::Target::kRegister, .callee = callee}, convention(signature, further),
            values, dest);
}

// Of up to 6 general registers and at most one result, in one: the same on both processors but for
// the numbers.
Register Lowering::call_runtime(std::string_view name, std::span<const Register> arguments,
                                bool has_result, Width width) {
  static constexpr std::uint8_t kX86[] = {7, 6, 2, 1, 8, 9};  // rdi rsi rdx rcx r8 r9
  const bool is_x86 = options_.machine == Machine::kX86_64;
  Call call{.target = Call::Target::kSymbol, .callee = symbol(Symbol::Kind::kRuntime, name)};
  call.arguments.first = static_cast<std::uint32_t>(to_->transfers.size());
  call.arguments.count = static_cast<std::uint32_t>(arguments.size());
  for (std::size_t i = 0; i != arguments.size(); ++i) {
    to_->transfers.push_back(
        {.reg = arguments[i], .physical = is_x86 ? kX86[i] : static_cast<std::uint8_t>(i)});
  }
  const Register result = has_result ? new_general() : kNoRegister;
  call.results.first = static_cast<std::uint32_t>(to_->transfers.size());
  call.results.count = has_result ? 1 : 0;
  if (has_result) to_->transfers.push_back({.reg = result});
  to_->calls.push_back(call);
  emit(
      {.op = Op::kCall, .width = width, .call = static_cast<std::uint32_t>(to_->calls.size() - 1)});
  return result;
}

// ---- Inlining ----

// Whether a call costs about as much as what it would do.
bool Lowering::is_small(mir::FunctionId id) {
  constexpr std::uint32_t kMaxInstructions = 16, kMaxBlocks = 5;
  const mir::Function& function = unit().functions[id];
  if (function.blocks.count > kMaxBlocks) return false;
  std::uint32_t count = 0;
  for (const mir::Block& block : mir::Unit::of(unit().blocks, function.blocks)) {
    count += block.instructions.count + 1;
    for (const mir::Instruction& one : mir::Unit::of(unit().instructions, block.instructions)) {
      // A slot is zeroed each time; and what calls is a call anyway.
      if (one.op == mir::Op::kCall || one.op == mir::Op::kCallIndirect || one.op == mir::Op::kAlloc)
        return false;
    }
  }
  return count <= kMaxInstructions;
}

bool Lowering::inline_call(mir::FunctionId callee, std::span<const mir::Operand> arguments,
                           mir::LocalId dest) {
  if (!options_.is_inlining || body_->outer != nullptr || callee == body_->id ||
      program_.is_general(callee) || !is_small(callee))
    return false;
  std::vector<Value> values;
  for (const mir::Operand argument : arguments) values.push_back(value(argument));
  Body& inlined = *inlined_;
  begin_body(inlined, callee);
  for (std::uint32_t i = 0; i != inlined.function.locals.count; ++i) {
    const mir::Local local = unit().locals[inlined.function.locals.first + i];
    if (local.kind == mir::LocalKind::kArg && local.argument < values.size())
      move(local.type, inlined.locals[i], values[local.argument]);
  }
  const mir::TypeId returned = unit().parts(inlined.function.signature)[0];
  if (returned != mir::kNone) inlined.result = new_value(returned);
  inlined.after = new_label();
  jump(inlined.labels[inlined.function.entry]);
  body_ = &inlined;
  lower_blocks(inlined);
  body_ = inlined.outer;
  bind(inlined.after);
  if (dest != mir::kNone && inlined.result.shape != Shape::kNothing) set(dest, inlined.result);
  return true;
}

// ---- Callers ----

void Lowering::lower_caller(mir::TypeId signature, Function& to) {
  to.clear();
  to_ = &to;
  to.name = "caller";
  label_blocks_.clear();
  is_open_ = false;
  newest_ = kNoRegister;
  group_ = {};
  body_ = nullptr;
  const mir::TypeId address =
      program_.builder().type(TypeKind::kPtr, {{mir::primitive(TypeKind::kU8)}});
  const mir::TypeId own =
      program_.builder().type(TypeKind::kFuncPtr, {{mir::kNone, address, address, address}});
  const Convention& entry = convention(own, {});
  Register parameters[3] = {};
  to.parameters = {.first = 0, .count = 3};
  for (std::size_t i = 0; i != 3; ++i) {
    parameters[i] = new_general();
    to.transfers.push_back(
        {.reg = parameters[i], .physical = entry.parameters[i].pieces[0].physical});
  }
  bind(new_label());
  const Convention& called = convention(signature, {});
  std::vector<Value> values;
  for (std::size_t i = 0; i != called.parameters.size(); ++i) {
    const mir::TypeId type = called.parameters[i].type;
    const ValueType layout = value_type(type);
    if (layout.shape == Shape::kNothing) {
      values.emplace_back();
      continue;
    }
    const Register from =
        load_scalar(TypeKind::kU64, {.a = parameters[1], .disp = static_cast<std::int32_t>(8 * i)});
    if (layout.shape == Shape::kMemory) {
      values.push_back({.shape = Shape::kMemory, .at = {.a = from}});
    } else {
      values.push_back(new_value(type));
      load(type, values.back(), {.a = from});
    }
  }
  const Value result =
      emit_call({.target = Call::Target::kRegister, .callee = parameters[0]}, called, values);
  if (result.shape != Shape::kNothing) store(called.result.type, result, {.a = parameters[2]});
  emit({.op = Op::kReturn});
  finish(to);
}

}  // namespace smf::codegen
