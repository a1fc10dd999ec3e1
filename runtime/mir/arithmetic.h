// What operators compute, on any processor (docs/mir.md, Meaning).
//
// A scalar is 64 bits: an integer extended as its type is signed or not, a Bool 0 or 1, a float in
// the low bits as it is stored, an address. What has no value traps, with a message.
#pragma once

#include <cstdint>
#include <expected>

#include "runtime/mir/unit.h"
#include "runtime/mir/verify.h"

namespace smf::mir {

using Scalar = std::uint64_t;
using Computed = std::expected<Scalar, const char*>;  // or why it traps

// Of 1, 2, 4 or 8 bytes.
unsigned width_of(TypeKind kind);  // bits
// Extended from the low bits, as `kind` is signed or not.
Scalar normalize(TypeKind kind, Scalar value);

// Operands of `kind` (of a shift the right one is an integer, extended); not kOffset.
Computed compute(BinaryOp op, TypeKind kind, Scalar left, Scalar right, bool is_checked);
Scalar compute(UnaryOp op, TypeKind kind, Scalar value);
Scalar convert(TypeKind from, TypeKind to, Scalar value);
// Those of scalars: kSqrt to kRotr.
Scalar compute(Intrinsic intrinsic, TypeKind kind, const Scalar* arguments);

}  // namespace smf::mir
