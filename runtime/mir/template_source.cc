#include "runtime/mir/template_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace smf::mir {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 500;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

// Line and column of a byte, both from 1.
std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto column = before.size() - (before.rfind('\n') + 1) + 1;
  return fmt::format("{}:{}", line, column);
}

// Parsing recurses with the nesting, and so does printing: both are bounded here.
Result<void> check_depth(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth)
        return fail_at(i, fmt::format("{}: nested deeper than {}", position(text, i), kMaxDepth),
                       ErrorCode::kLimit);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return {};
}

Result<Json> parse(std::string_view text) {
  SMF_TRY(check_depth(text));
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    std::string reason = error.what();
    // The library's own account of the place is in front of this.
    if (const auto at = reason.find(": "); at != std::string::npos) reason.erase(0, at + 2);
    return fail_at(byte, fmt::format("{}: not JSON: {}", position(text, byte), reason));
  }
}

Result<std::string> name_of(const Json& object) {
  const auto name = object.find("name");
  if (name == object.end() || !name->is_string() || name->get_ref<const std::string&>().empty())
    return refuse("a template needs a \"name\"");
  return name->get<std::string>();
}

Result<std::vector<std::string>> parameters_of(const Json& object, const std::string& name,
                                               const GenericParameters& given) {
  std::vector<std::string> parameters;
  if (const auto list = object.find("generic_params"); list != object.end()) {
    if (!list->is_array())
      return refuse(fmt::format("template '{}': \"generic_params\" is no array", name));
    for (const Json& entry : *list) {
      if (!entry.is_string())
        return refuse(fmt::format("template '{}': a generic parameter is no string", name));
      parameters.push_back(entry.get<std::string>());
    }
  }
  if (parameters.empty()) {
    if (const auto found = given.find(name); found != given.end()) parameters = found->second;
  }
  const std::set<std::string_view> different(parameters.begin(), parameters.end());
  if (different.size() != parameters.size())
    return refuse(fmt::format("template '{}': two parameters have one name", name));
  return parameters;
}

Result<TemplateSpec> make_template(Json object, TemplateKind kind, std::string name,
                                   std::vector<std::string> parameters) {
  object["generic_params"] = parameters;
  TemplateSpec spec{
      .kind = kind, .name = std::move(name), .parameters = std::move(parameters), .body = {}};
  spec.body.push_back(std::byte{kTemplateBodyJson});
  try {
    append_bytes(spec.body, as_bytes(object.dump()));
  } catch (const Json::type_error&) {
    return refuse(fmt::format("template '{}': a string is not UTF-8", spec.name));
  }
  return spec;
}

Result<void> add_function(const Json& function, const GenericParameters& given, bool stands_alone,
                          std::vector<TemplateSpec>& out) {
  if (!function.is_object()) return refuse("expected a function, a JSON object");
  SMF_ASSIGN(std::string name, name_of(function));
  SMF_ASSIGN(std::vector<std::string> parameters, parameters_of(function, name, given));
  if (parameters.empty()) {
    if (!stands_alone) return {};
    return refuse(
        fmt::format("'{0}' has no generic parameters; name them with --generic {0}=T", name));
  }
  SMF_ASSIGN(TemplateSpec spec, make_template(function, TemplateKind::kFunction, std::move(name),
                                              std::move(parameters)));
  out.push_back(std::move(spec));
  return {};
}

Result<void> add_types(const Json& types, const GenericParameters& given,
                       std::vector<TemplateSpec>& out) {
  if (!types.is_array()) return refuse("\"types\" is no array");
  for (const Json& type : types) {
    if (!type.is_object()) return refuse("expected a type definition, a JSON object");
    SMF_ASSIGN(std::string name, name_of(type));
    const bool is_enum = type.contains("enum");
    if (is_enum == type.contains("struct"))
      return refuse(fmt::format("type '{}' needs either \"struct\" or \"enum\"", name));
    SMF_ASSIGN(std::vector<std::string> parameters, parameters_of(type, name, given));
    if (parameters.empty()) continue;
    SMF_ASSIGN(TemplateSpec spec,
               make_template(type, is_enum ? TemplateKind::kEnum : TemplateKind::kStruct,
                             std::move(name), std::move(parameters)));
    out.push_back(std::move(spec));
  }
  return {};
}

}  // namespace

Result<std::vector<TemplateSpec>> read_template_json(std::string_view text,
                                                     const GenericParameters& given) try {
  SMF_ASSIGN(const Json json, parse(text));
  std::vector<TemplateSpec> templates;
  const auto functions = json.is_object() ? json.find("functions") : json.end();
  const auto types = json.is_object() ? json.find("types") : json.end();
  if (json.is_array()) {
    SMF_TRY(add_types(json, given, templates));
  } else if (functions == json.end() && types == json.end()) {
    SMF_TRY(add_function(json, given, true, templates));
  }
  if (types != json.end()) SMF_TRY(add_types(*types, given, templates));
  if (functions != json.end()) {
    if (!functions->is_array()) return refuse("\"functions\" is no array");
    for (const Json& function : *functions)
      SMF_TRY(add_function(function, given, false, templates));
  }
  if (templates.empty()) return refuse("no generic template in it");
  return templates;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the templates");
}

}  // namespace smf::mir
