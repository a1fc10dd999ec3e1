// For tests: whether the registers that callees preserve hold what they held, at each call and trap
// (exec/unwinding.h) and in the end. x86-64; elsewhere everything is said to be well.
#pragma once

#include <cstdint>

namespace smf::codegen {

// Calls function(argument) with values in the preserved registers that no other code puts there.
// Whether they came back. Exceptions pass.
bool call_with_sentinels(const void* function, void* argument);
// What was found by the functions below since the last reset; whether all was well, rsp included.
void reset_sentinels();
bool sentinels_held();

// For RandomLir, to be named as symbols: they look at the preserved registers and destroy the
// others.
const void* observing_mix();
const void* observing_mix_float();
// A TrapFunction that throws Trapped (native_code.h).
const void* observing_trap();

// What they return.
std::uint64_t mix(std::uint64_t a, std::uint64_t b, double c);
double mix_float(double a, double b, std::uint64_t c);

}  // namespace smf::codegen
