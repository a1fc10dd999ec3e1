// Templates as a module stores them: three generic functions read from the binary form, and the
// same from the compiler's JSON, beside what a bare parse of that JSON by nlohmann_json takes.
//
//   ./bazelw run -c opt //bench:mir_bench
//
// Every reader starts from bytes in memory. Ours end with a Unit, which the verifier and the code
// generator take; nlohmann_json ends with a tree that somebody has yet to walk.
#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/instructions.h"
#include "bench/json_version.h"
#include "bench/ratios.h"
#include "bench/results.h"
#include "runtime/base/check.h"
#include "runtime/mir/binary.h"
#include "runtime/mir/json.h"
#include "runtime/mir/sample_functions.h"

namespace smf::bench {
namespace {

// Without line ends, as the compiler prints them.
const std::vector<std::string>& texts() {
  static const std::vector<std::string> kTexts = [] {
    std::vector<std::string> all;
    for (const std::string_view function : mir::kSampleFunctions)
      all.push_back(mir::write_json(mir::read_json(function).value()));
    return all;
  }();
  return kTexts;
}
const std::vector<ByteVector>& binaries() {
  static const std::vector<ByteVector> kBinaries = [] {
    std::vector<ByteVector> all;
    for (const std::string& text : texts())
      all.push_back(mir::write_binary(mir::read_json(text).value()));
    return all;
  }();
  return kBinaries;
}

template <typename T>
std::size_t size_of(const std::vector<T>& inputs) {
  std::size_t bytes = 0;
  for (const T& one : inputs) bytes += one.size();
  return bytes;
}

template <typename T>
void set_rate(benchmark::State& state, const std::vector<T>& inputs) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size_of(inputs)));
}

void read_ours(benchmark::State& state) {
  for (auto _ : state) {
    for (const ByteVector& bytes : binaries()) {
      const auto unit = mir::read_binary(bytes);
      SMF_CHECK(unit && unit->functions.size() == 1);
    }
  }
  set_rate(state, binaries());
}

void read_json(benchmark::State& state) {
  for (auto _ : state) {
    for (const std::string& text : texts()) {
      const auto unit = mir::read_json(text);
      SMF_CHECK(unit && unit->functions.size() == 1);
    }
  }
  set_rate(state, texts());
}

void parse_nlohmann(benchmark::State& state) {
  for (auto _ : state) {
    for (const std::string& text : texts()) {
      const auto tree = nlohmann::json::parse(text);
      SMF_CHECK(tree.size() > 5);
    }
  }
  set_rate(state, texts());
}

void register_all() {
  register_deterministic("read_mir/ours", 100, read_ours)->Unit(benchmark::kMicrosecond);
  register_deterministic("read_mir/ours_json", 100, read_json)->Unit(benchmark::kMicrosecond);
  register_deterministic("read_mir/nlohmann_json_parse", 100, parse_nlohmann)
      ->Unit(benchmark::kMicrosecond);
}

void report_sizes() {
  add_exact("template_size/ours", "bytes", static_cast<double>(size_of(binaries())));
  add_exact("template_size/json", "bytes", static_cast<double>(size_of(texts())));
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) {
  smf::bench::register_all();
  return smf::bench::run_benchmarks(argc, argv, smf::bench::report_sizes);
}
