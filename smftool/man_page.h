// The manual page, made from the command line itself.
#pragma once

#include <string>

#include "smftool/command_tree.h"

namespace smf::tool {

// smftool(1), in troff with the man macros.
std::string man_page(const CommandInfo& tool);

}  // namespace smf::tool
