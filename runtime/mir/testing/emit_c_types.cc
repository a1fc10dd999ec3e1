#include "runtime/mir/testing/emit_c_types.h"

#include <fmt/format.h>

#include <array>
#include <vector>

namespace smf::mir {
namespace {

struct Scalar {
  std::string_view name;
  std::string_view suffix;
};
// Of the primitive types, in their order.
constexpr std::array<Scalar, kPrimitives> kScalars = {{
    {"int8_t", "i8"},
    {"int16_t", "i16"},
    {"int32_t", "i32"},
    {"int64_t", "i64"},
    {"uint8_t", "u8"},
    {"uint16_t", "u16"},
    {"uint32_t", "u32"},
    {"uint64_t", "u64"},
    {"float", "f32"},
    {"double", "f64"},
    {"smf_bool", "u8"},
    {"uint16_t", "u16"},
    {"smf_unit", ""},
    {"smf_unit", ""},
}};

}  // namespace

std::string CTypes::name(TypeId type) {
  if (type == kNone) return "void";
  if (type < kPrimitives) return std::string(kScalars[type].name);
  if (is_pointer(kind(type))) return "smf_address";
  define(type);
  return fmt::format("{}t{}", prefix_, type);
}

std::string_view CTypes::suffix(TypeId type) const {
  return type < kPrimitives ? kScalars[type].suffix : "u64";
}

std::string CTypes::function_pointer(TypeId signature) {
  const auto given = program_.unit().parts(signature);
  const std::vector<TypeId> parts(given.begin(), given.end());
  std::string pointer = name(parts[0]) + " (*)(";
  for (std::size_t i = 1; i != parts.size(); ++i) pointer += (i == 1 ? "" : ", ") + name(parts[i]);
  return pointer + (parts.size() == 1 ? "void)" : ")");
}

std::uint32_t CTypes::variants(TypeId type) const {
  const Type& of = program_.unit().types[type];
  return of.kind == TypeKind::kResult ? 2 : program_.unit().definitions[of.number].parts.count;
}

std::string CTypes::field(TypeId type, std::uint32_t number, std::uint32_t variant) const {
  return has_variants(kind(type)) ? fmt::format("u.v{}.f{}", variant, number)
                                  : fmt::format("f{}", number);
}

std::string CTypes::fields(TypeId type, std::uint32_t variant) {
  const std::vector<TypeId> types = *program_.fields(type, variant);
  std::string all;
  for (std::size_t i = 0; i != types.size(); ++i) all += fmt::format(" {} f{};", name(types[i]), i);
  return all;
}

std::string CTypes::parts(TypeId type) {
  const Type of = program_.unit().types[type];
  if (of.kind == TypeKind::kArray)
    return fmt::format(" {} e[{}];", name(program_.unit().parts(of)[0]), of.number);
  if (of.kind != TypeKind::kEnum && of.kind != TypeKind::kResult) return fields(type, 0);
  std::string all = " uint32_t tag; union {";
  for (std::uint32_t i = 0; i != variants(type); ++i)
    all += fmt::format(" struct {{{} }} v{};", fields(type, i), i);
  return all + " } u;";
}

void CTypes::define(TypeId type) {
  if (!defined_.insert(type).second) return;
  // Those of its parts go first.
  const std::string inside = parts(type);
  code_ += fmt::format("typedef struct {{{} }} {}t{};\n", inside, prefix_, type);
  check(type);
}

void CTypes::check(TypeId type) {
  const std::string name = fmt::format("{}t{}", prefix_, type);
  const Layout whole = *layouts_.of(type);
  code_ += fmt::format("_Static_assert(sizeof({0}) == {1} && _Alignof({0}) == {2}", name,
                       whole.size, whole.alignment);
  const TypeKind of = kind(type);
  const std::uint32_t count = of == TypeKind::kArray ? 0 : has_variants(of) ? variants(type) : 1;
  for (std::uint32_t variant = 0; variant != count; ++variant) {
    const std::vector<FieldLayout> fields = *layouts_.fields(type, variant);
    for (std::uint32_t i = 0; i != fields.size(); ++i)
      code_ += fmt::format(" && offsetof({}, {}) == {}", name, field(type, i, variant),
                           fields[i].offset);
  }
  code_ += ", \"layout\");\n";
}

}  // namespace smf::mir
