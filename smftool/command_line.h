// The command line as a tree of CLI11 commands, and what was understood of it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "smftool/context.h"

namespace smf::tool {

inline constexpr const char* kVersion = "0.1.0";

// The whole tree. The commands keep references to `context`.
std::unique_ptr<CLI::App> make_command_line(Context& context);

}  // namespace smf::tool
