#include "runtime/mir/unit_builder.h"

#include <algorithm>
#include <stdexcept>

namespace smf::mir {

UnitBuilder::UnitBuilder() {
  for (std::uint32_t kind = 0; kind != kPrimitives; ++kind) type(static_cast<TypeKind>(kind));
}

void UnitBuilder::refuse_size() { throw std::length_error("2^30 things in a unit"); }

StringId UnitBuilder::string(std::string_view text) {
  const IdTable::Hash hash = IdTable::Hash(strings_).add(text);
  const StringId known =
      strings_.find(hash, [&](StringId other) { return unit.string(other) == text; });
  if (known != IdTable::kNotThere) return known;
  const StringId id = size_of(unit.string_ends);
  check_size(unit.text.size() + text.size());
  unit.text.insert(unit.text.end(), text.begin(), text.end());
  unit.string_ends.push_back(static_cast<std::uint32_t>(unit.text.size()));
  strings_.add(hash, id);
  return id;
}

TypeId UnitBuilder::type(TypeKind kind, std::span<const std::uint32_t> parts, bool flag,
                         std::uint64_t number, StringId name) {
  const auto kind_and_flag = static_cast<std::uint64_t>(kind) << 1 | (flag ? 1 : 0);
  const IdTable::Hash hash =
      IdTable::Hash(types_).add(kind_and_flag << 32 | name).add(number).add(parts);
  const TypeId known = types_.find(hash, [&](TypeId other) {
    const Type& type = unit.types[other];
    return type.kind == kind && type.flag == flag && type.number == number && type.name == name &&
           std::ranges::equal(unit.parts(type), parts);
  });
  if (known != IdTable::kNotThere) return known;
  const TypeId id = size_of(unit.types);
  unit.types.push_back(
      {.kind = kind, .flag = flag, .name = name, .number = number, .parts = numbers(parts)});
  types_.add(hash, id);
  return id;
}

std::size_t UnitBuilder::ConstantHash::operator()(const Constant& constant) const {
  return (constant.bits ^ constant.bits >> 32) * 0x9e3779b97f4a7c15u +
         constant.type * std::uint64_t{31} + static_cast<unsigned>(constant.kind);
}

ConstantId UnitBuilder::constant(const Constant& constant) {
  const auto [found, is_new] = constants_.try_emplace(constant, size_of(unit.constants));
  if (is_new) unit.constants.push_back(constant);
  return found->second;
}

}  // namespace smf::mir
