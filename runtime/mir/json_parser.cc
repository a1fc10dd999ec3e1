#include "runtime/mir/json_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>

namespace smf::mir {

// ---- Where, and what is there ----

void JsonParser::refuse(const std::string& message) const {
  std::string where;
  if (!name_.empty()) where += fmt::format("{} '{}'", thing_, name_);
  if (block_) where += fmt::format(", block {}", *block_);
  if (instruction_) {
    where += *instruction_ == kTerminator ? std::string(", terminator")
                                          : fmt::format(", instruction {}", *instruction_);
  }
  throw JsonMistake{where.empty() ? message : where + ": " + message};
}

void JsonParser::expect(const Json& object, std::initializer_list<std::string_view> members) const {
  if (!object.is_object()) refuse(fmt::format("expected an object, found {}", shown(object)));
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(members, std::string_view(name)) == members.end())
      refuse(fmt::format("a member \"{}\" that is not known", name));
  }
}

std::string JsonParser::shown(const Json& json) {
  std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

const Json& JsonParser::member(const Json& object, const char* name) const {
  if (!object.is_object()) refuse(fmt::format("expected an object, found {}", shown(object)));
  const auto found = object.find(name);
  if (found == object.end()) refuse(fmt::format("a member \"{}\" is missing", name));
  return *found;
}

const Json::array_t& JsonParser::array(const Json& json, const char* what) const {
  if (!json.is_array()) refuse(fmt::format("\"{}\" is no array", what));
  return json.get_ref<const Json::array_t&>();
}

std::uint32_t JsonParser::number(const Json& json, const char* what, std::uint32_t limit) const {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() >= limit)
    refuse(fmt::format("\"{}\" is {}, not a number from 0 to {}", what, shown(json), limit - 1));
  return json.get<std::uint32_t>();
}

LocalId JsonParser::local(const Json& json, const char* what) const {
  return number(json, what, Operand::kMaxIndex);
}

LocalId JsonParser::local_or_null(const Json& object, const char* name) const {
  const Json& json = member(object, name);
  return json.is_null() ? kNone : local(json, name);
}

bool JsonParser::boolean(const Json& json, const char* what) const {
  if (!json.is_boolean()) refuse(fmt::format("\"{}\" is neither true nor false", what));
  return json.get<bool>();
}

StringId JsonParser::string(const Json& json, const char* what) {
  if (!json.is_string()) refuse(fmt::format("\"{}\" is no string", what));
  return builder_.string(json.get_ref<const std::string&>());
}

StringId JsonParser::string_or_null(const Json& json, const char* what) {
  return json.is_null() ? kNone : string(json, what);
}

// The single member of {"Name": …}.
std::pair<std::string_view, const Json*> JsonParser::single(const Json& json,
                                                            const char* what) const {
  if (!json.is_object() || json.size() != 1)
    refuse(fmt::format("expected {}, found {}", what, shown(json)));
  const auto only = json.items().begin();
  return {json.begin().key(), &only.value()};
}

// ---- Types ----

TypeId JsonParser::type(const Json& json) {
  if (json.is_string()) {
    const auto kind = find_name(kTypeNames, &Names::json, json.get_ref<const std::string&>());
    if (!kind || *kind >= kPrimitives) refuse(fmt::format("{} is no type", shown(json)));
    return static_cast<TypeId>(*kind);
  }
  const auto [name, inside] = single(json, "a type");
  const auto index = find_name(kTypeNames, &Names::json, name);
  if (!index || *index < kPrimitives) refuse(fmt::format("{} is no type", shown(json)));
  const auto kind = static_cast<TypeKind>(*index);
  switch (kind) {
    case TypeKind::kPtr:
    case TypeKind::kRef: {
      const char* const to = kind == TypeKind::kPtr ? "pointee" : "referent";
      expect(*inside, {to, "mutable"});
      const TypeId target = type(member(*inside, to));
      return builder_.type(kind, {{target}}, boolean(member(*inside, "mutable"), "mutable"));
    }
    case TypeKind::kFuncPtr:
      return signature(*inside);
    case TypeKind::kArray: {
      expect(*inside, {"element", "size"});
      const TypeId element = type(member(*inside, "element"));
      const Json& size = member(*inside, "size");
      if (!size.is_number_unsigned()) refuse("the size of an array is no number");
      return builder_.type(kind, {{element}}, false, size.get<std::uint64_t>());
    }
    case TypeKind::kSlice:
    case TypeKind::kPromise:
    case TypeKind::kActor: {
      const TypeId part = type(*inside);
      return builder_.type(kind, {{part}});
    }
    case TypeKind::kTuple:
    case TypeKind::kUnion:
      return builder_.type(kind, types(*inside, name));
    case TypeKind::kStruct:
    case TypeKind::kEnum:
      return symbol_type(kind, *inside);
    case TypeKind::kDict:
      return pair(kind, *inside, "key", "value");
    case TypeKind::kResult:
      return pair(kind, *inside, "ok", "err");
    case TypeKind::kGenerator:
      return pair(kind, *inside, "yield", "return");
    default:
      return named(kind, *inside);
  }
}

