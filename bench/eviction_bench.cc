// How often a cache finds what it is asked for: LRU, SIEVE, and the best that can be.
//
//   ./bazelw run -c opt //bench:eviction_bench
//   ./bazelw run -c opt //bench:eviction_bench -- --trace=FILE     (its text: traces/trace.h)
//
// Hit ratios, not times: they are the same on every machine. For each trace and caches of 1 % to
// 50 % of its keys: exact LRU and SIEVE as SmfCache has them (runtime/cache/eviction.h), and
// Belady's optimum, which knows the future and which nobody can beat. A loop is as long as the
// cache and a twentieth: LRU's worst case.
//
// traces/headers.trace is which headers a compiler opens while it compiles this project, file by
// file (traces/record.sh makes it anew): what a cache of modules would see of a build.
//
// Then an SmfCache itself is asked for modules in the order of a trace. By LRU it must have exactly
// the hits of the model, or the exit status is 1. What it has by SIEVE is told beside its model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/modules.h"
#include "bench/program.h"
#include "bench/results.h"
#include "bench/temporary_folder.h"
#include "bench/traces/simulation.h"
#include "bench/traces/trace.h"
#include "runtime/base/check.h"
#include "runtime/cache/cache.h"
#include "runtime/os/input_file.h"

namespace smf::bench {
namespace {

constexpr std::size_t kPercents[] = {1, 5, 10, 25, 50};
constexpr std::size_t kCheckedPercent = 10;
constexpr std::uint64_t kModuleSize = 2048;  // bytes

std::size_t part_of(std::size_t keys, std::size_t percent) {
  return std::max<std::size_t>(1, keys * percent / 100);
}

void print_head() {
  fmt::print("{:<18} {:>9} {:>7} {:>9} {:>7} {:>8} {:>8} {:>8} {:>12}\n", "trace", "asked", "keys",
             "capacity", "%", "lru", "sieve", "optimum", "sieve - lru");
}

void add_hit_ratio(std::string name, double ratio) {
  add_exact(std::move(name), "ratio", ratio, /*is_higher_better=*/true);
}

void print_row(std::string_view name, const Trace& trace, std::size_t keys, std::size_t percent,
               std::size_t capacity) {
  const auto ratio = [&](std::uint64_t hits) {
    return static_cast<double>(hits) / static_cast<double>(trace.size());
  };
  const double lru = ratio(simulate(trace, capacity, EvictionKind::kLru));
  const double sieve = ratio(simulate(trace, capacity, EvictionKind::kSieve));
  const double best = ratio(optimum(trace, capacity));
  const std::string subject = as_name(fmt::format("{} at {} percent", name, percent));
  add_hit_ratio(subject + "/ours", lru);  // what SmfCache does unless told otherwise
  add_hit_ratio(subject + "/ours_sieve", sieve);
  add_hit_ratio(subject + "/optimum", best);
  fmt::print("{:<18} {:>9} {:>7} {:>9} {:>7} {:>8.4f} {:>8.4f} {:>8.4f} {:>+12.4f}\n", name,
             trace.size(), keys, capacity, percent, lru, sieve, best, sieve - lru);
  std::fflush(stdout);
}

void show(std::string_view name, const Trace& trace) {
  const std::size_t keys = distinct_keys(trace);
  for (const std::size_t percent : kPercents)
    print_row(name, trace, keys, percent, part_of(keys, percent));
}

void show_loops(std::size_t keys, std::size_t count) {
  for (const std::size_t percent : kPercents) {
    const std::size_t capacity = part_of(keys, percent);
    const std::size_t longer = capacity + capacity / 20 + 1;
    print_row("loop", loop_trace(longer, count), longer, percent, capacity);
  }
}

Result<Trace> read_trace(const std::string& path) {
  SMF_ASSIGN(const os::FileBytes file, os::FileBytes::load(path));
  auto trace = parse_trace(as_text(file.bytes()));
  if (!trace) return std::unexpected(std::move(trace).error().at_path(path));
  return trace;
}

// Hits of a cache that is asked for a module for each key.
std::uint64_t hits_of_cache(const Trace& trace, const Modules& modules, std::size_t capacity,
                            EvictionKind kind) {
  auto cache = SmfCache::create(
      {.max_files = capacity, .eviction = kind, .revalidation = Revalidation::kNever});
  SMF_CHECK(cache);
  for (const Key key : trace) SMF_CHECK(cache->get(modules.paths()[key]));
  return cache->stats().hits;
}

// Keys from 0 on, in the order in which they appear.
Trace numbered(const Trace& trace) {
  std::unordered_map<Key, Key> numbers;
  Trace made;
  made.reserve(trace.size());
  for (const Key key : trace)
    made.push_back(numbers.try_emplace(key, static_cast<Key>(numbers.size())).first->second);
  return made;
}

int check_cache(std::string_view name, const Trace& asked, const std::string& folder) {
  const Trace trace = numbered(asked);
  const std::size_t keys = distinct_keys(trace);
  const std::size_t capacity = part_of(keys, kCheckedPercent);
  const Modules modules(folder + "/modules", keys, kModuleSize);
  bool is_exact = true;
  fmt::print("\nSmfCache, asked for {} of {} modules in the order of {}, {} of them cached:\n",
             trace.size(), keys, name, capacity);
  for (const EvictionKind kind : {EvictionKind::kLru, EvictionKind::kSieve}) {
    const std::uint64_t model = simulate(trace, capacity, kind);
    const std::uint64_t cache = hits_of_cache(trace, modules, capacity, kind);
    fmt::print("  {:<6} {} hits, the model {}: {}\n", eviction_name(kind), cache, model,
               cache == model ? "equal" : "NOT EQUAL");
    add_hit_ratio(fmt::format("smf_cache_at_{}_percent/ours{}", kCheckedPercent,
                              kind == EvictionKind::kSieve ? "_sieve" : ""),
                  static_cast<double>(cache) / static_cast<double>(trace.size()));
    is_exact = is_exact && cache == model;
  }
  return is_exact ? 0 : 1;
}

struct Options {
  std::string trace;     // the user's own
  std::string recorded;  // headers.trace
  std::size_t asked = 1'000'000;
};

// The exit status.
int run_all(const Options& options, const std::string& folder) {
  print_head();
  if (!options.trace.empty()) {
    const auto own = read_trace(options.trace);
    if (!own) {
      fmt::print(stderr, "{}\n", own.error().describe());
      return 1;
    }
    show("own", *own);
    return 0;
  }
  const std::size_t asked = options.asked, keys = std::max<std::size_t>(asked / 100, 100);
  show("zipf 0.8", zipf_trace(keys, asked, 0.8));
  show("zipf 1.0", zipf_trace(keys, asked, 1.0));
  show("zipf 1.0 + scans", scan_trace(keys, asked));
  show_loops(keys, asked / 10);
  show("build", build_trace(std::max<std::size_t>(asked / 20'000, 1)));
  const auto recorded = read_trace(options.recorded);
  if (!recorded) {
    fmt::print(stderr, "{}\n", recorded.error().describe());
    return 1;
  }
  show("headers (recorded)", *recorded);
  return check_cache("headers (recorded)", *recorded, folder);
}

// Where `bazel run` and `bazel test` start programs, a path from the root of the workspace holds.
constexpr const char* kRecorded = "bench/traces/headers.trace";

int run(int argc, char** argv) {
  CLI::App app("Hit ratios of ways to let modules go");
  Options options{.trace = {}, .recorded = kRecorded};
  RunOptions run_options;
  add_options(app, run_options);
  app.add_option("--trace", options.trace, "measure this one alone");
  app.add_option("--recorded", options.recorded, "the trace of this project");
  app.add_option("--asked", options.asked, "length of the generated traces");
  CLI11_PARSE(app, argc, argv);
  if (run_options.is_quick) options.asked = 20'000;
  options.trace = from_start(options.trace);
  const Place place = find_place({});
  return run_in_temporary_folder(place, [&](const std::string& own) {
    return run_and_write(run_options, place.file_system, [&] { return run_all(options, own); });
  });
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) { return smf::bench::run(argc, argv); }
