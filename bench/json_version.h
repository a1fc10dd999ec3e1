// Tells results() which nlohmann_json a benchmark measures.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/results.h"

namespace smf::bench {

[[maybe_unused]] inline const bool kIsJsonTold = tell_library(
    "nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                 NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH));

}  // namespace smf::bench
