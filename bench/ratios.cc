#include "bench/ratios.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "bench/instructions.h"
#include "bench/latencies.h"
#include "bench/program.h"
#include "bench/results.h"
#include "bench/temporary_folder.h"

namespace smf::bench {
namespace {

struct KnownCounter {
  std::string_view name, unit;
  bool is_exact;
};
constexpr std::array<KnownCounter, 6> kCounters = {{
    {"mean_ns", "ns", false},
    {"stored", "ratio", true},  // of what was packed
    {"syncs", "calls", true},
    {"faults", "faults", false},
    {"faults_open", "faults", false},
    {"faults_find", "faults", false},
}};

// Google Benchmark appends arguments and options behind further slashes.
std::string first_two_parts(const std::string& name) {
  const auto first = name.find('/');
  if (first == std::string::npos) return name;
  return name.substr(0, name.find('/', first + 1));
}

Figure& figure(const std::string& name, std::string_view unit, bool is_exact) {
  auto& all = results().figures;
  const auto known = std::ranges::find_if(
      all, [&](const Figure& each) { return each.name == name && each.unit == unit; });
  if (known != all.end()) return *known;
  return all.emplace_back(
      Figure{.name = name, .unit = std::string(unit), .samples = {}, .is_exact = is_exact});
}

class Reporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration && run.iterations != 0) add(run);
    }
    ConsoleReporter::ReportRuns(runs);
  }

 private:
  static void add(const Run& run) {
    const std::string name = first_two_parts(run.benchmark_name());
    // The processor's time for this thread, where the benchmark does not say that it wants another:
    // other programs are less in it.
    const double seconds =
        run.run_name.time_type.empty() ? run.cpu_accumulated_time : run.real_accumulated_time;
    figure(name, "ns", false)
        .samples.push_back(1e9 * seconds / static_cast<double>(run.iterations));
    for (const KnownCounter& known : kCounters) {
      const auto counter = run.counters.find(std::string(known.name));
      if (counter == run.counters.end()) continue;
      const auto slash = std::min(name.find('/'), name.size());
      Figure& of =
          figure(fmt::format("{}.{}{}", name.substr(0, slash), known.name, name.substr(slash)),
                 known.unit, known.is_exact);
      if (!known.is_exact || of.samples.empty()) of.samples.push_back(counter->second.value);
    }
  }
};

struct Options : RunOptions {
  bool counts_instructions = false;
  int count = 0;       // the program is run by valgrind
  std::string filter;  // Google Benchmark's
};

// False where there is one that nobody knows.
bool initialize(char* program, std::vector<std::string> words) {
  words.insert(words.begin(), program);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  benchmark::Initialize(&count, pointers.data());
  return !benchmark::ReportUnrecognizedArguments(count, pointers.data());
}

int count_only_run(const Options& options, char* program) {
  const std::string filter = prepare_counting(options.count, options.filter);
  if (!initialize(program, {"--benchmark_filter=" + filter, "--benchmark_repetitions=1"})) return 2;
  return benchmark::RunSpecifiedBenchmarks() != 0 ? 0 : 1;
}

int measure(const Options& options, const std::function<void()>& more) {
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  // They came in random order.
  std::ranges::sort(results().figures, {}, [](const Figure& each) { return each.name; });
  if (more) more();
  const auto counted =
      options.counts_instructions ? count_instructions(options.filter) : Result<void>();
  if (!counted) fmt::print(stderr, "{}\n", counted.error().describe());
  print_ratios(ratios_of(results().figures), results().figures);
  print_latencies(latencies());
  return counted ? 0 : 1;
}

}  // namespace

int run_benchmarks(int argc, char** argv, const std::function<void()>& more) {
  CLI::App app("Benchmarks, with Google Benchmark's options beside these");
  Options options;
  add_options(app, options);
  app.add_flag("--instructions", options.counts_instructions,
               "count the instructions of those that are deterministic, by valgrind");
  app.add_option("--count", options.count, "what --instructions runs")->group("");
  app.add_option("--benchmark_filter", options.filter, "a regular expression: these alone");
  app.allow_extras();
  CLI11_PARSE(app, argc, argv);
  if (options.count != 0) return count_only_run(options, argv[0]);
  results().is_brief = options.is_quick;
  // An odd number, so that a median is a sample. In front, so that the caller's own flags win.
  std::vector<std::string> words = {
      options.is_quick ? "--benchmark_repetitions=3" : "--benchmark_repetitions=11",
      options.is_quick ? "--benchmark_min_time=0.005" : "--benchmark_min_time=0.2",
      "--benchmark_enable_random_interleaving=true"};
  if (!options.filter.empty()) words.push_back("--benchmark_filter=" + options.filter);
  for (const std::string& word : app.remaining()) words.push_back(word);
  if (!initialize(argv[0], words)) return 2;
  return run_and_write(options, file_system_of(folder_for_temporary_files()),
                       [&] { return measure(options, more); });
}

}  // namespace smf::bench
