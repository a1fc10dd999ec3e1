// TCC's library, in jit_bench's rows: C text to a pointer, and that given back.
#include <benchmark/benchmark.h>
#include <libtcc.h>

#include "bench/jit/median_time.h"
#include "bench/jit/sample.h"
#include "bench/latencies.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

constexpr const char* kText = R"(
typedef struct { long* data; unsigned long size; } Heap;
unsigned long sift_down(Heap heap, unsigned long at, void* context) {
  unsigned long steps = 0;
  for (;;) {
    unsigned long child = 2 * at + 1;
    if (child >= heap.size) return steps;
    if (child + 1 < heap.size && heap.data[child] < heap.data[child + 1]) child = child + 1;
    long own = heap.data[at];
    long value = heap.data[child];
    if (own >= value) return steps;
    heap.data[at] = value;
    heap.data[child] = own;
    at = child;
    steps = steps + 1;
  }
}
)";

class Tcc {
 public:
  Tcc() : state_(tcc_new()) {
    SMF_CHECK(state_ != nullptr);
    // Nothing of C's library is needed, and looking for it would be counted.
    tcc_set_options(state_, "-nostdlib");
    SMF_CHECK(tcc_set_output_type(state_, TCC_OUTPUT_MEMORY) == 0);
    SMF_CHECK(tcc_compile_string(state_, kText) == 0);
    SMF_CHECK(tcc_relocate(state_, TCC_RELOCATE_AUTO) == 0);
  }
  ~Tcc() { tcc_delete(state_); }
  Tcc(const Tcc&) = delete;
  Tcc& operator=(const Tcc&) = delete;
  const void* code() const { return tcc_get_symbol(state_, "sift_down"); }

 private:
  TCCState* state_;
};

void cold_tcc(benchmark::State& state) {
  check_sift_down(Tcc().code());
  const auto one = [](int /*i*/) { SMF_CHECK(Tcc().code() != nullptr); };
  state.counters["mean_ns"] = set_median_time(state, 30, 2, one);
  time_each("cold/tcc", 0, 60, 1, one);
}
[[maybe_unused]] const bool kIsTold = tell_library("tcc", "version unknown");
BENCHMARK(cold_tcc)->Name("cold/tcc")->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace smf::bench
