// Templates as the compiler prints them: JSON, one function or a module of them.
//
// What a module stores of a template today is its kind, its name, its parameter names and the JSON
// itself, compact and otherwise unchanged, as a body of form kTemplateBodyJson. Nothing is checked
// inside the body; the parameters are needed because a name like "T" means something only with
// them.
//
//   {"name": "identity", "signature": …, "blocks": …, "generic_params": ["T"]}       a function
//   {"name": "m", "functions": [FUNCTION…], "types": [TYPE…]}                        a module
//   [TYPE…] or {"types": [TYPE…]}                                                    type
//   definitions
//
// where a TYPE {"name": "List", "generic_params": ["T"], "struct": … or "enum": …} is a template if
// it has parameters. Functions of a module that have none are ordinary functions and left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/templates.h"
#include "runtime/mir/json.h"

namespace smf::mir {

// The templates in `text`, in their order. `given` counts where the JSON names none; a function
// that stands alone in its file and has parameters from neither is an error. Errors say
// LINE:COLUMN.
Result<std::vector<TemplateSpec>> read_template_json(std::string_view text,
                                                     const GenericParameters& given = {});

}  // namespace smf::mir
