// How long something short takes, on a machine that has other things to do.
//
// Time is the processor's for this thread, which asking for takes a system call: so it is asked for
// once for `size` repetitions. What disturbs one group, as other programs' use of the caches does,
// the median over the groups leaves out. The mean has it, and what only happens now and then: code
// memory grows, a table is made anew.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <numeric>
#include <utility>
#include <vector>

#include "bench/results.h"
#include "bench/summary.h"

namespace smf::bench {

class ProcessorTime {
 public:
  double seconds() const { return now() - start_; }

 private:
  static double now() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
  double start_ = now();
};

// How many there are of what takes long, of `all`: fewer when brief.
inline int groups_of(int all) { return results().is_brief ? (all + 7) / 8 : all; }

// Calls f(0) to f(groups * size - 1), and makes the median of one call the time of this run.
// Returns the mean, in ns. For benchmarks with UseManualTime() and Iterations(1).
template <typename F>
double set_median_time(benchmark::State& state, int groups, int size, const F& f) {
  double mean = 0;
  for (auto _ : state) {
    std::vector<double> seconds;
    for (int group = 0, i = 0; group != groups; ++group) {
      const ProcessorTime time;
      for (int end = i + size; i != end; ++i) f(i);
      seconds.push_back(time.seconds() / size);
    }
    mean = 1e9 * std::accumulate(seconds.begin(), seconds.end(), 0.0) / groups;
    state.SetIterationTime(median(std::move(seconds)));
  }
  return mean;
}

}  // namespace smf::bench
