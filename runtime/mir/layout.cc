#include "runtime/mir/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/base/bytes.h"

namespace smf::mir {
namespace {

constexpr std::uint64_t kTagSize = 4;

}  // namespace

std::uint32_t Layouts::variants(TypeId id) const {
  const Type& type = program_.unit().types[id];
  if (type.kind == TypeKind::kResult) return 2;
  return program_.unit().definitions[type.number].parts.count;
}

Result<Layout> Layouts::of(TypeId type) {
  if (type >= known_.size())
    known_.resize(std::max(type + 1, static_cast<TypeId>(program_.unit().types.size())),
                  Layout{.alignment = kUnknown});
  const Layout known = known_[type];
  if (known.alignment == kBeingComputed) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} contains itself without a pointer", program_.name_of(type)));
  }
  if (known.alignment != kUnknown) return known;
  known_[type].alignment = kBeingComputed;
  Result<Layout> computed =
      nesting_ < Program::kMaxTypeDepth
          ? compute(type)
          : fail(ErrorCode::kLimit, fmt::format("{} is part of structs nested deeper than {}",
                                                program_.name_of(type), Program::kMaxTypeDepth));
  if (computed && computed->size > kMaxSize) {
    computed = fail(ErrorCode::kLimit,
                    fmt::format("{} is larger than {} bytes", program_.name_of(type), kMaxSize));
  }
  known_[type] = computed ? *computed : Layout{.alignment = kUnknown};
  return computed;
}

Result<Layout> Layouts::compute(TypeId id) {
  const Nested nested(nesting_);
  const Type type = program_.unit().types[id];
  switch (type.kind) {
    case TypeKind::kI8:
    case TypeKind::kU8:
    case TypeKind::kBool:
      return Layout{1, 1};
    case TypeKind::kI16:
    case TypeKind::kU16:
    case TypeKind::kChar:
      return Layout{2, 2};
    case TypeKind::kI32:
    case TypeKind::kU32:
    case TypeKind::kF32:
      return Layout{4, 4};
    case TypeKind::kI64:
    case TypeKind::kU64:
    case TypeKind::kF64:
    case TypeKind::kPtr:
    case TypeKind::kRef:
    case TypeKind::kFuncPtr:
      return Layout{8, 8};
    case TypeKind::kUnit:
    case TypeKind::kNever:
      return Layout{0, 1};
    case TypeKind::kArray: {
      SMF_ASSIGN(const Layout element, of(program_.unit().parts(type)[0]));
      // Of nothing there may be any number.
      if (element.size != 0 && type.number > kMaxSize / element.size)
        return Layout{kMaxSize + 1, element.alignment};
      return Layout{element.size * type.number, element.alignment};
    }
    case TypeKind::kSlice:
    case TypeKind::kTuple:
    case TypeKind::kStruct:
      return lay_out(id, 0, nullptr);
    case TypeKind::kOpaque:
      if (program_.unit().string(type.name) == "text") return lay_out(id, 0, nullptr);
      break;
    case TypeKind::kEnum:
    case TypeKind::kResult:
      return of_enum(id);
    default:
      break;
  }
  return fail(ErrorCode::kUnsupported, fmt::format("{} has no size", program_.name_of(id)));
}

Result<Layout> Layouts::lay_out(TypeId type, std::uint32_t variant,
                                std::vector<FieldLayout>* fields) {
  SMF_ASSIGN(const std::vector<TypeId> types, program_.fields(type, variant));
  Layout sum;
  for (const TypeId field : types) {
    SMF_ASSIGN(const Layout layout, of(field));
    sum.size = align_up(sum.size, layout.alignment);
    if (fields != nullptr) fields->push_back({.type = field, .offset = sum.size});
    sum.size += layout.size;
    sum.alignment = std::max(sum.alignment, layout.alignment);
    if (sum.size > kMaxSize) break;
  }
  sum.size = align_up(sum.size, sum.alignment);
  return sum;
}

Result<Layout> Layouts::of_enum(TypeId type) {
  Layout payload;
  for (std::uint32_t variant = 0; variant != variants(type); ++variant) {
    SMF_ASSIGN(const Layout one, lay_out(type, variant, nullptr));
    payload.size = std::max(payload.size, one.size);
    payload.alignment = std::max(payload.alignment, one.alignment);
  }
  const std::uint64_t alignment = std::max(payload.alignment, kTagSize);
  return Layout{.size = align_up(align_up(kTagSize, payload.alignment) + payload.size, alignment),
                .alignment = alignment};
}

Result<std::vector<FieldLayout>> Layouts::fields(TypeId id, std::uint32_t variant) {
  std::vector<FieldLayout> fields;
  SMF_TRY(of(id));
  SMF_TRY(lay_out(id, variant, &fields));
  if (!has_variants(program_.unit().types[id].kind)) return fields;
  // The union begins behind the tag, where the strictest of its variants may.
  std::uint64_t alignment = 1;
  for (std::uint32_t other = 0; other != variants(id); ++other) {
    SMF_ASSIGN(const Layout one, lay_out(id, other, nullptr));
    alignment = std::max(alignment, one.alignment);
  }
  for (FieldLayout& field : fields) field.offset += align_up(kTagSize, alignment);
  return fields;
}

}  // namespace smf::mir
