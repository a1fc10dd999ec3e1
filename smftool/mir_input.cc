#include "smftool/mir_input.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/mir/binary.h"
#include "runtime/mir/template_source.h"
#include "runtime/os/input_file.h"
#include "smftool/inspection.h"
#include "smftool/pack_options.h"

namespace smf::tool {
namespace {

Result<std::vector<mir::Unit>> units_of(const SmfView& view) {
  ByteVector storage;
  SMF_ASSIGN(const std::vector<TemplateSummary> templates, summarise_templates(view, storage));
  std::vector<mir::Unit> units;
  for (const TemplateSummary& one : templates) {
    if (one.error) return std::unexpected(*one.error);
    if (one.entry.body.empty()) continue;
    SMF_ASSIGN(mir::Unit unit, mir::read_body(one.entry.body));
    units.push_back(std::move(unit));
  }
  if (units.empty()) return fail(ErrorCode::kNotFound, "the module has no templates with bodies");
  return units;
}

Result<std::vector<mir::Unit>> units_in(Bytes bytes, const mir::GenericParameters& given) {
  const auto one = [](Result<mir::Unit> unit) -> Result<std::vector<mir::Unit>> {
    if (!unit) return std::unexpected(std::move(unit).error());
    std::vector<mir::Unit> units;
    units.push_back(*std::move(unit));
    return units;
  };
  if (!bytes.empty() && bytes.front() == std::byte{kTemplateBodyBinary})
    return one(mir::read_binary(bytes));
  if (const auto view = SmfView::open(bytes)) return units_of(*view);
  return one(mir::read_source(as_text(bytes), given));
}

}  // namespace

Result<mir::GenericParameters> parse_generics(const std::vector<std::string>& texts) {
  mir::GenericParameters given;
  for (const std::string& text : texts) {
    SMF_ASSIGN(GenericChoice choice, parse_generic_choice(text));
    given[std::move(choice.name)] = std::move(choice.parameters);
  }
  return given;
}

Result<std::vector<mir::Unit>> read_mir(const std::string& path,
                                        const mir::GenericParameters& given) {
  SMF_ASSIGN(const os::FileBytes file, os::FileBytes::load(path));
  auto units = units_in(file.bytes(), given);
  if (!units) return std::unexpected(std::move(units).error().at_path(path));
  return units;
}

}  // namespace smf::tool
