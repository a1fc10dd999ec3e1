// Files with MIR in any form, as the commands below `mir` read them.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/mir/json.h"
#include "runtime/mir/unit.h"

namespace smf::tool {

// NAME=T,U of --generic, one each.
Result<mir::GenericParameters> parse_generics(const std::vector<std::string>& texts);

// What is in the file: JSON, text, a template's body, or the templates of a module, a Unit each.
// "-" is standard input. Errors carry the path.
Result<std::vector<mir::Unit>> read_mir(const std::string& path,
                                        const mir::GenericParameters& given);

}  // namespace smf::tool
