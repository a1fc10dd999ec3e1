// --max-size and --max-ratio: how much a compressed section may expand to.
#pragma once

#include <CLI/CLI.hpp>

#include "runtime/format/compression.h"

namespace smf::tool {

// Adds both to `command`; they change `limits`, which must outlive it. Sets the tool's defaults.
void add_limit_options(CLI::App& command, DecompressionLimits& limits);

}  // namespace smf::tool
