// Statements that call: functions of the unit, by name and by address, and what the test provides.
#include <algorithm>
#include <array>
#include <span>

#include "runtime/mir/testing/random_body.h"
#include "runtime/mir/testing/random_function.h"
#include "runtime/mir/type_expression.h"

namespace smf::mir {
bool RandomBody::is_affordable(std::uint64_t cost) const {
  return steps_ + times_ * cost <= max_steps_;
}

Operand RandomBody::name_of(std::string_view name, TypeId signature) {
  return Operand::constant(builder_.constant(
      {.type = signature, .kind = ValueKind::kString, .bits = builder_.string(name)}));
}

// The callee, and what it is given.
std::vector<Operand> RandomBody::call_operands(Operand callee, TypeId signature,
                                               bool is_recursive) {
  const auto parts = builder_.unit.parts(signature);
  const std::vector<TypeId> types(parts.begin() + 1, parts.end());
  std::vector<Operand> operands{callee};
  for (const TypeId type : types) {
    const bool is_depth = is_recursive && operands.size() == 1;
    operands.push_back(is_depth ? integer(type, below(4)) : value(type));
  }
  return operands;
}

// kNone sometimes, and where nothing is returned.
LocalId RandomBody::call_destination(TypeId signature) {
  const TypeId result = types_.part(signature);
  if (result == kNone) return chance(3) ? temporary(of(TypeKind::kUnit)) : kNone;
  return chance(8) ? kNone : destination(result);
}

void RandomBody::call() {
  if (scope_.callees.empty() || chance(12)) {
    // The embedder's.
    const TypeId word = of(TypeKind::kU64), count = of(TypeKind::kI16);
    const TypeId signature = builder_.type(TypeKind::kFuncPtr, {{word, word, count}});
    const std::vector<Operand> operands =
        call_operands(name_of(kRandomNative, signature), signature, false);
    const LocalId result = destination(word);
    emit({.op = Op::kCall, .dest = result}, operands);
    return saw(result);
  }
  const RandomCallee callee = choice_.of(scope_.callees);
  if (!is_affordable(callee.cost)) return binary();
  Operand name = name_of(callee.name, callee.signature);
  // Whoever finds it knows its type.
  if (chance(10)) {
    const StringId kind = builder_.string("function");
    name = name_of(callee.name, builder_.type(TypeKind::kOpaque, {}, false, 0, kind));
  }
  const std::vector<Operand> operands = call_operands(name, callee.signature, callee.is_recursive);
  const LocalId result = call_destination(callee.signature);
  steps_ += times_ * callee.cost;
  if (chance(2)) {
    const BlockId after = draft_.block();
    end({.end = End::kCall, .dest = result}, operands, {{after}});
    draft_.enter(after);
  } else {
    emit({.op = Op::kCall, .dest = result}, operands);
  }
  if (result != kNone) saw(result);
}

// Of one of the functions that have a signature.
void RandomBody::call_indirect() {
  if (scope_.callees.empty()) return binary();
  const TypeId signature = choice_.of(scope_.callees).signature;
  std::vector<RandomCallee> candidates;
  for (const RandomCallee& one : scope_.callees)
    if (one.signature == signature && is_affordable(one.cost)) candidates.push_back(one);
  if (candidates.empty()) return binary();
  const auto name = [&] {
    const RandomCallee& one = choice_.of(candidates);
    return name_of(one.name, signature);
  };
  Operand callee = name();
  switch (below(4)) {
    case 0: {
      const LocalId chosen = temporary(signature);
      assign(chosen, callee);
      const Operand is_other = value(of(TypeKind::kBool));
      const BlockId other = draft_.block(), after = draft_.block();
      branch(is_other, other, after);
      draft_.enter(other);
      assign(chosen, name());
      go_to(after);
      draft_.enter(after);
      callee = Operand::copy(chosen);
      break;
    }
    case 1: {
      // A table.
      const std::uint64_t count = 1 + below(3);
      const TypeId type = types_.array(signature, count);
      const LocalId table = temporary(types_.pointer(type));
      emit({.op = Op::kAlloc, .dest = table, .type = type}, {});
      std::vector<Operand> names;
      for (std::uint64_t i = 0; i != count; ++i) names.push_back(name());
      const LocalId all = temporary(type);
      emit({.op = Op::kAggregate, .dest = all, .type = types_.array(signature, 0)}, names);
      store(table, Operand::copy(all));
      const Operand indices[] = {number(0), index(count)};
      callee = Operand::copy(load(element(table, indices, signature)));
      break;
    }
    case 2: {
      const Operand as_number = Operand::copy(emit_cast(callee, of(TypeKind::kU64)));
      const TypeId to =
          chance(2) ? signature : types_.pointer(TypeKind::kPtr, of(TypeKind::kU8), false);
      callee = Operand::copy(emit_cast(as_number, to));
      break;
    }
    default:
      break;
  }
  const bool is_recursive = std::ranges::any_of(candidates, &RandomCallee::is_recursive);
  const std::vector<Operand> operands = call_operands(callee, signature, is_recursive);
  const LocalId result = call_destination(signature);
  std::uint64_t cost = 0;
  for (const RandomCallee& one : candidates) cost = std::max(cost, one.cost);
  steps_ += times_ * cost;
  const bool is_function = callee.is_local() && draft_.type_of(callee) == signature;
  if (is_function && chance(2)) {
    emit({.op = Op::kCall, .dest = result}, operands);
  } else {
    emit({.op = Op::kCallIndirect, .dest = result, .type = signature}, operands);
  }
  if (result != kNone) saw(result);
}

void RandomBody::call_operator() {
  if (scope_.operators.empty()) return call();
  const RandomScope::Operator op = choice_.of(scope_.operators);
  if (!is_affordable(op.callee.cost)) return binary();
  std::vector<Operand> operands =
      call_operands(zero(of(TypeKind::kUnit)), op.callee.signature, false);
  operands.erase(operands.begin());
  const LocalId result = destination(types_.part(op.callee.signature));
  steps_ += times_ * op.callee.cost;
  emit({.op = op.op, .detail = op.detail, .dest = result}, operands);
  saw(result);
}

// Of this function, less deep.
void RandomBody::recurse() {
  if (how_deep_ == kNone || has_recursed_ || times_ != 1 || depth_ != 0) return binary();
  has_recursed_ = true;
  const TypeId depth = of(TypeKind::kU32);
  const LocalId is_end =
      emit_binary(BinaryOp::kEq, of(TypeKind::kBool), Operand::copy(how_deep_), integer(depth, 0));
  const BlockId deeper = draft_.block(), after = draft_.block();
  branch(Operand::copy(is_end), after, deeper);
  draft_.enter(deeper);
  const Variables kept(*this);
  const LocalId left =
      emit_binary(BinaryOp::kSub, depth, Operand::copy(how_deep_), integer(depth, 1));
  std::vector<Operand> operands =
      call_operands(name_of(self_.name, self_.signature), self_.signature, true);
  operands[1] = Operand::copy(left);
  const LocalId result = call_destination(self_.signature);
  emit({.op = Op::kCall, .dest = result}, operands);
  if (result != kNone) mix(Operand::copy(result));
  go_to(after);
  draft_.enter(after);
}

// ---- Templates ----

void RandomBody::write_templates(RandomScope& scope) {
  UnitBuilder& builder = scope.builder;
  RandomChoice& choice = scope.choice;
  const StringId name = builder.string("T");
  const TypeId type = builder.type(TypeKind::kParameter, {}, false, 0, name);
  const TypeId boolean = of(TypeKind::kBool);
  const auto begin = [&](std::string_view function, std::vector<TypeId> parts,
                         Constraint constraint) -> FunctionDraft& {
    const Parameter parameter{.name = name, .constraint = constraint};
    const List parameters = UnitBuilder::add(builder.unit.parameters, std::span(&parameter, 1));
    return scope.written
        .emplace_back(FunctionDraft(choice, builder), std::string(function),
                      builder.type(TypeKind::kFuncPtr, parts), parameters)
        .draft;
  };
  {
    // Through memory.
    FunctionDraft& draft = begin("pick", {type, boolean, type, type}, Constraint::kAny);
    const LocalId which = draft.local(boolean, LocalKind::kArg, 0);
    const LocalId first = draft.local(type, LocalKind::kArg, 1);
    const LocalId second = draft.local(type, LocalKind::kArg, 2);
    const TypeId array = scope.types.array(type, 2);
    const LocalId both = draft.local(array), slot = draft.local(scope.types.pointer(array));
    const LocalId at = draft.local(of(TypeKind::kU8)),
                  place = draft.local(scope.types.pointer(type));
    const LocalId result = draft.local(type, LocalKind::kReturn);
    draft.emit({.op = Op::kAggregate, .dest = both, .type = scope.types.array(type, 0)},
               {Operand::copy(first), Operand::move(second)});
    draft.emit({.op = Op::kAlloc, .dest = slot, .type = array}, {});
    draft.emit({.op = Op::kStore}, {Operand::copy(slot), Operand::move(both)});
    draft.emit({.op = Op::kCast, .dest = at, .type = of(TypeKind::kU8)}, {Operand::copy(which)});
    const Operand zero =
        Operand::constant(builder.constant({.type = of(TypeKind::kU64), .kind = ValueKind::kZero}));
    draft.emit({.op = Op::kGetElementPtr, .dest = place},
               {Operand::copy(slot), zero, Operand::copy(at)});
    draft.emit({.op = Op::kLoad, .dest = result}, {Operand::copy(place)});
    draft.end({.end = End::kReturn}, {{Operand::copy(result)}});
  }
  for (const bool is_numeric : {true, false}) {
    FunctionDraft& draft = begin(is_numeric ? "reckon" : "order", {type, type, type},
                                 is_numeric ? Constraint::kNumeric : Constraint::kOrdered);
    LocalId left = draft.local(type, LocalKind::kArg, 0);
    const LocalId right = draft.local(type, LocalKind::kArg, 1);
    const LocalId is_less = draft.local(boolean);
    if (is_numeric) {
      constexpr std::array kOps = {BinaryOp::kAdd, BinaryOp::kSub, BinaryOp::kMul};
      for (std::uint64_t i = 1 + choice.below(3); i != 0; --i) {
        const LocalId result = draft.local(type);
        draft.emit({.op = Op::kBinary,
                    .detail = static_cast<std::uint8_t>(choice.of(kOps)),
                    .dest = result},
                   {Operand::copy(left), Operand::copy(right)});
        left = result;
      }
      draft.emit(
          {.op = Op::kUnary, .detail = static_cast<std::uint8_t>(UnaryOp::kNeg), .dest = right},
          {Operand::copy(right)});
    }
    draft.emit(
        {.op = Op::kBinary, .detail = static_cast<std::uint8_t>(BinaryOp::kLt), .dest = is_less},
        {Operand::copy(left), Operand::copy(right)});
    const BlockId then = draft.block(), otherwise = draft.block();
    draft.branch(Operand::copy(is_less), then, otherwise);
    draft.enter(then);
    draft.end({.end = End::kReturn}, {{Operand::copy(left)}});
    draft.enter(otherwise);
    draft.end({.end = End::kReturn}, {{Operand::copy(right)}});
  }
}

void RandomBody::call_template() {
  constexpr std::array<std::string_view, 3> kNames = {"pick", "reckon", "order"};
  const std::uint64_t which = below(3);
  TypeId type = which == 0 ? types_.plain() : types_.scalar();
  if (which == 1 && (kind(type) == TypeKind::kBool || kind(type) == TypeKind::kChar))
    type = of(TypeKind::kI16);
  const std::string name = std::string(kNames[which]) + "<" + spell_type(builder_.unit, type) + ">";
  std::vector<TypeId> parts{type, type, type};
  if (which == 0) parts.insert(parts.begin() + 1, of(TypeKind::kBool));
  const TypeId signature = builder_.type(TypeKind::kFuncPtr, parts);
  const std::vector<Operand> operands = call_operands(name_of(name, signature), signature, false);
  const LocalId result = destination(type);
  steps_ += times_ * 10;
  emit({.op = Op::kCall, .dest = result}, operands);
  saw(result);
}

}  // namespace smf::mir
