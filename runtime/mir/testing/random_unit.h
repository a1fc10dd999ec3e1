// Units at random, for property tests: sense or nonsense, but what JSON can say.
//
// What JSON cannot tell apart is not made: an opaque type of a parameter's name, a string "Zero" or
// a float's "NaN" that would read as another value, NaN with other bits than the usual ones.
#pragma once

#include <cstdint>

#include "runtime/mir/unit.h"

namespace smf::mir {

struct RandomUnitOptions {
  int max_functions = 3;
  int max_blocks = 4;
  int max_instructions = 8;  // of a block
  int type_depth = 3;
};

Unit random_unit(std::uint64_t seed, const RandomUnitOptions& options = {});

}  // namespace smf::mir
