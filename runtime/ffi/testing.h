// For tests: what mapped files and executable memory have in common.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "runtime/os/page_size.h"

namespace smf::ffi {

// SMF_LONG=1 in the environment makes random runs long.
inline const bool kIsLong = std::getenv("SMF_LONG") != nullptr;

inline constexpr std::int64_t kNone = 0, kRead = 1, kWrite = 2, kExecute = 4;
inline constexpr std::int64_t kReadWrite = kRead | kWrite, kReadExecute = kRead | kExecute;

inline std::int64_t page_size() { return static_cast<std::int64_t>(os::page_size()); }

}  // namespace smf::ffi
