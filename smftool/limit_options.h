// --max-size and --max-ratio: how much a compressed section may expand to.
#pragma once

#include "runtime/format/compression.h"
#include "smftool/command.h"

namespace smf::tool {

// Adds both to `command`; they change `limits`, which must outlive it. Sets the tool's defaults.
void add_limit_options(Command& command, DecompressionLimits& limits);

}  // namespace smf::tool
