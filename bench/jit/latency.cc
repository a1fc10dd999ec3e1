// From a symbol that is missing to a pointer to its code: jit_bench's rows of latencies.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/jit/median_time.h"
#include "bench/jit/sample.h"
#include "bench/jit/sample_module.h"
#include "bench/stopwatch.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

constexpr int kWarmUp = 200;
constexpr int kGroup = 10;
constexpr int kGroups = 120;
static_assert(kWarmUp + kGroup * kGroups <= kSampleRows);

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

// Each request compiles another instantiation.
template <UpdateMode kMode>
void cold(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(kMode);
  const auto& symbols = distinct_symbols();
  check_sift_down(request(*jit, symbols[0]));
  for (int i = 1; i != kWarmUp; ++i) request(*jit, symbols[i]);
  set_median_time(state, kGroups, kGroup, [&](int i) { request(*jit, symbols[kWarmUp + i]); });
  SMF_CHECK(jit->stats().compiled == kWarmUp + kGroup * kGroups && jit->stats().shared == 0);
}
BENCHMARK(cold<UpdateMode::kOff>)->Name("cold/ours")->UseManualTime()->Iterations(1);
BENCHMARK(cold<UpdateMode::kDeferred>)->Name("cold/ours_deferred")->UseManualTime()->Iterations(1);

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
BENCHMARK(forgotten)->Name("forgotten/ours")->UseManualTime()->Iterations(1);

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
BENCHMARK(first_touch)->Name("first_touch/ours")->UseManualTime()->Iterations(1);

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
BENCHMARK(sync)->Name("sync/ours")->UseManualTime()->Iterations(1);

// Another symbol, whose arguments are laid out as those of one that is compiled.
void equal_body(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  const auto& symbols = equal_symbols();
  const void* const code = request(*jit, symbols[0]);
  for (int i = 1; i != kWarmUp; ++i) SMF_CHECK(request(*jit, symbols[i]) == code);
  set_median_time(state, kGroups / 10, kGroup * 10,
                  [&](int i) { request(*jit, symbols[kWarmUp + i]); });
  SMF_CHECK(jit->stats().compiled == 1);
}
BENCHMARK(equal_body)->Name("equal_body/ours")->UseManualTime()->Iterations(1);

// One that is compiled, of as many.
void warm(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  const auto& symbols = equal_symbols();
  for (const std::string& symbol : symbols) request(*jit, symbol);
  set_median_time(state, 100, kSampleRows, [&](int i) {
    request(*jit, symbols[static_cast<std::size_t>(i % kSampleRows)]);
  });
}
BENCHMARK(warm)->Name("warm/ours")->UseManualTime()->Iterations(1);

// What another instantiator has left in the module.
void persisted(benchmark::State& state) {
  constexpr int kRequests = kWarmUp + kGroup * kGroups;
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
  set_median_time(state, kGroups, kGroup, [&](int i) { request(*jit, symbols[kWarmUp + i]); });
  SMF_CHECK(jit->stats().compiled == 0 && jit->stats().persisted_hits == kRequests);
}
BENCHMARK(persisted)->Name("persisted/ours")->UseManualTime()->Iterations(1);

// The same one again and again.
void warm_one(benchmark::State& state) {
  const SampleModule module;
  const auto jit = module.load(UpdateMode::kOff);
  const std::string& symbol = equal_symbols()[0];
  set_median_time(state, 100, 1000, [&](int /*i*/) { request(*jit, symbol); });
}
BENCHMARK(warm_one)->Name("warm_one/ours")->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace smf::bench
