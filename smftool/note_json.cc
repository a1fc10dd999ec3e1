#include "smftool/note_json.h"

namespace smf::tool {
namespace {

Json id_json(const std::optional<std::int64_t>& id) { return id ? Json(*id) : Json(nullptr); }

}  // namespace

Json row_json(const InstantiationRow& row) {
  return {{"id", id_json(row.id)},      {"template", row.template_name},
          {"type_args", row.type_args}, {"mangled_name", row.mangled_name},
          {"from_file", row.from_file}, {"from_loc", row.from_loc},
          {"to_obj", row.to_obj},       {"status", row.status}};
}

Json row_json(const PossibleRow& row) {
  return {{"id", id_json(row.id)},          {"template", row.template_name},
          {"type_args", row.type_args},     {"mangled_name", row.mangled_name},
          {"required_by", row.required_by}, {"can_defer", row.can_defer}};
}

Json row_json(const TypeInferenceRow& row) {
  return {{"id", id_json(row.id)},      {"inferred_type", row.inferred_type},
          {"expr", row.expr},           {"context", row.context},
          {"from_file", row.from_file}, {"from_loc", row.from_loc}};
}

Json row_json(const DependencyRow& row) {
  return {{"from_inst", row.from_inst}, {"to_inst", row.to_inst}, {"dep_kind", row.dep_kind}};
}

Json row_json(const CircularRow& row, const char* code) {
  return {{"id", id_json(row.id)}, {"cycle_path", row.cycle_path}, {code, row.code}};
}

}  // namespace smf::tool
