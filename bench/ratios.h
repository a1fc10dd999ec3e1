// A benchmark reporter that ends with ratios.
//
// Absolute times of a shared machine say little; what is compared is ours against a peer in the
// same run. Benchmarks named "SUBJECT/ours…" and "SUBJECT/PEER…" are put side by side, by the
// median over the repetitions where there are several.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace smf::bench {

class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

 private:
  // Seconds of each run, by the benchmark's name.
  std::map<std::string, std::vector<double>> times_;
};

// Runs what is registered, with repetitions in random order unless flags say otherwise, and
// reports.
int run_benchmarks(int argc, char** argv);

}  // namespace smf::bench
