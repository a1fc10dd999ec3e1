#include "runtime/mir/template_source.h"

#include <fmt/format.h>

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/mir/binary.h"
#include "runtime/mir/excerpt.h"
#include "runtime/mir/text.h"

namespace smf::mir {
namespace {

Result<TemplateSpec> make_template(const Unit& unit, TemplateKind kind, StringId name,
                                   List parameters, const Unit& body) {
  TemplateSpec spec{
      .kind = kind, .name = std::string(unit.string(name)), .parameters = {}, .body = {}};
  for (const Parameter& one : Unit::of(unit.parameters, parameters))
    spec.parameters.emplace_back(unit.string(one.name));
  if (spec.name.empty()) return fail(ErrorCode::kInvalidInput, "a template has no name");
  spec.body = write_binary(body);
  return spec;
}

}  // namespace

Result<Unit> read_source(std::string_view text, const GenericParameters& given) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  // Neither begins a text. What is empty is no JSON either.
  const bool is_json = first == std::string_view::npos || text[first] == '{' || text[first] == '[';
  return is_json ? read_json(text, given) : read_text(text);
}

Result<std::vector<TemplateSpec>> make_templates(const Unit& unit,
                                                 std::span<const Unit> types) try {
  std::vector<TemplateSpec> templates;
  for (std::size_t i = 0; i != unit.definitions.size(); ++i) {
    const Definition& one = unit.definitions[i];
    if (one.parameters.count == 0) continue;
    SMF_ASSIGN(TemplateSpec spec,
               make_template(unit, one.is_enum ? TemplateKind::kEnum : TemplateKind::kStruct,
                             one.name, one.parameters, excerpt_of_definition(unit, i, types)));
    templates.push_back(std::move(spec));
  }
  for (std::size_t i = 0; i != unit.functions.size(); ++i) {
    const Function& one = unit.functions[i];
    if (one.parameters.count == 0) continue;
    SMF_ASSIGN(TemplateSpec spec,
               make_template(unit, TemplateKind::kFunction, one.name, one.parameters,
                             excerpt_of_function(unit, i, types)));
    templates.push_back(std::move(spec));
  }
  return templates;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the templates");
} catch (const std::length_error&) {
  return fail(ErrorCode::kLimit, "2^30 things in a template");
}

Result<Unit> read_body(Bytes body) try {
  if (body.empty() || body.front() != std::byte{kTemplateBodyJson}) return read_binary(body);
  const std::string_view text = as_text(body.subspan(1));
  auto unit = read_json(text);
  if (unit) return unit;
  // A definition stood alone.
  auto definitions = read_json(fmt::format("[{}]", text));
  return definitions ? std::move(definitions) : std::move(unit);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the template");
}

}  // namespace smf::mir
