#include "runtime/mir/testing/random_body.h"

#include <array>
#include <initializer_list>
#include <span>
#include <string>

namespace smf::mir {

RandomBody::RandomBody(RandomScope& scope, RandomCallee self, int statements,
                       std::uint64_t max_steps)
    : scope_(scope),
      choice_(scope.choice),
      types_(scope.types),
      builder_(scope.builder),
      self_(std::move(self)),
      draft_(scope.written
                 .emplace_back(FunctionDraft(scope.choice, scope.builder), self_.name,
                               self_.signature, List{})
                 .draft),
      left_(statements),
      max_steps_(max_steps) {}

// ---- Emitting ----

void RandomBody::emit(Instruction instruction, std::initializer_list<Operand> operands) {
  emit(instruction, std::span(operands.begin(), operands.size()));
}
void RandomBody::emit(Instruction instruction, std::span<const Operand> operands) {
  steps_ += times_;
  draft_.emit(instruction, operands);
}

LocalId RandomBody::destination(TypeId type) {
  if (chance(3)) {
    if (const auto known = find(type, true)) return known->local;
  }
  const LocalId made = draft_.local(type, chance(3) ? LocalKind::kVar : LocalKind::kTemp);
  variables_.push_back({.local = made, .type = type});
  return made;
}

LocalId RandomBody::emit_binary(BinaryOp op, TypeId result, Operand left, Operand right) {
  const LocalId to = temporary(result);
  emit({.op = Op::kBinary, .detail = static_cast<std::uint8_t>(op), .dest = to}, {left, right});
  return to;
}

LocalId RandomBody::emit_intrinsic(Intrinsic which, TypeId result,
                                   std::span<const Operand> operands) {
  const LocalId to = temporary(result);
  const StringId name = builder_.string(kIntrinsicNames[static_cast<std::size_t>(which)]);
  emit({.op = Op::kIntrinsic, .dest = to, .number = name}, operands);
  return to;
}

LocalId RandomBody::emit_cast(Operand value, TypeId to) {
  const LocalId made = temporary(to);
  emit({.op = Op::kCast, .dest = made, .type = to}, {value});
  return made;
}

void RandomBody::assign(LocalId to, Operand value) {
  if (!value.is_local()) return emit({.op = Op::kConst, .dest = to}, {value});
  const bool is_moved = value.kind() == Operand::Kind::kMove;
  emit({.op = is_moved ? Op::kMove : Op::kCopy, .dest = to}, {value});
}

void RandomBody::go_to(BlockId block) {
  steps_ += times_;
  draft_.go_to(block);
}
void RandomBody::branch(Operand condition, BlockId then, BlockId otherwise) {
  steps_ += times_;
  draft_.branch(condition, then, otherwise);
}
void RandomBody::end(Terminator terminator, std::span<const Operand> operands,
                     std::span<const BlockId> targets, std::span<const Case> cases) {
  steps_ += times_;
  draft_.end(terminator, operands, targets, cases);
}

// ---- The function ----

void RandomBody::arguments() {
  const auto parts = builder_.unit.parts(self_.signature);
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i + 1 < parts.size(); ++i) order.push_back(i);
  const std::vector<TypeId> types(parts.begin() + 1, parts.end());
  if (chance(4)) choice_.shuffle(std::span(order));
  for (const std::uint32_t i : order) {
    const bool is_depth = self_.is_recursive && i == 0;
    if (!is_depth && chance(12)) continue;  // one that nobody looks at has no local
    const LocalId local = draft_.local(types[i], LocalKind::kArg, i);
    if (is_depth) {
      how_deep_ = local;
    } else {
      variables_.push_back({.local = local, .type = types[i]});
    }
  }
  hash_ = draft_.local(of(TypeKind::kU64), LocalKind::kVar);
  assign(hash_, number(choice_.bits()));
}

RandomCallee RandomBody::write() {
  arguments();
  for (const Variable& argument : std::vector(variables_))
    if (chance(2)) mix(read(argument.local));
  while (left_ > 0) statement();
  finish();
  // Each function calls itself once at most.
  if (has_recursed_) steps_ *= 4;
  self_.cost = steps_;
  return self_;
}

RandomCallee RandomBody::write_never() {
  arguments();
  while (left_ > 0) statement();
  if (chance(2)) {
    end({.end = End::kUnreachable});
  } else {
    end({.end = End::kAbort, .text = builder_.string("never returns")});
  }
  return self_;
}

RandomCallee RandomBody::write_mixer(RandomScope& scope, TypeId type) {
  const TypeId word = of(TypeKind::kU64);
  RandomCallee self{.name = "mix" + std::to_string(scope.mixers.size()),
                    .signature = scope.builder.type(TypeKind::kFuncPtr, {{word, word, type}})};
  // What calls it knows it from now on.
  scope.mixers.emplace(type, self);
  RandomBody body(scope, self, 0, 0);
  body.hash_ = body.draft_.local(word, LocalKind::kArg, 0);
  const LocalId whole = body.draft_.local(type, LocalKind::kArg, 1);
  body.mix_parts(Operand::copy(whole));
  body.end({.end = End::kReturn}, {{Operand::copy(body.hash_)}});
  self.cost = body.steps_;
  scope.mixers[type] = self;
  return self;
}

// ---- Statements ----

void RandomBody::statements(int count) {
  for (; count > 0 && left_ > 0; --count) statement();
}

void RandomBody::nested(int count) {
  const Variables kept(*this);
  ++depth_;
  statements(count);
  --depth_;
}

void RandomBody::statement() {
  --left_;
  struct Choice {
    unsigned weight;
    void (RandomBody::*write)();
  };
  static constexpr Choice kChoices[] = {
      {20, &RandomBody::binary},
      {6, &RandomBody::compare},
      {6, &RandomBody::unary},
      {7, &RandomBody::cast},
      {3, &RandomBody::bit_cast},
      {8, &RandomBody::intrinsic},
      {1, &RandomBody::size_of},
      {2, &RandomBody::new_slot},
      {6, &RandomBody::access},
      {2, &RandomBody::walk},
      {1, &RandomBody::pointers},
      {2, &RandomBody::memory},
      {1, &RandomBody::compare_memory},
      {2, &RandomBody::bytes},
      {1, &RandomBody::nodes},
      {1, &RandomBody::global},
      {3, &RandomBody::assign_variable},
      {3, &RandomBody::make_aggregate},
      {3, &RandomBody::field},
      {2, &RandomBody::set_field},
      {3, &RandomBody::enumeration},
      {1, &RandomBody::slice},
      {1, &RandomBody::text},
      {1, &RandomBody::nothing},
      {4, &RandomBody::call},
      {4, &RandomBody::call_indirect},
      {1, &RandomBody::call_template},
      {1, &RandomBody::call_operator},
      {1, &RandomBody::recurse},
      // These are not written within too many of each other.
      {4, &RandomBody::if_else},
      {2, &RandomBody::switch_over},
      {4, &RandomBody::loop},
      {1, &RandomBody::region},
      {2, &RandomBody::leave},
      {2, &RandomBody::trap},
      {1, &RandomBody::return_early},
  };
  static constexpr std::uint64_t kAll = [] {
    std::uint64_t all = 0;
    for (const Choice& choice : kChoices) all += choice.weight;
    return all;
  }();
  std::uint64_t chosen = below(kAll);
  for (const Choice& choice : kChoices) {
    if (chosen < choice.weight) return (this->*choice.write)();
    chosen -= choice.weight;
  }
}

}  // namespace smf::mir
