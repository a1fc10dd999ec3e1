// How long it takes until a symbol that is missing can be called, and how fast its code is.
//
//   ./bazelw run -c opt //bench:jit_bench
//   ./bazelw run -c opt --define=peers=jit //bench:jit_bench     also LLVM, libgccjit and TCC
//
// Rows of latency; the function is jit/sample.h's, of 31 instructions of MIR:
//   cold          a request that compiles: another instantiation each time, updates off, or
//                 deferred. The peers get the same function: AsmJit's Compiler as optimised LIR,
//                 and LLVM's LLJIT as IR text, libgccjit through its calls, TCC as C, all three
//                 told not to optimise
//   forgotten     the same symbol again, after forget()
//   equal_body    a request for another symbol whose code is there
//   persisted     a request for what another instantiator compiled and left in the module
//   warm, warm_one    a request for what is compiled: one of 1 500, always the same
//   first_touch   the first request of an instantiator, which reads and verifies the template
//   sync          a request that compiles, and moves the row in the module's file before it returns
// Rows run_*: how long the code of templates runs, beside the same in C by gcc -O2
// -fno-tree-vectorize (jit/loops.c).
//
// After the ratios: how single requests are distributed (latencies.h), and where the time of a cold
// one goes. In the results only: system calls of a request.
#include "bench/jit/calls.h"
#include "bench/jit/stages.h"
#include "bench/ratios.h"
#include "bench/results.h"

int main(int argc, char** argv) {
  return smf::bench::run_benchmarks(argc, argv, [] {
    smf::bench::report_stages();
    smf::bench::report_system_calls();
    smf::bench::tell_left_out({"llvm", "libgccjit", "tcc"}, "built without --define=peers=jit");
  });
}
