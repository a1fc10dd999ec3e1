#include "runtime/mir/testing/random_types.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace smf::mir {
namespace {

constexpr std::uint64_t kMaxWeight = 6;

constexpr std::array kIntegers = {TypeKind::kI8,  TypeKind::kI16, TypeKind::kI32,
                                  TypeKind::kI64, TypeKind::kU8,  TypeKind::kU16,
                                  TypeKind::kU32, TypeKind::kU64, TypeKind::kChar};

}  // namespace

// ---- Definitions ----

Symbol RandomTypes::symbol() {
  while (true) {
    const Symbol symbol = choice_.chance(8) ? choice_.small(kNone) : choice_.small(1000);
    if (std::ranges::find(symbols_, symbol) != symbols_.end()) continue;
    symbols_.push_back(symbol);
    return symbol;
  }
}

void RandomTypes::define() {
  define_node();
  const Symbol option = option_ = symbol();
  std::vector<TypeId> types;
  const List of_option = parameters(1, types);
  const Field field{.name = kNone, .type = types[0]};
  const std::array<Variant, 2> variants{
      Variant{.name = builder_.string("None"), .fields = {}},
      Variant{.name = builder_.string("Some"),
              .fields = UnitBuilder::add(builder_.unit.fields, std::span(&field, 1))}};
  builder_.unit.definitions.push_back(
      {.symbol = option,
       .name = builder_.string("Option"),
       .is_enum = true,
       .parameters = of_option,
       .parts = UnitBuilder::add(builder_.unit.variants, std::span<const Variant>(variants))});
  define_struct("S0", 0);
  first_struct_ =
      builder_.type(TypeKind::kStruct, {}, false, builder_.unit.definitions.back().symbol);
  define_enum("E0", 0);
  if (choice_.chance(2)) define_struct("Pair", 2);
  if (choice_.chance(2)) define_enum("Either", 2);
  if (choice_.chance(2)) define_struct("Box", 1);
  if (choice_.chance(3)) define_enum("E1", 1);
}

void RandomTypes::define_node() {
  node_ = symbol();
  const std::array<Field, 2> fields{
      Field{.name = builder_.string("value"), .type = primitive(TypeKind::kU64)},
      Field{.name = builder_.string("next"), .type = pointer(TypeKind::kPtr, node(), true)}};
  builder_.unit.definitions.push_back(
      {.symbol = node_,
       .name = builder_.string("Node"),
       .parts = UnitBuilder::add(builder_.unit.fields, std::span<const Field>(fields))});
}

List RandomTypes::parameters(std::uint64_t count, std::vector<TypeId>& types) {
  constexpr std::array<std::string_view, 2> kNames = {"T", "U"};
  std::vector<Parameter> all;
  for (std::uint64_t i = 0; i != count; ++i) {
    all.push_back({.name = builder_.string(kNames[i])});
    types.push_back(builder_.type(TypeKind::kParameter, {}, false, 0, all.back().name));
  }
  return UnitBuilder::add(builder_.unit.parameters, std::span<const Parameter>(all));
}

TypeId RandomTypes::field_type(std::span<const TypeId> parameters) {
  const TypeId type = !parameters.empty() && choice_.chance(2) ? choice_.of(parameters) : scalar();
  if (choice_.chance(6)) return array(type, 1 + choice_.below(3));
  if (choice_.chance(8)) return tuple({type, scalar()});
  return type;
}

List RandomTypes::fields_at_random(std::uint64_t count, bool with_names,
                                   std::span<const TypeId> parameters) {
  std::vector<Field> all(count);
  for (std::uint64_t i = 0; i != count; ++i) {
    if (with_names && !choice_.chance(5)) all[i].name = builder_.string("f" + std::to_string(i));
    // Each parameter is used.
    all[i].type = i < parameters.size() ? parameters[i] : field_type(parameters);
  }
  return UnitBuilder::add(builder_.unit.fields, std::span<const Field>(all));
}

void RandomTypes::define_struct(std::string_view name, std::uint64_t count) {
  std::vector<TypeId> types;
  Definition made{.symbol = symbol(), .name = builder_.string(name)};
  made.parameters = parameters(count, types);
  made.parts = fields_at_random(std::max<std::uint64_t>(count, 1) + choice_.below(3), true, types);
  builder_.unit.definitions.push_back(made);
}

