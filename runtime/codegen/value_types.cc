#include "runtime/codegen/value_types.h"

namespace smf::codegen {

using mir::TypeId;
using mir::TypeKind;

Result<ValueType> ValueTypes::of(TypeId type) {
  if (const ValueType* const known = find(type)) return *known;
  SMF_ASSIGN(const ValueType computed, compute(type));
  if (type >= types_.size()) types_.resize(type + 1, ValueType{.alignment = 0});
  types_[type] = computed;
  return computed;
}

Result<ValueType> ValueTypes::compute(TypeId id) {
  SMF_ASSIGN(const mir::Layout layout, layouts_.of(id));
  ValueType type{.size = static_cast<std::uint32_t>(layout.size),
                 .alignment = static_cast<std::uint32_t>(layout.alignment)};
  if (layout.size == 0) return type;
  const TypeKind kind = program_.unit().types[id].kind;
  type.leaves.first = static_cast<std::uint32_t>(leaves_.size());
  if (kind <= TypeKind::kChar || mir::is_pointer(kind)) {
    type.shape = Shape::kScalar;
    leaves_.push_back({.kind = kind});
  } else {
    SMF_ASSIGN(const bool is_flat, gather(id, 0));
    if (!is_flat) leaves_.resize(type.leaves.first);
    type.shape = is_flat ? Shape::kParts : Shape::kMemory;
  }
  type.leaves.count = static_cast<std::uint32_t>(leaves_.size()) - type.leaves.first;
  return type;
}

// Appends the scalars of a type; whether they are few, and all that there is.
Result<bool> ValueTypes::gather(TypeId id, std::uint32_t offset) {
  SMF_ASSIGN(const mir::Layout layout, layouts_.of(id));
  if (layout.size == 0) return true;
  if (layout.size > std::uint64_t{kMaxParts} * 8) return false;
  const TypeKind kind = program_.unit().types[id].kind;
  if (kind <= TypeKind::kChar || mir::is_pointer(kind)) {
    leaves_.push_back({.kind = kind, .offset = offset});
    return true;
  }
  if (kind == TypeKind::kArray || mir::has_variants(kind)) return false;
  const std::size_t before = leaves_.size();
  SMF_ASSIGN(const auto fields, this->fields(id));
  for (const mir::FieldLayout& field : fields) {
    SMF_ASSIGN(const bool is_flat,
               gather(field.type, offset + static_cast<std::uint32_t>(field.offset)));
    if (!is_flat || leaves_.size() - before > kMaxParts) return false;
  }
  return true;
}

Result<std::span<const mir::FieldLayout>> ValueTypes::fields(TypeId type, std::uint32_t variant) {
  const std::uint64_t key = std::uint64_t{type} << 32 | variant;
  const auto known = fields_.find(key);
  if (known != fields_.end()) return std::span<const mir::FieldLayout>(known->second);
  SMF_ASSIGN(auto fields, layouts_.fields(type, variant));
  return std::span<const mir::FieldLayout>(fields_.emplace(key, std::move(fields)).first->second);
}

}  // namespace smf::codegen
