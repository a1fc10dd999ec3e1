#include "bench/latencies.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "bench/stopwatch.h"
#include "bench/summary.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

struct Recorded {
  std::size_t group = 1;
  std::vector<std::uint64_t> ticks{};
};

std::mutex mutex;
std::map<std::string, Recorded>& recorded() {
  static std::map<std::string, Recorded> instance;
  return instance;
}

struct Counter {
  double ns_per_tick = 0;
  std::uint64_t ticks_of_reading = 0;
};

const Counter& counter() {
  static const Counter kCounter = [] {
    constexpr double kCalibrationNs = 20e6;
    constexpr std::size_t kReadings = 1001;
    Stopwatch watch;
    const std::uint64_t start = ticks_now();
    double ns = 0;
    while (ns < kCalibrationNs) ns += watch.lap();
    Counter made{.ns_per_tick = ns / static_cast<double>(ticks_now() - start)};
    std::vector<double> readings(kReadings);
    for (double& each : readings) {
      const std::uint64_t before = ticks_now();
      each = static_cast<double>(ticks_now() - before);
    }
    made.ticks_of_reading = static_cast<std::uint64_t>(median(std::move(readings)));
    return made;
  }();
  return kCounter;
}

Distribution distribution_of(const std::string& name, const Recorded& of) {
  const auto& [ns_per_tick, reading] = counter();
  std::vector<double> times;
  times.reserve(of.ticks.size());
  for (const std::uint64_t ticks : of.ticks) {
    const auto own = static_cast<double>(ticks - std::min(ticks, reading));
    times.push_back(own * ns_per_tick / static_cast<double>(of.group));
  }
  std::ranges::sort(times);
  return {.name = name,
          .count = times.size(),
          .group = of.group,
          .p50 = quantile(times, 0.5),
          .p90 = quantile(times, 0.9),
          .p99 = quantile(times, 0.99),
          .max = times.back(),
          .clock_ns = static_cast<double>(reading) * ns_per_tick};
}

}  // namespace

void add_latencies(const std::string& name, int group, std::vector<std::uint64_t> ticks) {
  const std::lock_guard lock(mutex);
  Recorded& known = recorded()[name];
  SMF_CHECK(group > 0 && (known.ticks.empty() || known.group == static_cast<std::size_t>(group)));
  known.group = static_cast<std::size_t>(group);
  known.ticks.insert(known.ticks.end(), ticks.begin(), ticks.end());
}

std::vector<Distribution> latencies() {
  const std::lock_guard lock(mutex);
  std::vector<Distribution> all;
  for (const auto& [name, of] : recorded()) {
    if (!of.ticks.empty()) all.push_back(distribution_of(name, of));
  }
  return all;
}

void print_latencies(const std::vector<Distribution>& distributions) {
  if (distributions.empty()) return;
  fmt::print("\n{:<52} {:>9} {:>6} {:>11} {:>11} {:>11} {:>13}\n", "operations one by one, ns",
             "count", "group", "p50", "p90", "p99", "max");
  for (const Distribution& of : distributions) {
    fmt::print("{:<52} {:>9} {:>6} {:>11.1f} {:>11.1f} {:>11.1f} {:>13.1f}\n", of.name, of.count,
               of.group, of.p50, of.p90, of.p99, of.max);
  }
}

}  // namespace smf::bench
