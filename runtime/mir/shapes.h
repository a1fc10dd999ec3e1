// What each type, and each instruction, has: the same in every form of a Unit.
#pragma once

#include <array>
#include <cstdint>

#include "runtime/mir/unit.h"

namespace smf::mir {

// How many parts a type of this kind has; -1: any number.
constexpr int parts_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::kPtr:
    case TypeKind::kRef:
    case TypeKind::kArray:
    case TypeKind::kSlice:
    case TypeKind::kPromise:
    case TypeKind::kActor:
      return 1;
    case TypeKind::kDict:
    case TypeKind::kResult:
    case TypeKind::kGenerator:
      return 2;
    case TypeKind::kTuple:
    case TypeKind::kUnion:
    case TypeKind::kStruct:
    case TypeKind::kEnum:
    case TypeKind::kFuncPtr:
      return -1;
    default:
      return 0;
  }
}
constexpr bool has_fixed_parts(TypeKind kind) { return parts_of(kind) >= 0; }
constexpr bool may_have_flag(TypeKind kind) {
  return kind == TypeKind::kPtr || kind == TypeKind::kRef || kind == TypeKind::kFuncPtr;
}

// What an instruction has.
struct OpShape {
  bool has_dest;
  bool has_type;
  bool has_number;
  int operands;  // -1: any number
};
inline constexpr std::array<OpShape, kOps> kOpShapes = {{
    {false, false, false, 0},  // kNop
    {true, false, false, 1},   // kConst
    {true, false, false, 1},   // kCopy
    {true, false, false, 1},   // kMove
    {true, false, false, 2},   // kBinary
    {true, false, false, 2},   // kChecked
    {true, false, false, 1},   // kUnary
    {true, true, false, 0},    // kAlloc
    {true, false, false, 1},   // kLoad
    {false, false, false, 2},  // kStore
    {true, false, true, 0},    // kGlobalAddr
    {true, false, false, -1},  // kGetElementPtr
    {true, true, false, -1},   // kAggregate; of an enum also a number
    {true, false, true, 1},    // kGetField
    {false, false, true, 2},   // kSetField
    {true, true, false, 1},    // kCast
    {true, true, false, 1},    // kBitcast
    {true, false, false, -1},  // kCall
    {true, true, false, -1},   // kCallIndirect
    {true, false, true, -1},   // kIntrinsic
    {false, false, true, 1},   // kDebugValue
    {false, false, true, 0},   // kForeign
}};

inline bool has_number(const Unit& unit, OpShape shape, TypeId type) {
  return shape.has_number || (shape.has_type && !shape.has_number && type < unit.types.size() &&
                              shape.operands < 0 && unit.types[type].kind == TypeKind::kEnum);
}

// Whether the source may name no destination.
constexpr bool may_lack_dest(Op op) {
  return op == Op::kCall || op == Op::kCallIndirect || op == Op::kIntrinsic;
}
// Whether the first of any number of operands is always there.
constexpr bool needs_operand(Op op) {
  return op == Op::kGetElementPtr || op == Op::kCall || op == Op::kCallIndirect;
}

constexpr OpShape shape_of(Op op) { return kOpShapes[static_cast<std::size_t>(op)]; }

}  // namespace smf::mir
