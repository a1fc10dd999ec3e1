// Rows of a note as JSON: the fields of smf.note/1 and smf.note-find/1.
#pragma once

#include "runtime/note/rows.h"
#include "smftool/json_output.h"

namespace smf::tool {

Json row_json(const InstantiationRow& row);
Json row_json(const PossibleRow& row);
Json row_json(const TypeInferenceRow& row);
Json row_json(const DependencyRow& row);
// `code` is what the table calls it: "severity" or "error_code".
Json row_json(const CircularRow& row, const char* code);

}  // namespace smf::tool
