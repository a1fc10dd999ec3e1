#include "runtime/mir/template_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/mir/json_text.h"

namespace smf::mir {
namespace {

std::unexpected<Error> refuse_source(std::string message) {
  return fail(ErrorCode::kInvalidInput, std::move(message));
}

Result<std::string> name_of(const Json& object) {
  const auto name = object.find("name");
  if (name == object.end() || !name->is_string() || name->get_ref<const std::string&>().empty())
    return refuse_source("a template needs a \"name\"");
  return name->get<std::string>();
}

Result<std::vector<std::string>> parameters_of(const Json& object, const std::string& name,
                                               const GenericParameters& given) {
  std::vector<std::string> parameters;
  if (const auto list = object.find("generic_params"); list != object.end()) {
    if (!list->is_array())
      return refuse_source(fmt::format("template '{}': \"generic_params\" is no array", name));
    for (const Json& entry : *list) {
      if (!entry.is_string())
        return refuse_source(fmt::format("template '{}': a generic parameter is no string", name));
      parameters.push_back(entry.get<std::string>());
    }
  }
  if (parameters.empty()) {
    if (const auto found = given.find(name); found != given.end()) parameters = found->second;
  }
  const std::set<std::string_view> different(parameters.begin(), parameters.end());
  if (different.size() != parameters.size())
    return refuse_source(fmt::format("template '{}': two parameters have one name", name));
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
    return refuse_source(fmt::format("template '{}': a string is not UTF-8", spec.name));
  }
  return spec;
}

Result<void> add_function(const Json& function, const GenericParameters& given, bool stands_alone,
                          std::vector<TemplateSpec>& out) {
  if (!function.is_object()) return refuse_source("expected a function, a JSON object");
  SMF_ASSIGN(std::string name, name_of(function));
  SMF_ASSIGN(std::vector<std::string> parameters, parameters_of(function, name, given));
  if (parameters.empty()) {
    if (!stands_alone) return {};
    return refuse_source(
        fmt::format("'{0}' has no generic parameters; name them with --generic {0}=T", name));
  }
  SMF_ASSIGN(TemplateSpec spec, make_template(function, TemplateKind::kFunction, std::move(name),
                                              std::move(parameters)));
  out.push_back(std::move(spec));
  return {};
}

Result<void> add_types(const Json& types, const GenericParameters& given,
                       std::vector<TemplateSpec>& out) {
  if (!types.is_array()) return refuse_source("\"types\" is no array");
  for (const Json& type : types) {
    if (!type.is_object()) return refuse_source("expected a type definition, a JSON object");
    SMF_ASSIGN(std::string name, name_of(type));
    const bool is_enum = type.contains("enum");
    if (is_enum == type.contains("struct"))
      return refuse_source(fmt::format("type '{}' needs either \"struct\" or \"enum\"", name));
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
  SMF_ASSIGN(const Json json, parse_json(text));
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
    if (!functions->is_array()) return refuse_source("\"functions\" is no array");
    for (const Json& function : *functions)
      SMF_TRY(add_function(function, given, false, templates));
  }
  if (templates.empty()) return refuse_source("no generic template in it");
  return templates;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the templates");
}

}  // namespace smf::mir