void RandomTypes::define_enum(std::string_view name, std::uint64_t count) {
  std::vector<TypeId> types;
  Definition made{.symbol = symbol(), .name = builder_.string(name), .is_enum = true};
  made.parameters = parameters(count, types);
  std::vector<Variant> variants(1 + choice_.below(4));
  for (std::size_t i = 0; i != variants.size(); ++i) {
    variants[i].name = builder_.string("V" + std::to_string(i));
    variants[i].fields = fields_at_random(choice_.below(3), false, {});
    if (i < types.size()) variants[i].fields = fields_at_random(1 + choice_.below(2), false, types);
  }
  made.parts = UnitBuilder::add(builder_.unit.variants, std::span<const Variant>(variants));
  builder_.unit.definitions.push_back(made);
}

// ---- Types at random ----

TypeId RandomTypes::integer() { return primitive(choice_.of(kIntegers)); }

TypeId RandomTypes::scalar() {
  if (!choice_.chance(3)) return integer();
  constexpr std::array kOthers = {TypeKind::kF32, TypeKind::kF64, TypeKind::kBool};
  return primitive(choice_.of(kOthers));
}

TypeId RandomTypes::plain(int depth) {
  while (true) {
    const TypeId type = depth > 0 && !choice_.chance(3) ? compound(depth) : scalar();
    if (weight(type) <= kMaxWeight) return type;
  }
}

TypeId RandomTypes::compound(int depth) {
  switch (choice_.below(10)) {
    case 0:
    case 1: {
      const TypeId element = plain(depth - 1);
      return array(element, choice_.chance(10) ? 0 : 1 + choice_.below(4));
    }
    case 2:
    case 3: {
      std::vector<TypeId> parts(choice_.below(4));
      for (TypeId& part : parts) part = plain(depth - 1);
      return tuple(parts);
    }
    case 4: {
      const TypeId ok = plain(depth - 1);
      const TypeId error = choice_.chance(8) ? primitive(TypeKind::kNever) : plain(depth - 1);
      return builder_.type(TypeKind::kResult, {{ok, error}});
    }
    case 5:
      return choice_.chance(3) ? primitive(TypeKind::kUnit) : option(plain(depth - 1));
    default:
      // Not of the first, which has an address in it.
      return instance(1 + choice_.below(builder_.unit.definitions.size() - 1), depth);
  }
}

TypeId RandomTypes::instance(std::size_t definition, int depth) {
  const Definition of = builder_.unit.definitions[definition];
  std::vector<TypeId> arguments(of.parameters.count);
  for (TypeId& argument : arguments) argument = plain(depth - 1);
  return builder_.type(of.is_enum ? TypeKind::kEnum : TypeKind::kStruct, arguments, false,
                       of.symbol);
}

TypeId RandomTypes::option(TypeId of) {
  return builder_.type(TypeKind::kEnum, {{of}}, false, option_);
}
TypeId RandomTypes::node() { return builder_.type(TypeKind::kStruct, {}, false, node_); }

TypeId RandomTypes::solid(std::uint64_t size) {
  while (true) {
    const TypeId element = integer();
    const std::uint64_t each = *solid_size(element);
    if (each > size) continue;
    if (each == size) return choice_.chance(4) ? tuple({element}) : element;
    if (choice_.chance(3) && each * 2 == size) return tuple({element, element});
    return array(element, size / each);
  }
}

TypeId RandomTypes::pointer(TypeId to) {
  return pointer(choice_.chance(3) ? TypeKind::kRef : TypeKind::kPtr, to, true);
}
TypeId RandomTypes::pointer(TypeKind kind, TypeId to, bool is_mutable) {
  return builder_.type(kind, {{to}}, is_mutable);
}
TypeId RandomTypes::array(TypeId element, std::uint64_t count) {
  return builder_.type(TypeKind::kArray, {{element}}, false, count);
}
TypeId RandomTypes::tuple(const std::vector<TypeId>& parts) {
  return builder_.type(TypeKind::kTuple, parts);
}

// ---- What a type is ----

