// AsmJit's JitAllocator, in exec_bench's rows.
//
// asmjit_dual maps twice, as ours does; asmjit_rwx, its default, maps writable and executable.
#include <asmjit/core.h>
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>

#include "bench/exec/workload.h"
#include "bench/results.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

[[maybe_unused]] const bool kIsTold = tell_library(
    "asmjit", fmt::format("{}.{}.{}", ASMJIT_LIBRARY_VERSION >> 16,
                          ASMJIT_LIBRARY_VERSION >> 8 & 0xFF, ASMJIT_LIBRARY_VERSION & 0xFF));

template <asmjit::JitAllocatorOptions kOptions>
class AsmJit {
 public:
  void* add(const void* code, std::size_t written, std::size_t size) {
    void *runs = nullptr, *writable = nullptr;
    SMF_CHECK(allocator_.alloc(&runs, &writable, size) == asmjit::kErrorOk);
    std::memcpy(writable, code, written);
    return runs;
  }
  void remove(void* code) { SMF_CHECK(allocator_.release(code) == asmjit::kErrorOk); }

 private:
  static asmjit::JitAllocator::CreateParams params() {
    asmjit::JitAllocator::CreateParams params;
    params.options = kOptions;
    return params;
  }
  asmjit::JitAllocator::CreateParams params_ = params();
  asmjit::JitAllocator allocator_{&params_};
};

using Dual = AsmJit<asmjit::JitAllocatorOptions::kUseDualMapping>;
using Rwx = AsmJit<asmjit::JitAllocatorOptions::kNone>;

BENCHMARK(cycle<Dual>)->Name("cycle_64/asmjit_dual");
BENCHMARK(cycle<Rwx>)->Name("cycle_64/asmjit_rwx");
BENCHMARK(cycle<Dual>)->Name("cycle_64_2_threads/asmjit_dual")->Threads(2)->UseRealTime();
BENCHMARK(keep<Dual>)->Name("keep_64/asmjit_dual")->UseManualTime()->Iterations(1);
BENCHMARK(keep<Rwx>)->Name("keep_64/asmjit_rwx")->UseManualTime()->Iterations(1);
BENCHMARK(refill_holes<Dual>)->Name("refill_holes/asmjit_dual")->UseManualTime()->Iterations(1);
BENCHMARK(refill_holes<Rwx>)->Name("refill_holes/asmjit_rwx")->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace smf::bench
