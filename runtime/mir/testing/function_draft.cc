#include "runtime/mir/testing/function_draft.h"

#include <string>

#include "runtime/base/check.h"

namespace smf::mir {

FunctionDraft::FunctionDraft(RandomChoice& choice, UnitBuilder& builder)
    : choice_(choice), builder_(builder), has_gaps_(choice.chance(3)) {
  block();
}

std::uint32_t FunctionDraft::gap() { return has_gaps_ && choice_.chance(6) ? choice_.small(4) : 0; }

LocalId FunctionDraft::local(TypeId type, LocalKind kind, std::uint32_t argument) {
  const auto id = static_cast<LocalId>(types_.size()) + gap();
  types_.resize(id + 1, kNone);
  types_[id] = type;
  const StringId name =
      choice_.chance(4) ? builder_.string("v" + std::to_string(choice_.below(100))) : kNone;
  locals_.push_back({.id = id, .name = name, .type = type, .kind = kind, .argument = argument});
  return id;
}

BlockId FunctionDraft::block() {
  const auto id = static_cast<BlockId>(places_.size()) + gap();
  places_.resize(id + 1);
  places_[id] = blocks_.size();
  blocks_.push_back({.id = id});
  if (choice_.chance(6)) blocks_.back().label = builder_.string("b" + std::to_string(id));
  return id;
}

void FunctionDraft::enter(BlockId block) { at_ = places_[block]; }

void FunctionDraft::emit(Instruction instruction, std::span<const Operand> operands) {
  SMF_CHECK(is_open());
  instruction.operands = builder_.operands(operands);
  blocks_[at_].instructions.push_back(instruction);
}

void FunctionDraft::end(Terminator terminator, std::span<const Operand> operands,
                        std::span<const BlockId> targets, std::span<const Case> cases) {
  SMF_CHECK(is_open());
  terminator.operands = builder_.operands(operands);
  terminator.targets = builder_.numbers(targets);
  terminator.cases = UnitBuilder::add(builder_.unit.cases, cases);
  blocks_[at_].terminator = terminator;
  blocks_[at_].is_open = false;
}

void FunctionDraft::finish(Symbol symbol, std::string_view name, TypeId signature,
                           List parameters) {
  Unit& unit = builder_.unit;
  Function made{.symbol = symbol,
                .name = builder_.string(name),
                .signature = signature,
                .entry = blocks_[0].id,
                .parameters = parameters,
                .locals = UnitBuilder::add(unit.locals, std::span<const Local>(locals_))};
  std::vector<std::size_t> order(blocks_.size());
  for (std::size_t i = 0; i != order.size(); ++i) order[i] = i;
  if (has_gaps_) choice_.shuffle(std::span(order));
  made.blocks.first = UnitBuilder::size_of(unit.blocks);
  for (const std::size_t i : order) {
    const Draft& from = blocks_[i];
    SMF_CHECK(!from.is_open);
    unit.blocks.push_back({.id = from.id,
                           .label = from.label,
                           .instructions = UnitBuilder::add(
                               unit.instructions, std::span<const Instruction>(from.instructions)),
                           .terminator = from.terminator});
  }
  made.blocks = UnitBuilder::since(made.blocks.first, unit.blocks);
  unit.functions.push_back(made);
}

}  // namespace smf::mir
