// Completions for shells, made from the command line itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace smf::tool {

// Scripts to source (bash), or to put where the shell looks for completions (zsh, fish).
std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace smf::tool
