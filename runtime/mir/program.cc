#include "runtime/mir/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "runtime/mir/importer.h"
#include "runtime/note/names.h"

namespace smf::mir {
namespace {

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

std::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for templates");
}

// What a constraint asks for, as far as it can be told: that there is lt$TYPE is found out when it
// is called.
bool meets(const Unit& unit, TypeId type, Constraint constraint) {
  const TypeKind kind = unit.types[type].kind;
  if (constraint == Constraint::kAny || kind == TypeKind::kParameter) return true;
  if (kind <= TypeKind::kF64) return true;
  if (constraint == Constraint::kNumeric) return false;
  return kind == TypeKind::kBool || kind == TypeKind::kChar || kind == TypeKind::kOpaque ||
         kind == TypeKind::kStruct || kind == TypeKind::kEnum;
}

}  // namespace

Result<void> Program::check_extent(TypeId type) {
  while (extents_.size() <= type) {
    Extent sum{.depth = 0, .size = 1};
    for (const TypeId part : unit().parts(static_cast<TypeId>(extents_.size()))) {
      if (part == kNone) continue;
      sum.depth = std::max(sum.depth, extents_[part].depth);
      sum.size = std::min(sum.size + extents_[part].size, kMaxTypeSize + 1);
    }
    ++sum.depth;
    extents_.push_back(sum);
  }
  if (extents_[type].depth > kMaxTypeDepth)
    return fail(ErrorCode::kLimit, fmt::format("types are nested deeper than {}", kMaxTypeDepth));
  if (extents_[type].size > kMaxTypeSize)
    return fail(ErrorCode::kLimit, fmt::format("a type of more than {} types", kMaxTypeSize));
  return {};
}

NamedType Program::find_definition(std::string_view name) const {
  const auto found = definitions_.find(name);
  if (found == definitions_.end()) return {};
  const Definition& definition = unit().definitions[found->second];
  return {.kind = definition.is_enum ? TypeKind::kEnum : TypeKind::kStruct,
          .symbol = found->second,
          .parameters = definition.parameters.count};
}

