// How values of a type are held while a function runs: in registers, or in memory.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/codegen/lir.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::codegen {

enum class Shape : std::uint8_t {
  kNothing,  // no size
  kScalar,
  kParts,   // a struct, tuple, slice or text of few scalars, each in a register of its own
  kMemory,  // any other
};

// A scalar in a value: of kScalar the only one.
struct Leaf {
  mir::TypeKind kind = mir::TypeKind::kI64;
  std::uint32_t offset = 0;
};

struct ValueType {
  Shape shape = Shape::kNothing;
  std::uint32_t size = 0;
  std::uint32_t alignment = 1;
  List leaves{};  // of kScalar and kParts
};

// ---- Scalars ----

constexpr Bank bank_of(mir::TypeKind kind) {
  return mir::is_float(kind) ? Bank::kVector : Bank::kGeneral;
}
// In memory.
constexpr Width memory_width(mir::TypeKind kind) {
  using enum mir::TypeKind;
  switch (kind) {
    case kI8:
    case kU8:
    case kBool:
      return Width::k8;
    case kI16:
    case kU16:
    case kChar:
      return Width::k16;
    case kI32:
    case kU32:
    case kF32:
      return Width::k32;
    default:
      return Width::k64;
  }
}
// In a register.
constexpr Width held_width(mir::TypeKind kind) {
  return memory_width(kind) == Width::k64 ? Width::k64 : Width::k32;
}
constexpr bool is_narrow(mir::TypeKind kind) { return memory_width(kind) < Width::k32; }

// Knows each type once it was asked for. Not thread-safe.
class ValueTypes {
 public:
  static constexpr std::uint32_t kMaxParts = 4;

  ValueTypes(mir::Program& program, mir::Layouts& layouts) : program_(program), layouts_(layouts) {}

  // Errors as those of Layouts.
  Result<ValueType> of(mir::TypeId type);
  // nullptr for one that nobody asked for yet.
  const ValueType* find(mir::TypeId type) const {
    return type < types_.size() && types_[type].alignment != 0 ? &types_[type] : nullptr;
  }
  std::span<const Leaf> leaves(const ValueType& type) const {
    return std::span(leaves_).subspan(type.leaves.first, type.leaves.count);
  }
  // Of a struct, tuple, slice, text or variant.
  Result<std::span<const mir::FieldLayout>> fields(mir::TypeId type, std::uint32_t variant = 0);

 private:
  Result<ValueType> compute(mir::TypeId type);
  Result<bool> gather(mir::TypeId type, std::uint32_t offset);

  mir::Program& program_;
  mir::Layouts& layouts_;
  std::vector<ValueType> types_{};  // of each type; of alignment 0 what nobody asked for yet
  std::vector<Leaf> leaves_{};
  std::map<std::uint64_t, std::vector<mir::FieldLayout>> fields_{};
};

}  // namespace smf::codegen
