// What of a type argument code depends on: its layout, and how it is passed and computed with.
//
// A template knows nothing of a parameter's type but that it is one. So of two arguments that are
// laid out alike, and of the same kind, it makes the same code, as long as it calls nothing whose
// name depends on them. A shape is that layout as a text: primitives by name, structs and tuples by
// their fields, enums by their variants', all addresses alike.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/mir/program.h"

namespace smf::internal {

inline constexpr std::size_t kMaxShape = 4'000;

// nullopt where it would be longer than kMaxShape, or a type has no layout.
std::optional<std::string> shape_of(mir::Program& program, std::span<const mir::TypeId> types);

// Of the types of a function's locals, one that contains itself by value: the names along the
// circle, the last the first again; empty without one.
std::vector<std::string> find_endless_type(mir::Program& program, mir::FunctionId function);

}  // namespace smf::internal