Result<TypeId> Program::type(std::string_view expression) try {
  SMF_ASSIGN(const TypeId type, parse_type(expression, builder_, [&](std::string_view name) {
               return find_definition(name);
             }));
  SMF_TRY(check_extent(type));
  return type;
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

std::string Program::mangled_name(const Callee& callee) const {
  std::vector<std::string> names;
  names.reserve(callee.arguments.size());
  for (const TypeId argument : callee.arguments) names.push_back(name_of(argument));
  const std::vector<std::string_view> views(names.begin(), names.end());
  return smf::mangled_name(callee.name, views);
}

// ---- Adding ----

void Program::prepare(Source& source) {
  const Unit& from = source.unit;
  source.strings.assign(from.string_ends.size(), kNone);
  source.types.assign(from.types.size(), kNone);
  source.constants.assign(from.constants.size(), kNone);
  source.depends.reserve(from.types.size());
  // Parts have lower numbers.
  for (const Type& type : from.types)
    source.depends.push_back(type.kind == TypeKind::kParameter ||
                             std::ranges::any_of(from.parts(type), [&](TypeId part) {
                               return part != kNone && source.depends[part];
                             }));
}

Result<void> Program::add_definitions(Source& source) {
  const Unit& from = source.unit;
  Unit& to = builder_.unit;
  // All are there before their fields are looked at: they name each other.
  std::vector<bool> is_new;
  for (const Definition& definition : from.definitions) {
    const std::string_view name = from.string(definition.name);
    const auto next = static_cast<Symbol>(to.definitions.size());
    const auto [known, added] = definitions_.try_emplace(std::string(name), next);
    if (!source.symbols.emplace(definition.symbol, known->second).second)
      return refuse(fmt::format("type '{}': symbol {} is defined twice", name, definition.symbol));
    is_new.push_back(added);
    if (!added) continue;
    std::vector<Parameter> parameters;
    for (const Parameter& one : Unit::of(from.parameters, definition.parameters))
      parameters.push_back({builder_.string(from.string(one.name)), one.constraint});
    to.definitions.push_back(
        {.symbol = next,
         .name = builder_.string(name),
         .is_enum = definition.is_enum,
         .parameters = UnitBuilder::add(to.parameters, std::span<const Parameter>(parameters))});
  }
  for (std::size_t i = 0; i != from.definitions.size(); ++i)
    SMF_TRY(add_parts(source, from.definitions[i], is_new[i]));
  return {};
}

Result<void> Program::add_parts(Source& source, const Definition& from, bool is_new) {
  Unit& to = builder_.unit;
  const std::string_view name = source.unit.string(from.name);
  const Symbol symbol = source.symbols.at(from.symbol);
  Importer importer(*this, source);
  for (const Parameter& one : Unit::of(source.unit.parameters, from.parameters)) {
    const StringId parameter = builder_.string(source.unit.string(one.name));
    importer.replace(one.name, builder_.type(TypeKind::kParameter, {}, false, 0, parameter));
  }
  const auto import_fields = [&](List list) {
    std::vector<Field> fields;
    for (const Field& field : Unit::of(source.unit.fields, list))
      fields.push_back({importer.string(field.name), importer.type(field.type)});
    return fields;
  };
  std::vector<std::pair<StringId, std::vector<Field>>> parts;
  try {
    if (!from.is_enum) parts.emplace_back(kNone, import_fields(from.parts));
    if (from.is_enum)
      for (const Variant& variant : Unit::of(source.unit.variants, from.parts))
        parts.emplace_back(importer.string(variant.name), import_fields(variant.fields));
  } catch (const NotImported& refused) {
    return fail(refused.code, fmt::format("type '{}': {}", name, refused.message));
  }
  if (is_new) {
    std::vector<Variant> variants;
    variants.reserve(parts.size());
    for (const auto& [variant, fields] : parts)
      variants.push_back({variant, UnitBuilder::add(to.fields, std::span<const Field>(fields))});
    to.definitions[symbol].parts =
        from.is_enum ? UnitBuilder::add(to.variants, std::span<const Variant>(variants))
                     : variants[0].fields;
    return {};
  }
  // Of another unit already: it has to be the same.
  const Definition& known = to.definitions[symbol];
  std::vector<std::pair<StringId, std::vector<Field>>> before;
  const auto known_fields = [&](List list) {
    const auto fields = Unit::of(to.fields, list);
    return std::vector<Field>(fields.begin(), fields.end());
  };
  if (!known.is_enum) before.emplace_back(kNone, known_fields(known.parts));
  if (known.is_enum)
    for (const Variant& variant : Unit::of(to.variants, known.parts))
      before.emplace_back(variant.name, known_fields(variant.fields));
  if (known.is_enum != from.is_enum || before != parts ||
      known.parameters.count != from.parameters.count)
    return refuse(fmt::format("type '{}' is defined twice, and not the same", name));
  return {};
}

Result<void> Program::add(Unit unit) try {
  for (const Function& function : unit.functions) {
    if (by_name_.contains(unit.string(function.name)))
      return refuse(fmt::format("function '{}' is there twice", unit.string(function.name)));
  }
  sources_.push_back({.unit = std::move(unit)});
  Source& source = sources_.back();
  prepare(source);
  if (auto added = add_definitions(source); !added) {
    sources_.pop_back();
    return added;
  }
  for (std::size_t i = 0; i != source.unit.functions.size(); ++i) {
    const std::string_view name = source.unit.string(source.unit.functions[i].name);
    if (!by_name_.try_emplace(std::string(name), Place{sources_.size() - 1, i}).second)
      return refuse(fmt::format("function '{}' is there twice", name));
  }
  return {};
} catch (const std::bad_alloc&) {
  return out_of_memory();
} catch (const std::length_error&) {
  return fail(ErrorCode::kLimit, "2^30 things in a unit");
}

// ---- Making ----

Result<FunctionId> Program::import(Source& source, const Function& function, const Callee& callee) {
  Importer importer(*this, source);
  const auto parameters = Unit::of(source.unit.parameters, function.parameters);
  for (std::size_t i = 0; i != parameters.size(); ++i)
    importer.replace(parameters[i].name, callee.arguments[i]);
  const auto id = static_cast<FunctionId>(unit().functions.size());
  const bool is_general =
      std::ranges::any_of(callee.arguments, [&](TypeId type) { return holds_parameter(type); });
  try {
    importer.function(function, builder_.string(is_general ? callee.name : mangled_name(callee)));
  } catch (const NotImported& refused) {
    return fail(refused.code, refused.message);
  }
  made_.push_back({.callee = callee,
                   .is_general = is_general,
                   .dependencies = std::move(importer.dependencies),
                   .callees = std::move(importer.callees)});
  return id;
}

Result<FunctionId> Program::make(const Callee& callee) try {
  const IdTable::Hash hash = hash_of(callee);
  if (const FunctionId known = find(callee, hash); known != IdTable::kNotThere) return known;
  const auto place = by_name_.find(callee.name);
  if (place == by_name_.end())
    return fail(ErrorCode::kNotFound, fmt::format("there is no function '{}'", callee.name));
  Source& source = sources_[place->second.source];
  const Function& function = source.unit.functions[place->second.function];
  const auto parameters = Unit::of(source.unit.parameters, function.parameters);
  if (parameters.size() != callee.arguments.size()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' has {} parameters and is given {} arguments", callee.name,
                            parameters.size(), callee.arguments.size()));
  }
  for (std::size_t i = 0; i != parameters.size(); ++i) {
    if (meets(unit(), callee.arguments[i], parameters[i].constraint)) continue;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("'{}': {} is {}, which is not {}", callee.name,
                    source.unit.string(parameters[i].name), name_of(callee.arguments[i]),
                    kConstraintNames[static_cast<std::size_t>(parameters[i].constraint)].text));
  }
  SMF_ASSIGN(const FunctionId id, import(source, function, callee));
  made_ids_.add(hash, id);
  return id;
} catch (const std::bad_alloc&) {
  return out_of_memory();
} catch (const std::length_error&) {
  return fail(ErrorCode::kLimit, "2^30 things in a unit");
}

