#include "bench/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "bench/latencies.h"
#include "bench/results.h"

namespace smf::bench {

void add_options(CLI::App& app, RunOptions& options) {
  app.add_option("--results", options.results, "a file for all figures, as JSON");
  app.add_flag("--quick", options.is_quick, "less of everything: to see that it works");
}

std::string from_start(const std::string& path) {
  const char* const start = std::getenv("SMF_WORKING_DIRECTORY");
  return start == nullptr || path.empty() ? path : (std::filesystem::path(start) / path).string();
}

int run_and_write(const RunOptions& options, const std::string& file_system,
                  const std::function<int()>& work) {
  Results& found = results();
  found.benchmark = program_invocation_short_name;
  found.is_brief = options.is_quick;
  auto libraries = std::move(found.environment.libraries);
  found.environment = examine_environment(file_system);
  found.environment.libraries = std::move(libraries);
  const Disturbance disturbance;
  if (const int status = work(); status != 0) return status;
  disturbance.tell(found.environment);
  for (Ratio& ratio : ratios_of(found.figures)) {
    // Who measured in pairs has told ratios of their own.
    const bool is_told = std::ranges::any_of(found.ratios, [&](const Ratio& each) {
      return each.peer == ratio.peer && each.unit == ratio.unit;
    });
    if (!is_told) found.ratios.push_back(std::move(ratio));
  }
  found.distributions = latencies();
  if (options.results.empty()) return 0;
  const auto written = write_results(found, from_start(options.results));
  if (written) return 0;
  fmt::print(stderr, "{}\n", written.error().describe());
  return 1;
}

}  // namespace smf::bench
