// AsmJit's Compiler, in jit_bench's rows: from the optimised LIR that our own allocator gets, so
// without what instantiating, checking and optimising cost us; to a pointer in AsmJit's memory, and
// that given back.
#include <benchmark/benchmark.h>

#include "bench/jit/asmjit_compiler.h"
#include "bench/jit/median_time.h"
#include "bench/jit/sample.h"
#include "bench/latencies.h"
#include "runtime/base/check.h"
#include "runtime/codegen/lowering.h"
#include "runtime/codegen/optimiser.h"
#include "runtime/mir/text.h"

namespace smf::bench {
namespace {

codegen::Function sample_function() {
  mir::Program program;
  mir::Layouts layouts(program);
  auto unit = mir::read_text(kSiftDown);
  SMF_CHECK(unit && program.add(*std::move(unit)));
  const auto id =
      program.make({.name = "sift_down", .arguments = {*program.type("i64"), *program.type("u8")}});
  SMF_CHECK(id);
  codegen::Function function;
  codegen::Lowering(program, layouts, {.features = codegen::native_features()})
      .lower(*id, std::span(&*id, 1), function);
  codegen::Optimiser().optimise(function);
  return function;
}

void cold_asmjit(benchmark::State& state) {
  const codegen::Function function = sample_function();
  AsmJitCompiler compiler;
  check_sift_down(compiler.compile(function));
  const auto one = [&](int /*i*/) {
    void* const code = compiler.compile(function);
    SMF_CHECK(code != nullptr);
    compiler.release(code);
  };
  state.counters["mean_ns"] = set_median_time(state, 120, 10, one);
  time_each("cold/asmjit", 0, 600, 1, one);
}
BENCHMARK(cold_asmjit)->Name("cold/asmjit")->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace smf::bench
