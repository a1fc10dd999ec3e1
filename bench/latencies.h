// How long single operations take, and how that is distributed: what a mean does not say.
//
// Read from the processor's own counter, the cheapest clock there is: an operation of 12 ns would
// not be seen beside a system's clock. What reading it takes is measured and subtracted. Operations
// shorter than that are timed in small groups; the distribution says of how many, and its longest
// time is then a group's divided by that. The time is that of the clock on the wall: an interrupt
// within an operation is in it, and so the greatest is the machine's as much as the program's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/results.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#elif !defined(__aarch64__)
#include <chrono>
#endif

namespace smf::bench {

// Not before what stands in front of it is done.
inline std::uint64_t ticks_now() {
#if defined(__x86_64__)
  _mm_lfence();
  const std::uint64_t ticks = __rdtsc();
  _mm_lfence();
  return ticks;
#elif defined(__aarch64__)
  std::uint64_t ticks = 0;
  asm volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks)::"memory");
  return ticks;
#else
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count());
#endif
}

// Adds the ticks of groups of `group` operations to the distribution `name`. Thread-safe.
void add_latencies(const std::string& name, int group, std::vector<std::uint64_t> ticks);

// Times f(first), f(first + 1), … for `groups` groups.
template <typename F>
void time_each(const std::string& name, int first, int groups, int group, const F& f) {
  std::vector<std::uint64_t> ticks(static_cast<std::size_t>(groups));
  int i = first;
  for (std::uint64_t& each : ticks) {
    const std::uint64_t start = ticks_now();
    for (const int end = i + group; i != end; ++i) f(i);
    each = ticks_now() - start;
  }
  add_latencies(name, group, std::move(ticks));
}

// Of all that was added since the program began.
std::vector<Distribution> latencies();

void print_latencies(const std::vector<Distribution>& distributions);

}  // namespace smf::bench
