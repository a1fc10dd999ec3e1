// Whether each local is defined before it is used.
//
// Forward, over the blocks that can be reached: what is defined at a block's beginning is what is
// defined at the end of all that lead to it (a bit a local; Aho et al., Compilers, 9.2). Blocks
// that nothing leads to are not run, and not looked at.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/mir/unit.h"

namespace smf::mir {

struct Undefined {
  LocalId local = 0;
  std::uint32_t block = 0;
  std::uint32_t instruction = kNone;  // kNone: the terminator
};

// The first use of a local that may not be defined, in the order of blocks. Of a function whose
// locals and blocks are numbered as a Program does.
std::optional<Undefined> find_undefined(const Unit& unit, const Function& function);

}  // namespace smf::mir
