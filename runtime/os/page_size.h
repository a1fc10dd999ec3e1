// The size of a page of memory.
#pragma once

#include <unistd.h>

#include <cstdint>

namespace smf::os {

// Async-signal-safe from the second call on.
inline std::uint64_t page_size() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

}  // namespace smf::os
