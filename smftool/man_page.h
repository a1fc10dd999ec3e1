// The manual page, made from the command line itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace smf::tool {

// smftool(1), in troff with the man macros.
std::string man_page(const CLI::App& app);

}  // namespace smf::tool
