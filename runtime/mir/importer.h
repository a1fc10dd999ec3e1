// A function of a Unit becomes one of a Program: types in place of its parameters, numbers that
// begin at 0, callees by name, and operators of types that have none as calls.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/mir/program.h"

namespace smf::mir {

// Thrown by an Importer, caught in Program.
struct NotImported {
  ErrorCode code;
  std::string message;
};

// One at a time: it works with the program's buffers.
class Importer {
 public:
  Importer(Program& program, Program::Source& source);

  // A parameter of the source, by its name there, and the program's type in its place.
  void replace(StringId parameter, TypeId type);

  TypeId type(TypeId id);
  StringId string(StringId id);
  // Adds the function to the program's unit, and what it calls.
  void function(const Function& function, StringId name);

  std::vector<Callee> dependencies{};
  std::map<ConstantId, std::uint32_t> callees{};

 private:
  [[noreturn]] void refuse(std::string message, ErrorCode code = ErrorCode::kInvalidInput) const;
  UnitBuilder& builder() { return program_.builder_; }
  Unit& made() { return program_.builder_.unit; }

  void check_extent(TypeId type) const;
  TypeId import_type(const Type& from);
  LocalId local(LocalId id) const {
    return locals_.empty() && id < local_types_.size() ? id : local_elsewhere(id);
  }
  LocalId local_elsewhere(LocalId id) const;
  BlockId block(BlockId id) const;
  TypeId type_of(Operand operand) const;
  ConstantId constant(ConstantId id, bool is_called);
  ConstantId callee(std::string_view expression, TypeId type);
  Operand operand(Operand operand, bool is_called = false);
  List operands(List list, bool is_call = false);
  TypeId aggregate_type(const Instruction& from, LocalId dest);
  void operation(Instruction& instruction);
  void instruction(const Instruction& from);
  Terminator terminator(const Terminator& from);
  List locals(const Function& function);
  List blocks(const Function& function);

  Program& program_;
  Program::Source& source_;
  const Unit& unit_;
  std::vector<std::pair<StringId, TypeId>>& scope_;
  std::vector<TypeId>& types_;  // of each of the unit's that depends on the scope, or kNone
  std::vector<TypeId>& parts_;  // of the types that are on the way, those of the innermost last
  std::uint32_t depth_ = 0;

  // Of the function.
  std::string_view name_{};
  // Numbers that the source gave, and which in order; empty where they are the same.
  std::map<LocalId, LocalId> locals_{};
  std::map<BlockId, BlockId> blocks_{};
  std::uint32_t block_count_ = 0;
  std::vector<TypeId>& local_types_;
  std::optional<BlockId> at_block_{};
  std::optional<std::size_t> at_instruction_{};
};

}  // namespace smf::mir
