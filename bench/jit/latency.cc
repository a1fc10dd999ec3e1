// From a symbol that is missing to a pointer to its code: jit_bench's rows of latencies.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/instructions.h"
#include "bench/jit/median_time.h"
#include "bench/jit/sample.h"
#include "bench/jit/sample_module.h"
#include "bench/latencies.h"
#include "bench/stopwatch.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

constexpr int kWarmUp = 200;
constexpr int kGroup = 10;
constexpr int kGroups = 60;
constexpr int kInGroups = kGroup * kGroups;
constexpr int kSingles = 600;  // timed one by one, for the distribution
constexpr int kRequests = kWarmUp + kInGroups + kSingles;
static_assert(kRequests <= kSampleRows);
constexpr int kWarmInGroup = 16;  // one is about as short as reading the clock

std::vector<std::string> symbols_of(std::string (*symbol)(int)) {
  std::vector<std::string> symbols;
  for (int i = 0; i != kSampleRows; ++i) symbols.push_back(symbol(i));
  return symbols;
}
const std::vector<std::string>& distinct_symbols() {
  static const std::vector<std::string> kSymbols = symbols_of(distinct_symbol);
  return kSymbols;
}
const std::vector<std::string>& equal_symbols() {
  static const std::vector<std::string> kSymbols = symbols_of(equal_symbol);
  return kSymbols;
}

const void* request(JitInstantiator& jit, const std::string& symbol) {
  const JitResult result = jit.try_jit_instantiate(symbol);
  SMF_CHECK(result.is_success());
  return result.address();
}

// The median of groups of requests of f(0), …, and then how single ones are distributed.
template <typename F>
void measure(benchmark::State& state, const char* name, const F& f) {
  state.counters["mean_ns"] =
      set_median_time(state, kGroups, kGroup, [&](int i) { f(kWarmUp + i); });
  time_each(name, kWarmUp + kInGroups, kSingles, 1, f);
}

// Each request compiles another instantiation.
template <UpdateMode kMode>
void cold(benchmark::State& state, const char* name) {
  const SampleModule module;
  const auto jit = module.load(kMode);
  const auto& symbols = distinct_symbols();
  check_sift_down(request(*jit, symbols[0]));
  for (int i = 1; i != kWarmUp; ++i) request(*jit, symbols[i]);
  measure(state, name, [&](int i) { request(*jit, symbols[i]); });
  SMF_CHECK(jit->stats().compiled == kRequests && jit->stats().shared == 0);
}

// A symbol that was compiled before, and forgotten: the instantiator's session goes with it.
void forgotten(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  const std::string& symbol = distinct_symbols()[0];
  std::vector<double> seconds;
  for (auto _ : state) {
    for (int i = 0; i != kGroups; ++i) {
      request(*jit, symbol);
      SMF_CHECK(jit->forget(symbol));
      const ProcessorTime time;
      request(*jit, symbol);
      seconds.push_back(time.seconds());
    }
    state.SetIterationTime(median(seconds));
  }
}

// The first request of an instantiator: the template is read and verified, memory fetched.
void first_touch(benchmark::State& state) {
  const SampleModule module;
  std::vector<double> seconds;
  for (auto _ : state) {
    for (int i = 0; i != 20; ++i) {
      const auto jit = module.load(UpdateMode::kOff);
      const ProcessorTime time;
      request(*jit, distinct_symbols()[0]);
      seconds.push_back(time.seconds());
    }
    state.SetIterationTime(median(seconds));
  }
}

// The row has moved on disk when the request returns. The clock's time: most of it is waiting.
void sync(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kSync);
  request(*jit, distinct_symbols()[0]);
  std::vector<double> seconds;
  for (auto _ : state) {
    for (int i = 1; i != 20; ++i) {
      Stopwatch watch;
      request(*jit, distinct_symbols()[i]);
      seconds.push_back(watch.lap() * 1e-9);
    }
    state.SetIterationTime(median(seconds));
  }
}

// Another symbol, whose arguments are laid out as those of one that is compiled.
void equal_body(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  const auto& symbols = equal_symbols();
  const void* const code = request(*jit, symbols[0]);
  for (int i = 1; i != kWarmUp; ++i) SMF_CHECK(request(*jit, symbols[i]) == code);
  measure(state, "equal_body/ours", [&](int i) { request(*jit, symbols[i]); });
  SMF_CHECK(jit->stats().compiled == 1);
}

// One that is compiled, of as many.
void warm(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  const auto& symbols = equal_symbols();
  for (const std::string& symbol : symbols) request(*jit, symbol);
  const auto one = [&](int i) {
    request(*jit, symbols[static_cast<std::size_t>(i % kSampleRows)]);
  };
  state.counters["mean_ns"] = set_median_time(state, 100, kSampleRows, one);
  time_each("warm/ours", 0, kSingles, kWarmInGroup, one);
}

// What another instantiator has left in the module.
void persisted(benchmark::State& state) {
  const auto& symbols = distinct_symbols();
  static const SampleModule module;
  static const bool kIsMade = [&] {
    const auto jit = module.load(UpdateMode::kDeferred);
    for (int i = 0; i != kRequests; ++i) request(*jit, symbols[i]);
    return jit->flush().has_value();
  }();
  SMF_CHECK(kIsMade);
  const auto jit = module.load(UpdateMode::kOff);
  check_sift_down(request(*jit, symbols[0]));
  for (int i = 1; i != kWarmUp; ++i) request(*jit, symbols[i]);
  measure(state, "persisted/ours", [&](int i) { request(*jit, symbols[i]); });
  SMF_CHECK(jit->stats().compiled == 0 && jit->stats().persisted_hits == kRequests);
}

// The same one again and again.
void warm_one(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  const std::string& symbol = equal_symbols()[0];
  state.counters["mean_ns"] =
      set_median_time(state, 100, 1000, [&](int /*i*/) { request(*jit, symbol); });
}

// Requests of the loop that instructions are counted in.
void count_cold(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  int i = 0;
  for (; i != kWarmUp; ++i) request(*jit, distinct_symbols()[i]);
  for (auto _ : state) request(*jit, distinct_symbols()[i++]);
}
void count_equal_body(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  int i = 0;
  for (; i != kWarmUp; ++i) request(*jit, equal_symbols()[i]);
  for (auto _ : state) request(*jit, equal_symbols()[i++]);
}
void count_warm(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  for (const std::string& symbol : equal_symbols()) request(*jit, symbol);
  int i = 0;
  for (auto _ : state) request(*jit, equal_symbols()[i++]);
}

[[maybe_unused]] const bool kAreRegistered = [] {
  const auto add = [](const char* name, auto function, auto... arguments) {
    benchmark::RegisterBenchmark(name, function, arguments...)->UseManualTime()->Iterations(1);
  };
  add("cold/ours", cold<UpdateMode::kOff>, "cold/ours");
  add("cold/ours_deferred", cold<UpdateMode::kDeferred>, "cold/ours_deferred");
  add("forgotten/ours", forgotten);
  add("first_touch/ours", first_touch);
  add("sync/ours", sync);
  add("equal_body/ours", equal_body);
  add("warm/ours", warm);
  add("persisted/ours", persisted);
  add("warm_one/ours", warm_one);
  constexpr int kCounted = 500;
  static_assert(kWarmUp + 2 * kCounted <= kSampleRows);
  count_only("cold/ours", kCounted, count_cold);
  count_only("equal_body/ours", kCounted, count_equal_body);
  count_only("warm/ours", kCounted, count_warm);
  return true;
}();

}  // namespace
}  // namespace smf::bench
