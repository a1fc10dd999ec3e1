// MIR as text: for people, for diffs and for tests.
//
//   fn #1 max<T: ordered>(T, T) -> T entry 0 {
//     local %0 a: T arg 0
//     …
//     block 0:
//       %3 = lt %0, %1
//       if %3 then 1 else 2
//
// docs/mir.md has the grammar. The text says what the JSON says, no more and no less, sense or
// nonsense: text and JSON of a Unit read back as Units whose text and JSON are the same. So the few
// things that the JSON cannot tell apart are one thing here as well: an opaque type with the name
// of a parameter is the parameter, the string "Zero" is zero, and "NaN", "Infinity" and "-Infinity"
// are floats where the type is. Internal indices may differ.
//
// A line holds one thing, so a mistake is found on the line where it was made, and a diff shows
// instructions. Indentation by meaning, and instructions nested in each other, were rejected: both
// read well, and both hide what the blocks hold.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/mir/unit.h"

namespace smf::mir {

// How deep types may be nested in a text: as deep as JSON is read.
inline constexpr int kMaxTextDepth = 500;

// kInvalidInput with the offset and "LINE:COLUMN: expected …, found …", columns in characters;
// kLimit for types nested deeper than kMaxTextDepth, JSON of other back ends deeper than read_json
// takes, and 2^30 of anything; kOutOfMemory, but where memory runs out while JSON of another back
// end is read, the JSON library may end the process.
Result<Unit> read_text(std::string_view text);

// The canonical text: any other with the same meaning reads as a Unit that is written like this.
// Throws std::bad_alloc, and std::length_error above `max_size` bytes, as write_json() does.
std::string write_text(const Unit& unit, std::size_t max_size = kMaxWritten);

// A line about one thing of a unit: `max<T: ordered>(T, T) -> T`, `List<T>`; what is
// longer than a thousand bytes ends in `...`. Throw std::bad_alloc.
std::string heading(const Unit& unit, const Function& function);
std::string heading(const Unit& unit, const Definition& definition);

}  // namespace smf::mir
