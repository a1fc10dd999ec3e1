// What compiled code calls: memory, and operations that are rare or that the processor lacks.
#pragma once

#include <string_view>

namespace smf::codegen {

// nullptr without one of that name. Names and signatures, all of the C calling convention:
//   memcpy memmove memset   as C's
//   compare_bytes           int32_t (const void*, const void*, uint64_t): -1, 0 or 1
//   compute_binary          uint64_t (uint64_t left, uint64_t right, uint32_t what, uint32_t*
//   traps):
//                           mir::compute() of a Scalar; `what` is the operator, the TypeKind << 8,
//                           and whether it is checked << 16; *traps becomes 1 where it traps
//   compute_intrinsic       uint64_t (uint64_t, uint64_t, uint64_t, uint32_t what): the same of an
//                           Intrinsic and the TypeKind << 8
const void* runtime_function(std::string_view name);

}  // namespace smf::codegen
