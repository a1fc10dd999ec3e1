// What --help prints.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace smf::tool {

// Own text, not CLI11's: that differs between the versions this is built with.
std::string help_text(const CLI::App& command, bool coloured);

}  // namespace smf::tool
