// Types as notes and callers spell them: `i64`, `List<List<i64>>`, `mut*u8`.
//
//   i8 … u64 f32 f64 bool char text nil never    Int, String and other names as in note/names.h
//   List<T>  Result<T,E>                         a struct or enum by its name; the built-in one
//   *T mut*T &T mut&T                            pointers and references
//   [T] [T;4] (A,B) (A,) ()                      slices, arrays, tuples
//   fn(A,B)->R  fn(A,...)                        functions
//
// Blanks are allowed between words; what is written has none, so that a name is one word of a note.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {

// What a word means that is no type by itself: a parameter or a definition (of which all but `type`
// are set), or nothing.
struct NamedType {
  TypeId type = kNone;
  TypeKind kind = TypeKind::kUnit;
  Symbol symbol = kNone;
  std::uint32_t parameters = 0;  // as many arguments it has to be given
};
using FindType = std::function<NamedType(std::string_view name)>;

// kInvalidInput with the place in the expression, kLimit where it is nested deeper than 100.
Result<TypeId> parse_type(std::string_view expression, UnitBuilder& builder, const FindType& find);

// `max<T>` is `max` and one argument; what has none is a name.
struct CalleeExpression {
  std::string_view name{};
  std::vector<std::string_view> arguments{};
};
CalleeExpression split_callee(std::string_view expression);

// Parameters by their name, a struct or an enum by that of its definition or, without one, as
// `struct#5`.
std::string spell_type(const Unit& unit, TypeId type);

}  // namespace smf::mir
