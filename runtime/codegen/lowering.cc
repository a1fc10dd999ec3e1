#include "runtime/codegen/lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/codegen/lowering_body.h"

namespace smf::codegen {

using mir::TypeKind;

Lowering::Lowering(mir::Program& program, mir::Layouts& layouts, const Options& options)
    : program_(program),
      layouts_(layouts),
      options_(options),
      types_(program, layouts),
      outer_(std::make_unique<Body>()),
      inlined_(std::make_unique<Body>()) {}
Lowering::~Lowering() = default;

void Lowering::refuse(std::string_view message, ErrorCode code) const {
  if (body_ == nullptr) throw NotCompiled{code, std::string(message)};
  throw NotCompiled{code,
                    fmt::format("function '{}', block {}: {}", body_->name, body_->block, message)};
}

void Lowering::lower(mir::FunctionId function, std::span<const mir::FunctionId> group,
                     Function& to) {
  to.clear();
  to_ = &to;
  group_ = group;
  label_blocks_.clear();
  is_open_ = false;
  newest_ = kNoRegister;
  body_ = nullptr;
  Body& body = *outer_;
  begin_body(body, function);
  to.name = body.name;
  body_ = &body;
  const Label entry = new_label();
  bind(entry);
  body.convention = &convention(body.function.signature, {});
  lower_entry(body);
  jump(body.labels[body.function.entry]);
  lower_blocks(body);
  body_ = nullptr;
  finish(to);
}

void Lowering::begin_body(Body& body, mir::FunctionId id) {
  body.id = id;
  body.function = unit().functions[id];
  body.name = unit().string(body.function.name);
  body.block = 0;
  body.convention = nullptr;
  body.result_address = kNoRegister;
  body.result = {};
  body.outer = body_;
  body.labels.resize(body.function.blocks.count);
  for (Label& label : body.labels) label = new_label();
  find_promoted(body);
  place_locals(body);
}

// ---- Locals ----

// Slots that are held like locals: what `alloc` gives is assigned once, and is nothing but the
// address of loads and stores of all of it, or of its fields.
void Lowering::find_promoted(Body& body) {
  const std::uint32_t count = body.function.locals.count;
  body.is_promoted.assign(count, false);
  const auto has_slot = [&](const mir::Block& block) {
    return std::ranges::any_of(
        mir::Unit::of(unit().instructions, block.instructions),
        [](const mir::Instruction& one) { return one.op == mir::Op::kAlloc; });
  };
  if (std::ranges::none_of(mir::Unit::of(unit().blocks, body.function.blocks), has_slot)) return;
  enum State : std::uint8_t { kUnseen, kCandidate, kRefused };
  std::vector<State> states(count, kUnseen);
  const auto refuse_local = [&](mir::Operand operand) {
    if (operand.is_local()) states[operand.index] = kRefused;
  };
  for (const mir::Local& local : mir::Unit::of(unit().locals, body.function.locals))
    if (local.kind == mir::LocalKind::kArg) states[local.id] = kRefused;
  for (const mir::Block& block : mir::Unit::of(unit().blocks, body.function.blocks)) {
    for (const mir::Instruction& one : mir::Unit::of(unit().instructions, block.instructions)) {
      const auto operands = unit().of(one);
      const bool is_access = one.op == mir::Op::kLoad || one.op == mir::Op::kStore ||
                             one.op == mir::Op::kGetField || one.op == mir::Op::kSetField;
      for (std::size_t i = 0; i != operands.size(); ++i)
        if ((!is_access || i != 0) && one.op != mir::Op::kDebugValue) refuse_local(operands[i]);
      if (one.dest == mir::kNone) continue;
      State& state = states[one.dest];
      state = one.op == mir::Op::kAlloc && state == kUnseen ? kCandidate : kRefused;
    }
    for (const mir::Operand operand : mir::Unit::of(unit().operands, block.terminator.operands))
      refuse_local(operand);
  }
  for (std::uint32_t i = 0; i != count; ++i) {
    if (states[i] != kCandidate) continue;
    const mir::TypeId pointee = unit().parts(unit().locals[body.function.locals.first + i].type)[0];
    const Shape shape = value_type(pointee).shape;
    body.is_promoted[i] = shape == Shape::kScalar || shape == Shape::kParts;
  }
}

void Lowering::place_locals(Body& body) {
  const std::uint32_t count = body.function.locals.count;
  body.locals.assign(count, {});
  body.pointees.assign(count, {});
  for (std::uint32_t i = 0; i != count; ++i) {
    const mir::TypeId type = unit().locals[body.function.locals.first + i].type;
    if (body.is_promoted[i]) {
      body.pointees[i] = new_value(unit().parts(type)[0]);
    } else {
      body.locals[i] = new_value(type);
    }
  }
}

mir::TypeId Lowering::type_of_local(mir::LocalId local) const {
  return unit().locals[body_->function.locals.first + local].type;
}

mir::TypeId Lowering::type_of(mir::Operand operand) const {
  return operand.is_local() ? type_of_local(operand.index) : unit().constants[operand.index].type;
}

Value Lowering::local(mir::LocalId id) { return body_->locals[id]; }

Value* Lowering::promoted(mir::Operand pointer) {
  if (!pointer.is_local() || !body_->is_promoted[pointer.index]) return nullptr;
  return &body_->pointees[pointer.index];
}

// What has just been made, and nobody has read, is made where it goes: else a third of all that is
// lowered is moves, which every walk over the function looks at. An instruction that reads `to`
// other than as `a` is left: with two operands, a processor would have to move that away first.
bool Lowering::make_in(Register to, Register from) {
  if (from != newest_ || from == kNoRegister) return false;
  Instruction& last = to_->instructions.back();
  if (last.b == to || last.c == to || last.d == to) return false;
  last.dest = to;
  newest_ = kNoRegister;
  if (from + 1 == to_->registers.size()) to_->registers.pop_back();
  return true;
}

void Lowering::set(mir::LocalId dest, const Value& value) {
  if (dest == mir::kNone) return;
  if (value.shape == Shape::kScalar && make_in(local(dest).first, value.first)) return;
  move(type_of_local(dest), local(dest), value);
}

void Lowering::set_scalar(mir::LocalId dest, Register value) {
  if (dest == mir::kNone || local(dest).shape != Shape::kScalar) return;
  const Register to = local(dest).first;
  if (!make_in(to, value)) move(kind(type_of_local(dest)), to, value);
}

// ---- Instructions ----

Instruction& Lowering::emit(const Instruction& instruction) {
  if (!is_open_) {
    to_->blocks.push_back(
        {.instructions = {.first = static_cast<std::uint32_t>(to_->instructions.size())}});
    is_open_ = true;
  }
  to_->instructions.push_back(instruction);
  if (is_terminator(instruction.op)) {
    List& all = to_->blocks.back().instructions;
    all.count = static_cast<std::uint32_t>(to_->instructions.size()) - all.first;
    is_open_ = false;
  }
  newest_ = kNoRegister;
  return to_->instructions.back();
}

Register Lowering::emit_to_new(Bank bank, Instruction instruction) {
  instruction.dest = to_->add_register(bank);
  emit(instruction);
  newest_ = instruction.dest;
  return instruction.dest;
}

Register Lowering::constant(std::int64_t imm, Width width) {
  return emit_to_new(Bank::kGeneral, {.op = Op::kConstant, .width = width, .imm = imm});
}

std::uint32_t Lowering::symbol(Symbol::Kind kind, std::string_view name) {
  for (std::uint32_t i = 0; i != to_->symbols.size(); ++i)
    if (to_->symbols[i].kind == kind && to_->symbols[i].name == name) return i;
  to_->symbols.push_back({.kind = kind, .name = std::string(name)});
  return static_cast<std::uint32_t>(to_->symbols.size() - 1);
}

std::uint32_t Lowering::pool(Bytes bytes, std::size_t alignment) {
  to_->pool.resize(align_up(to_->pool.size(), alignment));
  const auto at = static_cast<std::uint32_t>(to_->pool.size());
  to_->pool.insert(to_->pool.end(), bytes.begin(), bytes.end());
  return at;
}

// ---- Blocks ----

Lowering::Label Lowering::new_label() {
  label_blocks_.push_back(~std::uint32_t{0});
  return static_cast<Label>(label_blocks_.size() - 1);
}

void Lowering::bind(Label label) {
  if (is_open_) jump(label);
  label_blocks_[label] = static_cast<std::uint32_t>(to_->blocks.size());
  to_->blocks.push_back(
      {.instructions = {.first = static_cast<std::uint32_t>(to_->instructions.size())}});
  is_open_ = true;
}

void Lowering::jump(Label to) { emit({.op = Op::kJump, .target = to}); }

void Lowering::branch(Condition condition, Width width, Register a, Register b, Label then,
                      Label other) {
  emit({.op = Op::kBranch,
        .width = width,
        .condition = condition,
        .a = a,
        .b = b,
        .target = then,
        .other = other});
}

void Lowering::finish(Function& to) {
  for (Instruction& instruction : to.instructions) {
    if (instruction.op != Op::kJump && instruction.op != Op::kBranch &&
        instruction.op != Op::kFloatBranch)
      continue;
    instruction.target = label_blocks_[instruction.target];
    if (instruction.op != Op::kJump) instruction.other = label_blocks_[instruction.other];
  }
}

// ---- Traps ----

std::uint32_t Lowering::trap_place(TrapKind kind, std::string_view message) {
  to_->traps.push_back({.kind = kind,
                        .block = body_->block,
                        .function = body_->name,
                        .message = std::string(message)});
  return static_cast<std::uint32_t>(to_->traps.size() - 1);
}

void Lowering::trap_if(Condition condition, Width width, Register a, Register b,
                       std::string_view message) {
  emit({.op = Op::kTrapIf,
        .width = width,
        .condition = condition,
        .a = a,
        .b = b,
        .target = trap_place(TrapKind::kOperation, message)});
}

void Lowering::trap_if(Condition condition, Width width, Register a, std::int64_t imm,
                       std::string_view message) {
  emit({.op = Op::kTrapIf,
        .width = width,
        .condition = condition,
        .a = a,
        .target = trap_place(TrapKind::kOperation, message),
        .imm = imm});
}

// ---- MIR ----

void Lowering::lower_blocks(Body& body) {
  // Those that the entry leads to first: what nobody leads to is left out in the end.
  for (mir::BlockId b = 0; b != body.function.blocks.count; ++b) {
    body.block = b;
    const mir::Block block = unit().blocks[body.function.blocks.first + b];
    bind(body.labels[b]);
    for (std::uint32_t i = 0; i != block.instructions.count; ++i) {
      const std::uint32_t index = block.instructions.first + i;
      const mir::Instruction one = unit().instructions[index];
      if (one.op == mir::Op::kAlloc) {
        alloc(index, one);
      } else {
        instruction(one);
      }
    }
    terminator(block.terminator);
  }
}

void Lowering::instruction(const mir::Instruction& one) {
  const auto operands = unit().of(one);
  switch (one.op) {
    case mir::Op::kNop:
    case mir::Op::kDebugValue:
    case mir::Op::kAlloc:
      return;
    case mir::Op::kForeign:
      refuse("not compiled here");
    case mir::Op::kConst:
    case mir::Op::kCopy:
    case mir::Op::kMove:
      return set(one.dest, value(operands[0]));
    case mir::Op::kBinary:
    case mir::Op::kChecked:
      return binary(one, operands[0], operands[1]);
    case mir::Op::kUnary: {
      const TypeKind of = kind(type_of(operands[0]));
      return set_scalar(one.dest,
                        unary(static_cast<mir::UnaryOp>(one.detail), of, scalar(operands[0])));
    }
    case mir::Op::kLoad: {
      if (const Value* const held = promoted(operands[0])) return set(one.dest, *held);
      const mir::TypeId type = unit().parts(type_of(operands[0]))[0];
      if (value_type(type).shape == Shape::kNothing) return;
      return load(type, local(one.dest), {.a = scalar(operands[0])});
    }
    case mir::Op::kStore: {
      const mir::TypeId type = type_of(operands[1]);
      if (value_type(type).shape == Shape::kNothing) return;
      if (const Value* const held = promoted(operands[0]))
        return move(type, *held, value(operands[1]));
      const Value stored = value(operands[1]);
      return store(type, stored, {.a = scalar(operands[0])});
    }
    case mir::Op::kGlobalAddr:
      return set_scalar(
          one.dest, emit_to_new(Bank::kGeneral,
                                {.op = Op::kLoad,
                                 .base = Base::kSymbol,
                                 .a = symbol(Symbol::Kind::kGlobal, std::to_string(one.number))}));
    case mir::Op::kGetElementPtr:
      return element(one, operands);
    case mir::Op::kAggregate:
      return aggregate(one, operands);
    case mir::Op::kGetField:
      return get_field(one, operands[0]);
    case mir::Op::kSetField:
      return set_field(one, operands[0], operands[1]);
    case mir::Op::kCast:
      return set_scalar(one.dest,
                        cast(kind(type_of(operands[0])), kind(one.type), scalar(operands[0])));
    case mir::Op::kBitcast:
      return bitcast(one.dest, operands[0]);
    case mir::Op::kCall:
      return call(one, operands);
    case mir::Op::kCallIndirect:
      return call_indirect(scalar(operands[0]), one.type, operands.subspan(1), one.dest);
    case mir::Op::kIntrinsic:
      return intrinsic(one, operands);
  }
}

void Lowering::terminator(const mir::Terminator& one) {
  const auto operands = mir::Unit::of(unit().operands, one.operands);
  const auto target = [&](std::uint32_t i) {
    return body_->labels[unit().numbers[one.targets.first + i]];
  };
  switch (one.end) {
    case mir::End::kGoto:
      return jump(target(0));
    case mir::End::kReturn:
      return lower_return(one);
    case mir::End::kIf: {
      const Register condition = scalar(operands[0]);
      return branch(Condition::kNotEqual, Width::k32, condition, kNoRegister, target(0), target(1));
    }
    case mir::End::kSwitch:
      return lower_switch(one);
    case mir::End::kAbort:
      emit({.op = Op::kTrap, .target = trap_place(TrapKind::kAbort, unit().string(one.text))});
      return;
    case mir::End::kUnreachable:
      emit({.op = Op::kTrap,
            .target = trap_place(TrapKind::kUnreachable, "what cannot be reached was reached")});
      return;
    default:
      refuse("not compiled here");
  }
}

// By halves, until a few are left.
void Lowering::lower_switch(const mir::Terminator& one) {
  const auto operands = mir::Unit::of(unit().operands, one.operands);
  const TypeKind of = kind(type_of(operands[0]));
  const Register value = widen(of, scalar(operands[0]));
  const auto given = mir::Unit::of(unit().cases, one.cases);
  std::vector<mir::Case> cases(given.begin(), given.end());
  std::ranges::sort(cases, {}, &mir::Case::bits);
  const Label otherwise = body_->labels[unit().numbers[one.targets.first]];
  struct Range {
    Label label;
    std::size_t first, last;
  };
  std::vector<Range> open{{new_label(), 0, cases.size()}};
  jump(open[0].label);
  while (!open.empty()) {
    const Range range = open.back();
    open.pop_back();
    bind(range.label);
    const std::size_t count = range.last - range.first;
    if (count > 4) {
      const std::size_t middle = range.first + count / 2;
      const Range below{new_label(), range.first, middle};
      const Range above{new_label(), middle, range.last};
      branch(Condition::kBelow, Width::k64, value,
             constant(static_cast<std::int64_t>(cases[middle].bits)), below.label, above.label);
      open.push_back(above);
      open.push_back(below);
      continue;
    }
    for (std::size_t i = range.first; i != range.last; ++i) {
      const Label next = new_label();
      branch(Condition::kEqual, Width::k64, value,
             constant(static_cast<std::int64_t>(cases[i].bits)), body_->labels[cases[i].target],
             next);
      bind(next);
    }
    jump(otherwise);
  }
}

void Lowering::lower_return(const mir::Terminator& one) {
  const auto operands = mir::Unit::of(unit().operands, one.operands);
  const bool has_value =
      !operands.empty() && value_type(type_of(operands[0])).shape != Shape::kNothing;
  if (body_->convention == nullptr) {
    if (has_value && body_->result.shape != Shape::kNothing)
      move(type_of(operands[0]), body_->result, value(operands[0]));
    return jump(body_->after);
  }
  const Convention& convention = *body_->convention;
  std::vector<Transfer> results;
  if (has_value && convention.result.kind == PassedValue::Kind::kReference) {
    store(type_of(operands[0]), value(operands[0]), {.a = body_->result_address});
    if (convention.returns_address)
      results.push_back({.reg = body_->result_address, .physical = convention.returned_address});
  } else if (has_value) {
    passed_.clear();
    pass_pieces(convention.result, value(operands[0]));
    results = passed_;
    passed_.clear();
  }
  const List list{.first = static_cast<std::uint32_t>(to_->transfers.size()),
                  .count = static_cast<std::uint32_t>(results.size())};
  to_->transfers.insert(to_->transfers.end(), results.begin(), results.end());
  emit({.op = Op::kReturn, .transfers = list});
}

}  // namespace smf::codegen
