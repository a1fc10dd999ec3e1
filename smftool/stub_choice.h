// The stub in front of a module: a line that names an interpreter, or a program.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/format/source.h"

namespace smf::tool {

// "shebang" is the line that runs `simple`; anything else is the path of a file.
Result<Source> choose_stub(const std::string& text);

}  // namespace smf::tool
