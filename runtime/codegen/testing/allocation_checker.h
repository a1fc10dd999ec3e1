// For tests: whether an allocation keeps what is alive, found out in a way of its own.
#pragma once

#include <string>

#include "runtime/codegen/allocation.h"
#include "runtime/codegen/lir.h"
#include "runtime/codegen/target.h"

namespace smf::codegen {

// The first thing that is wrong; empty without one.
std::string check_allocation(const Function& function, const Target& target,
                             const Allocation& allocation);

}  // namespace smf::codegen
