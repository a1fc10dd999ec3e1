#include "bench/jit/calls.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bench/jit/sample_module.h"
#include "bench/system_calls.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

constexpr int kBefore = 20;
constexpr int kCounted = 1000;
static_assert(kBefore + kCounted <= kSampleRows);

void request(JitInstantiator& jit, const std::string& symbol) {
  SMF_CHECK(jit.try_jit_instantiate(symbol).is_success());
}

using Symbol = std::string (*)(int);

// Requests for symbols one after the other, when some were made already.
void count(const SampleModule& module, const char* subject, const char* who, UpdateMode mode,
           int counted, Symbol symbol) {
  add_system_calls(subject, who, counted, [=, &module] {
    const std::shared_ptr<JitInstantiator> jit = module.load(mode);
    for (int i = 0; i != kBefore; ++i) request(*jit, symbol(i));
    std::vector<std::string> symbols;
    for (int i = 0; i != counted; ++i) symbols.push_back(symbol(kBefore + i));
    return [jit, symbols](int i) { request(*jit, symbols[static_cast<std::size_t>(i)]); };
  });
}

// Always one symbol.
void count_warm(const SampleModule& module) {
  add_system_calls("warm", "ours", kCounted, [&] {
    const std::shared_ptr<JitInstantiator> jit = module.load(UpdateMode::kOff);
    const std::string symbol = distinct_symbol(0);
    request(*jit, symbol);
    return [jit, symbol](int /*i*/) { request(*jit, symbol); };
  });
}

}  // namespace

void report_system_calls() {
  {
    const SampleModule module;
    count(module, "cold", "ours", UpdateMode::kOff, kCounted, distinct_symbol);
    count(module, "equal_body", "ours", UpdateMode::kOff, kCounted, equal_symbol);
    count_warm(module);
    count(module, "cold", "ours_deferred", UpdateMode::kDeferred, kCounted, distinct_symbol);
  }
  const SampleModule module;
  {
    const auto jit = module.load(UpdateMode::kDeferred);
    for (int i = 0; i != kBefore + kCounted; ++i) request(*jit, distinct_symbol(i));
    SMF_CHECK(jit->flush());
  }
  count(module, "persisted", "ours", UpdateMode::kOff, kCounted, distinct_symbol);
  const SampleModule written;
  count(written, "sync", "ours", UpdateMode::kSync, 10, distinct_symbol);
}

}  // namespace smf::bench
