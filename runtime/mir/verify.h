// Whether a function makes sense: what is true of everything that is interpreted or compiled.
//
// A Program has seen to it that locals, blocks and types are there (program.h). This adds
//   * every local is defined before it is used, on every path from the entry;
//   * operands and results have the types that the operation asks for (docs/mir.md, Meaning);
//   * constants fit their types, fields and variants are there, cases of a switch are different;
//   * what is stored somewhere has a size.
// Of a function in its general form (Program::check) the same, as far as it can be told: about a
// value whose type is a parameter only that type is known, and operators take it on both sides.
// What that leaves open of the functions made of it is in demands.h.
//
// The time is linear in the instructions, but for the first of these: blocks times locals / 64.
#pragma once

#include "runtime/base/error.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::mir {

// kInvalidInput: "function 'f', block 0, instruction 3: …". kUnsupported, kLimit from layouts.
// kOutOfMemory.
Result<void> verify(Program& program, Layouts& layouts, FunctionId function);

// ---- What verified code may rely on ----

enum class Intrinsic : std::uint8_t {
  kSizeOf,
  kAlignOf,
  kMemcpy,
  kMemmove,
  kMemset,
  kMemcmp,
  kSqrt,
  kAbs,
  kMin,
  kMax,
  kFloor,
  kCeil,
  kTrunc,
  kFma,
  kPopcount,
  kClz,
  kCtz,
  kBswap,
  kRotl,
  kRotr,
  kEnumTag,
  kEnumField,
};
inline constexpr std::size_t kIntrinsics = 22;
extern const std::array<std::string_view, kIntrinsics> kIntrinsicNames;
// kIntrinsics without one of that name.
std::size_t find_intrinsic(std::string_view name);

// The value of an integer constant that is an index of a field.
std::optional<std::uint64_t> constant_index(const Unit& unit, Operand operand);

}  // namespace smf::mir
