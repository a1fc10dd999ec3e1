// What --help prints.
#pragma once

#include <string>

#include "smftool/command_tree.h"

namespace smf::tool {

// Own text, not CLI11's: that differs between the versions this is built with.
std::string help_text(const CommandInfo& command, bool coloured);

}  // namespace smf::tool
