// The types of a Program as C types, defined when they are asked for.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::mir {

class CTypes {
 public:
  CTypes(Program& program, Layouts& layouts, std::string_view prefix)
      : program_(program), layouts_(layouts), prefix_(prefix) {}

  // `int8_t`, `smf_address`, `s7_t12`. Of kNone: `void`.
  std::string name(TypeId type);
  // A pointer to a function of that signature, as a cast has it: `int8_t (*)(int8_t)`.
  std::string function_pointer(TypeId signature);
  // Where a field is: `f1`, of a variant `u.v0.f1`.
  std::string field(TypeId type, std::uint32_t number, std::uint32_t variant = 0) const;
  // `i8`: of what operations are named by. A Bool is u8, a Char u16, an address u64.
  std::string_view suffix(TypeId type) const;

  // What has been defined.
  const std::string& code() const { return code_; }

 private:
  TypeKind kind(TypeId type) const { return program_.unit().types[type].kind; }
  void define(TypeId type);
  std::string fields(TypeId type, std::uint32_t variant);
  std::string parts(TypeId type);
  void check(TypeId type);
  std::uint32_t variants(TypeId type) const;

  Program& program_;
  Layouts& layouts_;
  const std::string prefix_;
  std::set<TypeId> defined_{};
  std::string code_{};
};

}  // namespace smf::mir
