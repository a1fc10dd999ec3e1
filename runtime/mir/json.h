// MIR as the compiler prints it: JSON.
//
//   FUNCTION                                     one function
//   {"name": "m", "functions": [FUNCTION…],      a module; `types` (ours) defines the structs and
//    "types": [DEFINITION…]}                     enums whose symbols the functions name
//   [DEFINITION…] or {"types": [DEFINITION…]}    definitions alone
//
// docs/mir.md has each object. A member that is not known is an error: what it means would be lost.
// An instruction or a terminator that is not known belongs to another back end and is kept as it
// is. {"Opaque": "T"} is the parameter T where the function or definition has one of that name.
//
// What is written is what the compiler would print, on one line and in its order of members, with
// what is ours only where it says something: a module without definitions has no "types".
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/unit.h"

namespace smf::mir {

// Names of parameters by the name of what has them, for printers that leave `generic_params` out.
using GenericParameters = std::map<std::string, std::vector<std::string>, std::less<>>;

// `given` counts where the JSON names none. kInvalidInput: "LINE:COLUMN: not JSON: …", or a message
// that names the function, block and instruction. kLimit: nested deeper than 500 levels, more than
// 2^30 of anything. kOutOfMemory; but where memory ends while the JSON library frees its tree, the
// process does too.
Result<Unit> read_json(std::string_view text, const GenericParameters& given = {});

// One function that is alone and has no definitions is written as such, all else as a module.
// Throws std::bad_alloc, and std::length_error above `max_size` bytes: a stored body of a few bytes
// can name one long type any number of times.
std::string write_json(const Unit& unit, std::size_t max_size = kMaxWritten);

}  // namespace smf::mir
