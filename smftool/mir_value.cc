#include "smftool/mir_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/mir/unit.h"
#include "smftool/messages.h"

namespace smf::tool {
namespace {

using mir::TypeId;
using mir::TypeKind;

constexpr std::uint64_t kMaxShown = 100'000;
constexpr unsigned kMaxDepth = 100;

// An empty row points here, and at no more: it is nobody's memory.
alignas(16) constexpr std::byte kNothing[16]{};

template <typename T>
void store(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
bool put_integer(const Json& json, std::byte* at) {
  if (json.is_number_unsigned()) {
    const auto value = json.get<std::uint64_t>();
    if (!std::in_range<T>(value)) return false;
    store(at, static_cast<T>(value));
    return true;
  }
  if (!json.is_number_integer() || !std::in_range<T>(json.get<std::int64_t>())) return false;
  store(at, static_cast<T>(json.get<std::int64_t>()));
  return true;
}

std::optional<double> float_of(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

Json json_of(double value) {
  if (value != value) return "NaN";
  if (value == std::numeric_limits<double>::infinity()) return "Infinity";
  if (value == -std::numeric_limits<double>::infinity()) return "-Infinity";
  return value;
}

// The shortest decimal that is this float: its double has more digits.
Json json_of(float value) {
  const Json json = json_of(static_cast<double>(value));
  return json.is_number() ? Json::parse(fmt::format("{:#}", value), nullptr, false) : json;
}

// Of JSON's strings those with one character of 16 bits.
std::optional<std::uint16_t> char_of(const Json& json) {
  if (!json.is_string()) return std::nullopt;
  const auto& text = json.get_ref<const std::string&>();
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]) & 0x3Fu; };
  if (text.size() == 1) return static_cast<unsigned char>(text[0]);
  if (text.size() == 2 && (text[0] & 0xE0) == 0xC0)
    return static_cast<std::uint16_t>((static_cast<unsigned char>(text[0]) & 0x1Fu) << 6 | byte(1));
  if (text.size() == 3 && (text[0] & 0xF0) == 0xE0) {
    return static_cast<std::uint16_t>((static_cast<unsigned char>(text[0]) & 0x0Fu) << 12 |
                                      byte(1) << 6 | byte(2));
  }
  return std::nullopt;
}

// The JSON library recurses where it prints, and so does this where it reads.
bool is_too_deep(std::string_view text) {
  unsigned depth = 0;
  bool is_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      is_string = !is_string;
    } else if (!is_string && (c == '[' || c == '{')) {
      if (++depth > mir::Program::kMaxTypeDepth) return true;
    } else if (!is_string && (c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

std::string shown(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

}  // namespace

std::unexpected<Error> MirValues::expected(TypeId type, std::string_view what,
                                           const Json& json) const {
  return wrong_usage(
      fmt::format("{}: expected {}, not {}", program_.name_of(type), what, shown(json)));
}

std::byte* MirValues::room(std::uint64_t size) {
  // operator new[] aligns to 16, more than any type asks for.
  static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= 16);
  memory_.push_back(std::make_unique<std::byte[]>(std::max<std::uint64_t>(size, 1)));
  return memory_.back().get();
}

Result<void*> MirValues::make_room(TypeId type) {
  SMF_ASSIGN(const mir::Layout layout, layouts_.of(type));
  return room(layout.size);
}

Result<const void*> MirValues::make(TypeId type, std::string_view text) {
  const mir::Type& is = program_.unit().types[type];
  Json json;
  if (is.kind == TypeKind::kOpaque && !text.starts_with('"')) {
    json = std::string(text);
  } else if (is_too_deep(text)) {
    return wrong_usage(fmt::format("a value nested deeper than {}", mir::Program::kMaxTypeDepth));
  } else {
    json = Json::parse(text, nullptr, false);
    const bool may_be_word = is.kind == TypeKind::kChar || is.kind == TypeKind::kEnum;
    if (json.is_discarded() && !may_be_word)
      return wrong_usage(fmt::format("'{}' is no JSON", text));
    if (json.is_discarded()) json = std::string(text);
  }
  SMF_ASSIGN(void* const at, make_room(type));
  SMF_TRY(put(type, json, static_cast<std::byte*>(at)));
  return at;
}

// ---- From JSON ----

Result<void> MirValues::put_number(TypeKind kind, const Json& json, std::byte* at) {
  const auto fits = [&]() -> bool {
    switch (kind) {
      case TypeKind::kI8:
        return put_integer<std::int8_t>(json, at);
      case TypeKind::kI16:
        return put_integer<std::int16_t>(json, at);
      case TypeKind::kI32:
        return put_integer<std::int32_t>(json, at);
      case TypeKind::kI64:
        return put_integer<std::int64_t>(json, at);
      case TypeKind::kU8:
        return put_integer<std::uint8_t>(json, at);
      case TypeKind::kU16:
        return put_integer<std::uint16_t>(json, at);
      case TypeKind::kU32:
        return put_integer<std::uint32_t>(json, at);
      case TypeKind::kU64:
        return put_integer<std::uint64_t>(json, at);
      case TypeKind::kChar:
        if (const auto one = char_of(json)) return store(at, *one), true;
        return put_integer<std::uint16_t>(json, at);
      default:
        return false;
    }
  };
  if (!fits()) return expected(mir::primitive(kind), "an integer that it can hold", json);
  return {};
}

Result<void> MirValues::put_text(const Json& json, std::byte* at) {
  const auto& text = json.get_ref<const std::string&>();
  std::byte* const bytes = room(text.size());
  std::memcpy(bytes, text.data(), text.size());
  if (!text.empty()) interpreter_.lend(bytes, text.size(), false);
  store(at, static_cast<const std::byte*>(bytes));
  store(at + sizeof(void*), std::uint64_t{text.size()});
  return {};
}

Result<void> MirValues::put_row(TypeId element, const Json& json, std::byte* at, bool is_slice) {
  SMF_ASSIGN(const mir::Layout layout, layouts_.of(element));
  const std::uint64_t size = layout.size * json.size();
  const std::byte* begin = kNothing;
  if (size != 0) {
    std::byte* const bytes = room(size);
    interpreter_.lend(bytes, size, true);
    for (std::size_t i = 0; i != json.size(); ++i)
      SMF_TRY(put(element, json[i], bytes + i * layout.size));
    begin = bytes;
  }
  if (!is_slice) made_.push_back({begin, json.size()});
  store(at, begin);
  if (is_slice) store(at + sizeof(void*), std::uint64_t{json.size()});
  return {};
}

Result<void> MirValues::put_fields(TypeId type, std::uint32_t variant, const Json& json,
                                   std::byte* at) {
  SMF_ASSIGN(const std::vector<mir::FieldLayout> fields, layouts_.fields(type, variant));
  if (!json.is_array() || json.size() != fields.size())
    return expected(type, fmt::format("an array of {}", fields.size()), json);
  for (std::size_t i = 0; i != fields.size(); ++i)
    SMF_TRY(put(fields[i].type, json[i], at + fields[i].offset));
  return {};
}

std::vector<std::string> MirValues::variants(TypeId type) const {
  const mir::Unit& unit = program_.unit();
  if (unit.types[type].kind == TypeKind::kResult) return {"Ok", "Err"};
  std::vector<std::string> names;
  const mir::Definition& definition = unit.definitions[unit.types[type].number];
  for (const mir::Variant& one : mir::Unit::of(unit.variants, definition.parts))
    names.emplace_back(unit.string(one.name));
  return names;
}

std::vector<std::string> MirValues::field_names(TypeId type) const {
  const mir::Unit& unit = program_.unit();
  std::vector<std::string> names;
  const mir::Definition& definition = unit.definitions[unit.types[type].number];
  for (const mir::Field& one : mir::Unit::of(unit.fields, definition.parts)) {
    names.emplace_back(one.name == mir::kNone ? fmt::format("{}", names.size())
                                              : std::string(unit.string(one.name)));
  }
  return names;
}

Result<void> MirValues::put_variant(TypeId type, const Json& json, std::byte* at) {
  const std::vector<std::string> names = variants(type);
  const bool is_object = json.is_object() && json.size() == 1;
  if (!is_object && !json.is_string())
    return expected(type, "a variant's name, or {\"NAME\": [FIELDS]}", json);
  const std::string name = is_object ? json.begin().key() : json.get<std::string>();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return expected(type, "one of its variants", json);
  const auto variant = static_cast<std::uint32_t>(found - names.begin());
  store(at, variant);
  return put_fields(type, variant, is_object ? json.begin().value() : Json::array(), at);
}

Result<void> MirValues::put(TypeId type, const Json& json, std::byte* at) {
  const mir::Type is = program_.unit().types[type];
  const TypeId part = is.parts.count != 0 ? program_.unit().parts(type)[0] : mir::kNone;
  switch (is.kind) {
    case TypeKind::kF32:
    case TypeKind::kF64: {
      const auto value = float_of(json);
      if (!value) return expected(type, "a number, \"NaN\" or \"Infinity\"", json);
      is.kind == TypeKind::kF64 ? store(at, *value) : store(at, static_cast<float>(*value));
      return {};
    }
    case TypeKind::kBool:
      if (!json.is_boolean()) return expected(type, "true or false", json);
      store(at, json.get<bool>());
      return {};
    case TypeKind::kUnit:
      if (!json.is_null()) return expected(type, "null", json);
      return {};
    case TypeKind::kPtr:
    case TypeKind::kRef:
      if (json.is_null()) return store(at, static_cast<const std::byte*>(nullptr)), Result<void>();
      [[fallthrough]];
    case TypeKind::kSlice:
      if (!json.is_array()) return expected(type, "an array of what it points at", json);
      return put_row(part, json, at, is.kind == TypeKind::kSlice);
    case TypeKind::kOpaque:
      if (program_.unit().string(is.name) != "text") break;
      if (!json.is_string()) return expected(type, "a string", json);
      return put_text(json, at);
    case TypeKind::kArray: {
      if (!json.is_array() || json.size() != is.number)
        return expected(type, fmt::format("an array of {}", is.number), json);
      SMF_ASSIGN(const mir::Layout layout, layouts_.of(part));
      for (std::size_t i = 0; i != json.size(); ++i)
        SMF_TRY(put(part, json[i], at + i * layout.size));
      return {};
    }
    case TypeKind::kTuple:
      return put_fields(type, 0, json, at);
    case TypeKind::kStruct: {
      const std::vector<std::string> names = field_names(type);
      Json values = Json::array();
      for (const std::string& name : names) {
        if (!json.is_object() || json.size() != names.size() || !json.contains(name))
          return expected(type, fmt::format("an object with {}", fmt::join(names, ", ")), json);
        values.push_back(json[name]);
      }
      return put_fields(type, 0, values, at);
    }
    case TypeKind::kEnum:
    case TypeKind::kResult:
      return put_variant(type, json, at);
    default:
      if (mir::is_integer(is.kind)) return put_number(is.kind, json, at);
      break;
  }
  return wrong_usage(
      fmt::format("a value of {} cannot be given on a command line", program_.name_of(type)));
}

// ---- To JSON ----

Result<Json> MirValues::show_row(TypeId element, const std::byte* begin, std::uint64_t count) {
  SMF_ASSIGN(const mir::Layout layout, layouts_.of(element));
  if (layout.size == 0) return Json(fmt::format("<{} times nothing>", count));
  if (count > kMaxShown || !interpreter_.may_read(begin, count * layout.size))
    return count == 0 ? Json::array()
                      : Json(fmt::format("<{} of {}>", count, program_.name_of(element)));
  Json row = Json::array();
  for (std::uint64_t i = 0; i != count; ++i) {
    SMF_ASSIGN(Json one, show(element, begin + i * layout.size));
    row.push_back(std::move(one));
  }
  return row;
}

Result<Json> MirValues::show_fields(TypeId type, std::uint32_t variant, const std::byte* at) {
  SMF_ASSIGN(const std::vector<mir::FieldLayout> fields, layouts_.fields(type, variant));
  Json all = Json::array();
  for (const mir::FieldLayout& field : fields) {
    SMF_ASSIGN(Json one, show(field.type, at + field.offset));
    all.push_back(std::move(one));
  }
  return all;
}

// Values may point at each other in a circle, or at one in many ways.
Result<Json> MirValues::show(TypeId type, const void* at) {
  if (depth_ == kMaxDepth || ++shown_ > kMaxShown) return Json("...");
  ++depth_;
  auto json = show_known(type, static_cast<const std::byte*>(at));
  --depth_;
  return json;
}

Result<Json> MirValues::show_known(TypeId type, const std::byte* at) {
  const mir::Type is = program_.unit().types[type];
  const TypeId part = is.parts.count != 0 ? program_.unit().parts(type)[0] : mir::kNone;
  switch (is.kind) {
    case TypeKind::kI8:
      return Json(load<std::int8_t>(at));
    case TypeKind::kI16:
      return Json(load<std::int16_t>(at));
    case TypeKind::kI32:
      return Json(load<std::int32_t>(at));
    case TypeKind::kI64:
      return Json(load<std::int64_t>(at));
    case TypeKind::kU8:
      return Json(load<std::uint8_t>(at));
    case TypeKind::kU16:
    case TypeKind::kChar:
      return Json(load<std::uint16_t>(at));
    case TypeKind::kU32:
      return Json(load<std::uint32_t>(at));
    case TypeKind::kU64:
      return Json(load<std::uint64_t>(at));
    case TypeKind::kF32:
      return json_of(load<float>(at));
    case TypeKind::kF64:
      return json_of(load<double>(at));
    case TypeKind::kBool:
      return Json(load<std::uint8_t>(at) != 0);
    case TypeKind::kPtr:
    case TypeKind::kRef: {
      const auto* const begin = load<const std::byte*>(at);
      if (begin == nullptr) return Json(nullptr);
      const auto found = std::ranges::find(made_, begin, &Made::begin);
      if (found != made_.end()) return show_row(part, begin, found->count);
      return Json(fmt::format("<{}>", program_.name_of(type)));
    }
    case TypeKind::kFuncPtr:
      return Json(fmt::format("<{}>", program_.name_of(type)));
    case TypeKind::kSlice:
      return show_row(part, load<const std::byte*>(at), load<std::uint64_t>(at + sizeof(void*)));
    case TypeKind::kOpaque: {
      const auto* const begin = load<const char*>(at);
      const auto size = load<std::uint64_t>(at + sizeof(void*));
      if (size == 0) return Json("");
      if (!interpreter_.may_read(begin, size)) return Json(fmt::format("<text of {} bytes>", size));
      return Json(std::string(begin, size));
    }
    case TypeKind::kArray: {
      SMF_ASSIGN(const mir::Layout layout, layouts_.of(part));
      Json row = Json::array();
      for (std::uint64_t i = 0; i != is.number && shown_ <= kMaxShown; ++i) {
        SMF_ASSIGN(Json one, show(part, at + i * layout.size));
        row.push_back(std::move(one));
      }
      return row;
    }
    case TypeKind::kTuple:
      return show_fields(type, 0, at);
    case TypeKind::kStruct: {
      SMF_ASSIGN(const Json values, show_fields(type, 0, at));
      Json object = Json::object();
      const std::vector<std::string> names = field_names(type);
      for (std::size_t i = 0; i != names.size(); ++i) object[names[i]] = values[i];
      return object;
    }
    case TypeKind::kEnum:
    case TypeKind::kResult: {
      const auto variant = load<std::uint32_t>(at);
      const std::vector<std::string> names = variants(type);
      if (variant >= names.size()) return Json(fmt::format("<variant {}>", variant));
      SMF_ASSIGN(Json fields, show_fields(type, variant, at));
      if (fields.empty()) return Json(names[variant]);
      return Json{{names[variant], std::move(fields)}};
    }
    default:
      return Json(nullptr);  // what has no size says nothing
  }
}

}  // namespace smf::tool