std::vector<TypeId> JsonParser::types(const Json& json, std::string_view what) {
  std::vector<TypeId> all;
  if (!json.is_array()) refuse(fmt::format("\"{}\" is no array of types", what));
  for (const Json& one : json) all.push_back(type(one));
  return all;
}

TypeId JsonParser::pair(TypeKind kind, const Json& json, const char* first, const char* second) {
  expect(json, {first, second});
  const TypeId a = type(member(json, first));
  const TypeId b = type(member(json, second));
  return builder_.type(kind, {{a, b}});
}

TypeId JsonParser::named(TypeKind kind, const Json& json) {
  const StringId name = string(json, "type");
  // The compiler prints a parameter as an opaque type.
  if (std::ranges::find(scope_, name) != scope_.end()) kind = TypeKind::kParameter;
  if (kind == TypeKind::kParameter && std::ranges::find(scope_, name) == scope_.end())
    refuse(fmt::format("there is no parameter {}", shown(json)));
  return builder_.type(kind, {}, false, 0, name);
}

TypeId JsonParser::symbol_type(TypeKind kind, const Json& json) {
  if (!json.is_object()) return builder_.type(kind, {}, false, number(json, "symbol"));
  expect(json, {"symbol", "args"});
  const Symbol symbol = number(member(json, "symbol"), "symbol");
  return builder_.type(kind, types(member(json, "args"), "args"), false, symbol);
}

TypeId JsonParser::signature(const Json& json) {
  expect(json, {"params", "return_type", "is_variadic"});
  std::vector<TypeId> parts{kNone};
  for (const TypeId part : types(member(json, "params"), "params")) parts.push_back(part);
  const Json& result = member(json, "return_type");
  if (!result.is_null()) parts[0] = type(result);
  const bool is_variadic = boolean(member(json, "is_variadic"), "is_variadic");
  return builder_.type(TypeKind::kFuncPtr, parts, is_variadic);
}

// ---- Values ----

ConstantId JsonParser::constant(const Json& json, TypeId type) {
  Constant constant{.type = type};
  if (json.is_number_float()) {
    constant.kind = ValueKind::kFloat;
    constant.bits = std::bit_cast<std::uint64_t>(json.get<double>());
  } else if (json.is_number()) {
    std::tie(constant.kind, constant.bits) = integer(json);
  } else if (json.is_boolean()) {
    constant.kind = ValueKind::kBool;
    constant.bits = json.get<bool>() ? 1 : 0;
  } else if (json.is_null()) {
    constant.kind = ValueKind::kNull;
  } else if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    using Limits = std::numeric_limits<double>;
    if (text == "Zero") {
      constant.kind = ValueKind::kZero;
    } else if (is_float(type) && (text == "NaN" || text == "Infinity" || text == "-Infinity")) {
      const double value = text == "NaN" ? Limits::quiet_NaN() : Limits::infinity();
      constant.kind = ValueKind::kFloat;
      constant.bits = std::bit_cast<std::uint64_t>(text == "-Infinity" ? -value : value);
    } else {
      constant.kind = ValueKind::kString;
      constant.bits = builder_.string(text);
    }
  } else {
    refuse(fmt::format("{} is no value", shown(json)));
  }
  return builder_.constant(constant);
}

std::pair<ValueKind, std::uint64_t> JsonParser::integer(const Json& json) {
  if (json.is_number_unsigned()) {
    const auto bits = json.get<std::uint64_t>();
    return {bits >> 63 != 0 ? ValueKind::kUnsigned : ValueKind::kInt, bits};
  }
  return {ValueKind::kInt, static_cast<std::uint64_t>(json.get<std::int64_t>())};
}

Operand JsonParser::operand(const Json& json) {
  const auto [name, inside] = single(json, "an operand");
  if (name == "Copy") return Operand::copy(local(*inside, "Copy"));
  if (name == "Move") return Operand::move(local(*inside, "Move"));
  if (name != "Const") refuse(fmt::format("{} is no operand", shown(json)));
  expect(*inside, {"value", "type"});
  const TypeId type = this->type(member(*inside, "type"));
  return Operand::constant(constant(member(*inside, "value"), type));
}

}  // namespace smf::mir
