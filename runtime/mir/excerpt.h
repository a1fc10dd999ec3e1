// The part of a Unit that one of its functions or definitions needs: what a module stores of a
// template, so that it can be made without the rest of its file.
//
// That is the function with its types, strings and constants, and the definitions that these types
// and the arguments of its calls name, and those that they name. Functions that it calls are not
// part of it: they are templates or functions of their own, found by name. Numbers stay as they
// are.
#pragma once

#include <cstddef>
#include <span>

#include "runtime/mir/unit.h"

namespace smf::mir {

// Of `unit.functions[index]`. A symbol that the unit does not define is looked for in `types`, in
// their order; one that nobody defines stays a number. Throws std::bad_alloc, std::length_error.
Unit excerpt_of_function(const Unit& unit, std::size_t index, std::span<const Unit> types = {});

// Of `unit.definitions[index]`, which comes first. The same otherwise.
Unit excerpt_of_definition(const Unit& unit, std::size_t index, std::span<const Unit> types = {});

}  // namespace smf::mir
