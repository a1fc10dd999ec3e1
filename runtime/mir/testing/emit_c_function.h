// One function as C.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/mir/program.h"
#include "runtime/mir/testing/emit_c_types.h"

namespace smf::mir {

// Thrown within these files only.
struct NoC {
  std::string message;
};

// What the functions of a program share: what stands in front of them.
class CDeclarations {
 public:
  CDeclarations(Program& program, Layouts& layouts, std::string_view prefix)
      : program(program), types(program, layouts, prefix), prefix(prefix) {}

  std::string function_name(FunctionId id) const;
  // `static uint8_t s7_f3(int8_t a0)`.
  std::string head(std::string_view name, TypeId signature);
  // The bytes of a text.
  std::string text(StringId id);
  std::string global(Symbol symbol);
  std::string native(const std::string& mangled_name);
  // A C function of that signature that calls one of the embedder's.
  std::string native_call(const std::string& mangled_name, TypeId signature);

  Program& program;
  CTypes types;
  const std::string prefix;
  std::string code{};    // texts, globals, pointers to natives
  std::string thunks{};  // native_call's
  std::vector<std::string> natives{};
  std::set<Symbol> globals{};

 private:
  std::set<StringId> texts_{};
  std::map<std::pair<std::string, TypeId>, std::string> thunk_names_{};
};

class CFunction {
 public:
  CFunction(CDeclarations& declarations, FunctionId id);
  std::string write();
  // PREFIXf<ID>_call.
  std::string wrapper();

 private:
  const Unit& unit() const { return program_.unit(); }
  TypeKind kind(TypeId type) const { return unit().types[type].kind; }
  TypeId part(TypeId type) const { return unit().parts(type)[0]; }
  TypeId type_of(Operand operand) const;
  TypeId type_of(LocalId local) const { return unit().locals[function_.locals.first + local].type; }
  std::vector<TypeId> signature_parts(TypeId signature) const;

  template <typename... Arguments>
  void line(std::string_view format, const Arguments&... arguments);
  void set(LocalId dest, std::string_view expression);
  void stop(std::string_view kind);

  // ---- Operands ----

  std::string value(Operand operand);
  // As operations take it: a Bool 0 or 1, an address a number.
  std::string number(Operand operand);
  std::string index(Operand operand) { return "(uint64_t)" + number(operand); }
  std::string constant(ConstantId id);
  std::string function_address(ConstantId id, TypeId signature);

  // ---- Instructions (emit_c_operations.cc: those of scalars) ----

  void instruction(std::uint32_t index);
  void binary(const Instruction& made, std::span<const Operand> operands);
  std::string unary(UnaryOp op, Operand operand);
  std::string cast(Operand operand, TypeId to);
  std::string scalar_intrinsic(std::size_t which, std::span<const Operand> operands);
  void element(LocalId dest, std::span<const Operand> operands);
  void aggregate(const Instruction& made, std::span<const Operand> operands);
  std::string field(Operand base, std::uint32_t number);
  void intrinsic(const Instruction& made, std::span<const Operand> operands);
  void call(LocalId dest, std::span<const Operand> operands);
  void call_address(LocalId dest, TypeId signature, std::span<const Operand> operands);
  // Of what is called with these and has no type, or any number of arguments.
  TypeId actual_signature(TypeId result, std::span<const Operand> operands);
  void call_as(LocalId dest, TypeId result, const std::string& callee,
               std::span<const Operand> operands);
  void terminator(const Terminator& made);

  CDeclarations& declarations_;
  CTypes& types_;
  Program& program_;
  const FunctionId id_;
  const Function function_;
  std::string at_{};  // function and block, as arguments
  std::string slots_{};
  std::string body_{};
};

}  // namespace smf::mir
