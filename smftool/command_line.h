// The command line as a whole.
#pragma once

#include "smftool/command_tree.h"

namespace smf::tool {

inline constexpr const char* kVersion = "0.1.0";

// All commands, for the man page and the completions.
CommandInfo describe_command_line();

}  // namespace smf::tool
