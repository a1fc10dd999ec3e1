// How many keys of a trace a cache finds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/traces/trace.h"
#include "runtime/cache/eviction.h"

namespace smf::bench {

// Hits of a cache for `capacity` keys, at least 1, that lets keys go by `kind`: through the
// interface that SmfCache uses, with stamps as one thread leaves them.
std::uint64_t simulate(const Trace& trace, std::size_t capacity, EvictionKind kind);

// Hits of the best cache there can be, which knows the future: it lets the key go that is asked for
// the latest (L. A. Belady, 1966). Like the others it takes every key in.
std::uint64_t optimum(const Trace& trace, std::size_t capacity);

}  // namespace smf::bench
