// Modules that are loaded before anyone asks for them.
//
// By threads of the call's own, not by those of load_pool.h: the caller waits and so is one of
// them, nothing has to be bounded or called off, and a callback of the pool may prefetch. Threads
// take the next path from a counter. A module costs tens of microseconds when the system has it in
// memory, about what starting a thread costs: what is gained is the disk, which is quicker when
// asked for many things at once, and the checking of headers on several processors.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/cache/cache.h"
#include "runtime/cache/load_pool.h"

namespace smf::internal {

// Whether the module had to be loaded.
Result<bool> prefetch(CacheState& state, std::string_view path, os::Advice advice);

// Calls `one` with each path, on several threads at once, and sums up. It must not throw.
using PrefetchOne = std::function<Result<bool>(const std::string& path)>;
Result<PrefetchReport> prefetch_all(std::span<const std::string> paths, unsigned workers,
                                    const PrefetchOne& one,
                                    const StartThread& start = start_thread);

}  // namespace smf::internal
