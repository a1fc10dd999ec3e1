// How many instructions an iteration takes, counted by valgrind's callgrind: `--instructions`.
//
// A time differs from run to run by more than most changes make; a count of instructions does not
// differ at all, for a benchmark whose work depends on nothing but its program: one thread, no
// clock, no address or number of the process in what is hashed. Which those are is said where they
// are registered, with register_deterministic().
//
// The program is run by valgrind twice, with N and with 2 N iterations of each, without address
// space randomisation, all symbols bound, an empty environment and files of names that stay the
// same. What callgrind counts starts and ends with the loop of Google Benchmark; the difference of
// the two, divided by N, has neither what the first iterations alone do nor what entering the loop
// takes. Sizes are the full ones, also with --quick.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "bench/results.h"
#include "runtime/base/error.h"

namespace smf::bench {

using Benchmark = std::remove_pointer_t<decltype(benchmark::RegisterBenchmark(
    std::declval<const char*>(), std::declval<void (*)(benchmark::State&)>()))>;

// `iterations`: N.
void count_iterations(std::string name, int iterations, Benchmark* benchmark);
void count_only(std::string name, int iterations, void (*function)(benchmark::State&));

// As benchmark::RegisterBenchmark(), for a benchmark as above. `iterations` are as many as make
// what happens now and then, such as a table that grows, part of the mean.
template <typename F, typename... Arguments>
Benchmark* register_deterministic(const char* name, int iterations, F&& function,
                                  Arguments&&... arguments) {
  Benchmark* const made = benchmark::RegisterBenchmark(name, std::forward<F>(function),
                                                       std::forward<Arguments>(arguments)...);
  count_iterations(name, iterations, made);
  return made;
}

// Runs this program again to count, and adds figures of unit "instructions"; where there is no
// valgrind, says so in `left_out`. `filter`: a regular expression for names; empty: all.
Result<void> count_instructions(const std::string& filter);

// In the program that is run again: sets up what is counted, `times` N iterations of each, and
// returns the expression that --benchmark_filter wants.
std::string prepare_counting(int times, const std::string& filter);

}  // namespace smf::bench
