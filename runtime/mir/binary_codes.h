// What the binary form's writer and reader have to agree on. docs/mir.md explains it.
#pragma once

#include <cstdint>

#include "runtime/mir/shapes.h"
#include "runtime/mir/unit.h"

namespace smf::mir {

inline constexpr unsigned kTypeFlag = 0x80;
inline constexpr unsigned kValueKinds = 7;
inline constexpr unsigned kConstraints = 3;
inline constexpr unsigned kLocalNamed = 4, kLocalNumbered = 8, kLocalArgument = 16;
inline constexpr unsigned kBlockNumbered = 1, kBlockLabelled = 2;
inline constexpr unsigned kEndFlag = 0x80;
// As deep as JSON may be.
inline constexpr unsigned kMaxTypeDepth = 500;

enum class TypeShape : std::uint8_t { kFixed, kList, kSymbol, kArray, kNamed, kSignature };

constexpr TypeShape shape_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::kOpaque:
    case TypeKind::kParameter:
      return TypeShape::kNamed;
    case TypeKind::kStruct:
    case TypeKind::kEnum:
      return TypeShape::kSymbol;
    case TypeKind::kArray:
      return TypeShape::kArray;
    case TypeKind::kFuncPtr:
      return TypeShape::kSignature;
    case TypeKind::kTuple:
    case TypeKind::kUnion:
      return TypeShape::kList;
    default:
      return TypeShape::kFixed;
  }
}

// An instruction's first byte: bit 7 says that its destination is the local after the last one;
// under it 0 to 31 are operations, 32 and 64 and 96 begin those of kBinary, kChecked and kUnary.
inline constexpr unsigned kNextDest = 0x80;
inline constexpr unsigned kBinaryCodes = 32, kCheckedCodes = 64, kUnaryCodes = 96;
inline constexpr unsigned kMutableGlobal = 31;

constexpr unsigned code_of(Op op, std::uint8_t detail) {
  switch (op) {
    case Op::kBinary:
      return kBinaryCodes + detail;
    case Op::kChecked:
      return kCheckedCodes + detail;
    case Op::kUnary:
      return kUnaryCodes + detail;
    case Op::kGlobalAddr:
      return detail != 0 ? kMutableGlobal : static_cast<unsigned>(op);
    default:
      return static_cast<unsigned>(op);
  }
}

}  // namespace smf::mir
