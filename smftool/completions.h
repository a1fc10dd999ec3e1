// Completions for shells, made from the command line itself.
#pragma once

#include <string>

#include "smftool/command_tree.h"

namespace smf::tool {

// Scripts to source (bash), or to put where the shell looks for completions (zsh, fish).
std::string bash_completion(const CommandInfo& tool);
std::string zsh_completion(const CommandInfo& tool);
std::string fish_completion(const CommandInfo& tool);

}  // namespace smf::tool
