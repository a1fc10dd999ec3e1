#include "runtime/mir/unit_builder.h"

#include <stdexcept>
#include <string>

namespace smf::mir {

UnitBuilder::UnitBuilder() {
  for (std::uint32_t kind = 0; kind != kPrimitives; ++kind) type(static_cast<TypeKind>(kind));
}

void UnitBuilder::check_size(std::size_t size) {
  if (size >= Operand::kMaxIndex) throw std::length_error("2^30 things in a unit");
}

StringId UnitBuilder::string(std::string_view text) {
  if (const auto found = strings_.find(text); found != strings_.end()) return found->second;
  const StringId id = size_of(unit.string_ends);
  check_size(unit.text.size() + text.size());
  strings_.emplace(text, id);
  unit.text.insert(unit.text.end(), text.begin(), text.end());
  unit.string_ends.push_back(static_cast<std::uint32_t>(unit.text.size()));
  return id;
}

TypeId UnitBuilder::type(TypeKind kind, std::span<const std::uint32_t> parts, bool flag,
                         std::uint64_t number, StringId name) {
  key_ = {static_cast<std::uint64_t>(kind), flag ? 1u : 0u, number, name};
  key_.insert(key_.end(), parts.begin(), parts.end());
  if (const auto known = types_.find(key_); known != types_.end()) return known->second;
  const TypeId id = size_of(unit.types);
  types_.emplace(key_, id);
  unit.types.push_back(
      {.kind = kind, .flag = flag, .name = name, .number = number, .parts = numbers(parts)});
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
