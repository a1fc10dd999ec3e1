#include "bench/ratios.h"

#include <fmt/format.h>

#include "bench/summary.h"

namespace smf::bench {
namespace {

// Google Benchmark appends arguments and options behind further slashes.
std::string first_two_parts(const std::string& name) {
  const auto first = name.find('/');
  if (first == std::string::npos) return name;
  return name.substr(0, name.find('/', first + 1));
}

}  // namespace

void RatioReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
    const double seconds = run.real_accumulated_time / static_cast<double>(run.iterations);
    times_[first_two_parts(run.benchmark_name())].push_back(seconds);
  }
  ConsoleReporter::ReportRuns(runs);
}

void RatioReporter::Finalize() {
  ConsoleReporter::Finalize();
  fmt::print("\n{:<24} {:<24} {:>14} {:>14} {:>9}\n", "subject", "peer", "ours", "peer's",
             "ours/peer");
  for (const auto& [name, times] : times_) {
    const auto slash = name.find('/');
    if (slash == std::string::npos || name.substr(slash) == "/ours") continue;
    const auto ours = times_.find(name.substr(0, slash) + "/ours");
    if (ours == times_.end()) continue;
    const double mine = median(ours->second), theirs = median(times);
    fmt::print("{:<24} {:<24} {:>11.3f} us {:>11.3f} us {:>9.3f}\n", name.substr(0, slash),
               name.substr(slash + 1), mine * 1e6, theirs * 1e6, mine / theirs);
  }
}

int run_benchmarks(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  // In front, so that the caller's own flags win.
  words.insert(words.begin() + 1,
               {"--benchmark_repetitions=9", "--benchmark_enable_random_interleaving=true",
                "--benchmark_report_aggregates_only=false"});
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

}  // namespace smf::bench
