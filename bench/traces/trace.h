// Sequences of keys, as caches are asked for them.
//
// Generated ones each have one property that decides between ways of eviction; recorded ones have
// whatever programs have. All are the same on every machine.
//
// The text of a recorded trace: a line is a number, or FIRST-LAST for all numbers from the first to
// the last, upwards; empty lines and what begins with # count for nothing. In those of
// record.sh keys are numbered by their first appearance, so that what comes again in the same
// order, as a header's own headers do, becomes one line: half the bytes of a number a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"

namespace smf::bench {

using Key = std::uint32_t;
using Trace = std::vector<Key>;

constexpr std::size_t kMostKeys = 50'000'000;  // of a trace that is read

// kInvalidInput with the line's number, kLimit.
Result<Trace> parse_trace(std::string_view text);

// `count` keys of `keys`, by Zipf's law.
Trace zipf_trace(std::size_t keys, std::size_t count, double exponent);

// The same with exponent 1, and every 5 000 keys a pass over 2 000 that are never asked for again.
Trace scan_trace(std::size_t keys, std::size_t count);

// 0, 1, … keys - 1, again and again.
Trace loop_trace(std::size_t keys, std::size_t count);

// A compiler's modules, over builds: 60 packages of 20 modules that depend on earlier packages. A
// build is a sequence of jobs, one for each module of the packages that changed and of some that
// depend on them; a job asks for 40 modules of the language, for its package's dependencies in
// order, a third of each, and for those of its own package that come before its own.
Trace build_trace(std::size_t builds);

std::size_t distinct_keys(const Trace& trace);

}  // namespace smf::bench
