// A function of a Unit while it is written: blocks in any order, each open until it ends.
//
// The numbers of locals and blocks go up, with gaps in some functions, and the blocks are stored in
// some order: readers and Program have to cope with both.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/mir/testing/random_choice.h"
#include "runtime/mir/unit.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {

class FunctionDraft {
 public:
  FunctionDraft(RandomChoice& choice, UnitBuilder& builder);

  LocalId local(TypeId type, LocalKind kind = LocalKind::kTemp, std::uint32_t argument = 0);
  TypeId type_of(LocalId local) const { return types_[local]; }
  TypeId type_of(Operand operand) const {
    return operand.is_local() ? type_of(LocalId(operand.index))
                              : builder_.unit.constants[operand.index].type;
  }

  // Where what is emitted goes. The first block is there from the start, and entered.
  BlockId block();
  void enter(BlockId block);
  bool is_open() const { return blocks_[at_].is_open; }

  void emit(Instruction instruction, std::span<const Operand> operands);
  void emit(Instruction instruction, std::initializer_list<Operand> operands) {
    emit(instruction, std::span(operands.begin(), operands.size()));
  }
  // The end of the block in which it is.
  void go_to(BlockId target) { end({.end = End::kGoto}, {}, {{target}}); }
  void branch(Operand condition, BlockId then, BlockId otherwise) {
    end({.end = End::kIf}, {{condition}}, {{then, otherwise}});
  }
  void end(Terminator terminator, std::span<const Operand> operands = {},
           std::span<const BlockId> targets = {}, std::span<const Case> cases = {});

  // Appends it to the unit. `parameters` are of a template.
  void finish(Symbol symbol, std::string_view name, TypeId signature, List parameters = {});

 private:
  struct Draft {
    BlockId id = 0;
    StringId label = kNone;
    bool is_open = true;
    std::vector<Instruction> instructions{};
    Terminator terminator{};
  };
  std::uint32_t gap();

  RandomChoice& choice_;
  UnitBuilder& builder_;
  const bool has_gaps_;
  std::vector<Local> locals_{};
  std::vector<TypeId> types_{};  // by number
  std::vector<Draft> blocks_{};
  std::vector<std::size_t> places_{};  // by number
  std::size_t at_ = 0;
};

}  // namespace smf::mir