Result<FunctionId> Program::check(std::string_view name) try {
  const auto place = by_name_.find(name);
  if (place == by_name_.end())
    return fail(ErrorCode::kNotFound, fmt::format("there is no function '{}'", name));
  const Source& source = sources_[place->second.source];
  const Function& function = source.unit.functions[place->second.function];
  Callee callee{.name = std::string(name)};
  for (const Parameter& one : Unit::of(source.unit.parameters, function.parameters)) {
    const StringId parameter = builder_.string(source.unit.string(one.name));
    callee.arguments.push_back(builder_.type(TypeKind::kParameter, {}, false, 0, parameter));
  }
  return make(callee);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

std::uint32_t Program::callee(FunctionId function, ConstantId constant) const {
  const auto& callees = made_[function].callees;
  const auto found = callees.find(constant);
  return found == callees.end() ? kNone : found->second;
}

// ---- Fields ----

bool Program::holds_parameter(TypeId type) const {
  if (type == kNone) return false;
  if (unit().types[type].kind == TypeKind::kParameter) return true;
  return std::ranges::any_of(unit().parts(type),
                             [&](TypeId part) { return holds_parameter(part); });
}

TypeId Program::substitute(TypeId type, std::span<const std::pair<StringId, TypeId>> scope) {
  if (type == kNone || type < kPrimitives) return type;
  const Type from = unit().types[type];
  if (from.kind == TypeKind::kParameter) {
    const auto found = std::ranges::find(scope, from.name, &std::pair<StringId, TypeId>::first);
    return found == scope.end() ? type : found->second;
  }
  std::vector<TypeId> parts;
  for (std::uint32_t i = 0; i != from.parts.count; ++i)
    parts.push_back(substitute(unit().numbers[from.parts.first + i], scope));
  return builder_.type(from.kind, parts, from.flag, from.number, from.name);
}

Result<std::vector<TypeId>> Program::fields(TypeId id, std::uint32_t variant) {
  const Type type = unit().types[id];
  const auto parts = unit().parts(type);
  std::vector<TypeId> found;
  const auto no_variant = [&] {
    return refuse(fmt::format("{} has no variant {}", name_of(id), variant));
  };
  switch (type.kind) {
    case TypeKind::kTuple:
      return std::vector<TypeId>(parts.begin(), parts.end());
    case TypeKind::kResult:
      if (variant > 1) return no_variant();
      return std::vector<TypeId>{parts[variant]};
    case TypeKind::kSlice: {
      const TypeId element = parts[0];
      return std::vector<TypeId>{builder_.type(TypeKind::kPtr, {{element}}, true),
                                 primitive(TypeKind::kU64)};
    }
    case TypeKind::kOpaque:
      if (unit().string(type.name) != "text") break;
      return std::vector<TypeId>{builder_.type(TypeKind::kPtr, {{primitive(TypeKind::kU8)}}, false),
                                 primitive(TypeKind::kU64)};
    case TypeKind::kStruct:
    case TypeKind::kEnum: {
      const Definition definition = unit().definitions[type.number];
      std::vector<std::pair<StringId, TypeId>> scope;
      for (std::uint32_t i = 0; i != definition.parameters.count; ++i)
        scope.emplace_back(unit().parameters[definition.parameters.first + i].name, parts[i]);
      List list = definition.parts;
      if (definition.is_enum) {
        if (variant >= definition.parts.count) return no_variant();
        list = unit().variants[definition.parts.first + variant].fields;
      }
      for (std::uint32_t i = 0; i != list.count; ++i) {
        const TypeId field = substitute(unit().fields[list.first + i].type, scope);
        SMF_TRY(check_extent(field));
        found.push_back(field);
      }
      return found;
    }
    default:
      break;
  }
  return refuse(fmt::format("{} has no fields", name_of(id)));
}

}  // namespace smf::mir
