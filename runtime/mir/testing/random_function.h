// Functions at random that verify, end, and compute something: what interpreters, compilers and the
// forms of MIR are tested with.
//
// A unit has a few functions and definitions, in the general form that readers give. Its first
// function, `f0`, takes and returns plain values (no addresses) and is to be called from outside;
// it calls the others. Every operation, type and width of MIR comes up within some hundred seeds.
// A run takes at most some ten thousand steps and mostly returns; what traps does so by itself
// (division, overflow, another variant, Abort, Unreachable), never for memory, limits or things
// that are not there.
//
// What a function returns, and what it leaves in the global, depends on its arguments alone: not
// on addresses, on bytes that nobody has written, or on what docs/mir.md leaves open (the bits of a
// NaN, which of two zeros of either sign is the lesser). A NaN itself can be in the result.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/mir/unit.h"

namespace smf::mir {

// What whoever runs it has to provide: a U64, which functions read and write, and a function.
inline constexpr Symbol kRandomGlobal = 4242;
inline constexpr std::string_view kRandomNative = "native";  // fn(u64, i16) -> u64

struct RandomFunctionOptions {
  int max_callees = 4;
  int statements = 24;  // of f0; of others a third
};

Unit random_function(std::uint64_t seed, const RandomFunctionOptions& options = {});

}  // namespace smf::mir