TypeId RandomTypes::substitute(TypeId type, const Definition& definition, TypeId instance) {
  const Type from = get(type);
  if (from.kind == TypeKind::kParameter) {
    for (std::uint32_t i = 0; i != definition.parameters.count; ++i) {
      if (builder_.unit.parameters[definition.parameters.first + i].name == from.name)
        return part(instance, i);
    }
  }
  if (from.parts.count == 0) return type;
  std::vector<TypeId> parts;
  for (std::uint32_t i = 0; i != from.parts.count; ++i)
    parts.push_back(substitute(part(type, i), definition, instance));
  return builder_.type(from.kind, parts, from.flag, from.number, from.name);
}

std::uint32_t RandomTypes::variants(TypeId type) const {
  if (kind(type) == TypeKind::kResult) return 2;
  return builder_.unit.definition(static_cast<Symbol>(get(type).number))->parts.count;
}

std::vector<TypeId> RandomTypes::fields(TypeId type, std::uint32_t variant) {
  const auto parts = builder_.unit.parts(type);
  switch (kind(type)) {
    case TypeKind::kTuple:
      return {parts.begin(), parts.end()};
    case TypeKind::kResult:
      return {parts[variant]};
    case TypeKind::kSlice:
      return {pointer(TypeKind::kPtr, TypeId(parts[0]), true), primitive(TypeKind::kU64)};
    case TypeKind::kOpaque:
      return {pointer(TypeKind::kPtr, primitive(TypeKind::kU8), false), primitive(TypeKind::kU64)};
    default:
      break;
  }
  const Definition of = *builder_.unit.definition(static_cast<Symbol>(get(type).number));
  List list = of.parts;
  if (of.is_enum) list = builder_.unit.variants[of.parts.first + variant].fields;
  std::vector<TypeId> found;
  for (std::uint32_t i = 0; i != list.count; ++i)
    found.push_back(substitute(builder_.unit.fields[list.first + i].type, of, type));
  return found;
}

bool RandomTypes::is_plain(TypeId type) {
  switch (kind(type)) {
    case TypeKind::kPtr:
    case TypeKind::kRef:
    case TypeKind::kFuncPtr:
    case TypeKind::kSlice:
    case TypeKind::kOpaque:
      return false;
    case TypeKind::kArray:
      return is_plain(part(type));
    case TypeKind::kTuple:
    case TypeKind::kStruct:
      return std::ranges::all_of(fields(type), [&](TypeId one) { return is_plain(one); });
    case TypeKind::kEnum:
    case TypeKind::kResult:
      for (std::uint32_t i = 0; i != variants(type); ++i)
        if (!std::ranges::all_of(fields(type, i), [&](TypeId one) { return is_plain(one); }))
          return false;
      return true;
    default:
      return true;
  }
}

std::uint64_t RandomTypes::weight(TypeId type) {
  const auto sum = [&](std::uint32_t variant) {
    std::uint64_t all = 0;
    for (const TypeId field : fields(type, variant)) all += weight(field);
    return all;
  };
  switch (kind(type)) {
    case TypeKind::kUnit:
    case TypeKind::kNever:
      return 0;
    case TypeKind::kArray:
      return weight(part(type)) * get(type).number;
    case TypeKind::kTuple:
    case TypeKind::kStruct:
      return sum(0);
    case TypeKind::kEnum:
    case TypeKind::kResult: {
      std::uint64_t most = 0;
      for (std::uint32_t i = 0; i != variants(type); ++i) most = std::max(most, sum(i));
      return most + 1;
    }
    default:
      return 1;
  }
}

std::optional<RandomTypes::Solid> RandomTypes::solid_layout(TypeId type) {
  const TypeKind of = kind(type);
  if (is_integer(of)) return Solid{bits_of(of) / 8, bits_of(of) / 8};
  if (of == TypeKind::kArray) {
    auto element = solid_layout(part(type));
    if (element) element->size *= get(type).number;
    return element;
  }
  if (of != TypeKind::kTuple && of != TypeKind::kStruct) return std::nullopt;
  Solid whole;
  for (const TypeId field : fields(type)) {
    const auto one = solid_layout(field);
    if (!one || whole.size % one->alignment != 0) return std::nullopt;
    whole.size += one->size;
    whole.alignment = std::max(whole.alignment, one->alignment);
  }
  if (whole.size % whole.alignment != 0) return std::nullopt;
  return whole;
}

}  // namespace smf::mir
