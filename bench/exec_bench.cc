// Code memory against other ways to get machine code run.
//
//   ./bazelw run -c opt //bench:exec_bench
//
// Rows:
//   cycle_64        a block of 64 bytes: taken, written, published, freed. ours; unprotected: the
//                   same code, compiled to use one mapping that is writable and executable; and
//                   what programs without an allocator do for each function, with W^X
//                   (mmap_mprotect), without (mmap_rwx), and by changing a page that they keep back
//                   and forth (mprotect_flip)
//   cycle_64_2_threads   the same on two processors, of one code memory; `unshared`: of two
//   keep_64         100 000 blocks of 64 bytes, kept: memory has to be fetched for them. A block
//   refill_holes    100 000 live blocks of 8 to 1031 bytes of which a random half was freed, and is
//                   allocated anew, in other sizes. A block
//   throw, throw_through   an exception, with 10 000 functions compiled (exec/throws.cc)
// and at the end, what 10 000 small functions take in bytes, and the system calls of a cycle.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/exec/cycles.h"
#include "bench/exec/workload.h"
#include "bench/instructions.h"
#include "bench/ratios.h"
#include "bench/results.h"
#include "bench/stopwatch.h"
#include "bench/system_calls.h"
#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/exec/code_memory.h"

namespace smf::bench {
namespace {

constexpr std::size_t kPage = 4096;

CodeMemory make_memory() {
  auto memory = CodeMemory::create({.protection = CodeProtection::kDualMapping});
  SMF_CHECK(memory);
  return *std::move(memory);
}

// As workload.h wants it.
class Ours {
 public:
  void* add(const void* code, std::size_t written, std::size_t size) {
    auto writer = memory_.begin(size);
    SMF_CHECK(writer);
    std::memcpy(writer->bytes().data(), code, written);
    return const_cast<void*>(*writer->commit());
  }
  void remove(void* code) { SMF_CHECK(memory_.free(code)); }

 private:
  CodeMemory memory_ = make_memory();
};

// For each function a mapping of its own.
template <int kFirst, int kThen>
class Mappings {
 public:
  void* add(const void* code, std::size_t written, std::size_t size) {
    void* const page = ::mmap(nullptr, kPage, kFirst, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SMF_CHECK(page != MAP_FAILED);
    SMF_CHECK(size <= kPage);
    std::memcpy(page, code, written);
    if (kThen != kFirst) SMF_CHECK(::mprotect(page, kPage, kThen) == 0);
    return page;
  }
  void remove(void* code) { ::munmap(code, kPage); }
};
using MmapMprotect = Mappings<PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC>;
using MmapRwx = Mappings<PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC>;

// A page that is kept, and changed for each function.
class MprotectFlip {
 public:
  void* add(const void* code, std::size_t written, std::size_t size) {
    SMF_CHECK(::mprotect(page_, kPage, PROT_READ | PROT_WRITE) == 0);
    SMF_CHECK(size <= kPage);
    std::memcpy(page_, code, written);
    SMF_CHECK(::mprotect(page_, kPage, PROT_READ | PROT_EXEC) == 0);
    return page_;
  }
  void remove(void* /*code*/) {}

 private:
  void* page_ = ::mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
};

template <void (*kCycles)(std::uint64_t, std::size_t)>
void cycle_in_library(benchmark::State& state) {
  kCycles(1, 64);
  for (auto _ : state) kCycles(1000, 64);
  state.SetItemsProcessed(state.iterations() * 1000);
}

BENCHMARK(cycle<MmapMprotect>)->Name("cycle_64/mmap_mprotect");
BENCHMARK(cycle<MmapRwx>)->Name("cycle_64/mmap_rwx");
BENCHMARK(cycle<MprotectFlip>)->Name("cycle_64/mprotect_flip");
BENCHMARK(cycle<Ours>)->Name("cycle_64_2_threads/ours")->Threads(2)->UseRealTime();
BENCHMARK(cycle_unshared<Ours>)->Name("cycle_64_2_threads/unshared")->Threads(2)->UseRealTime();
BENCHMARK(cycle<MmapMprotect>)->Name("cycle_64_2_threads/mmap_mprotect")->Threads(2)->UseRealTime();
BENCHMARK(keep<Ours>)->Name("keep_64/ours")->UseManualTime()->Iterations(1);
BENCHMARK(refill_holes<Ours>)->Name("refill_holes/ours")->UseManualTime()->Iterations(1);

void register_deterministic_ones() {
  register_deterministic("cycle_64/ours", 1000, cycle<Ours>);
  register_deterministic("cycle_64_x1000/ours", 10, cycle_in_library<protected_cycles>);
  register_deterministic("cycle_64_x1000/unprotected", 10, cycle_in_library<unprotected_cycles>);
}

// What 10 000 functions of 16 to 400 bytes take.
void report_overhead() {
  constexpr int kFunctions = 10'000;
  for (const bool is_batch : {false, true}) {
    CodeMemory memory = make_memory();
    std::mt19937 random(3);
    std::uint64_t asked = 0;
    for (int made = 0; made != kFunctions;) {
      if (!is_batch) {
        const std::size_t size = 16 + random() % 385;
        SMF_CHECK(memory.begin(size)->commit());
        asked += size;
        ++made;
        continue;
      }
      // A module's worth.
      std::vector<std::size_t> sizes(100);
      std::size_t capacity = 0;
      for (std::size_t& size : sizes) {
        size = 16 + random() % 385;
        asked += size;
        capacity += align_up(size, CodeBatch::kAlignment);
      }
      auto batch = memory.begin_batch(capacity);
      SMF_CHECK(batch);
      for (const std::size_t size : sizes) SMF_CHECK(batch->add(size));
      SMF_CHECK(batch->commit());
      made += 100;
    }
    const CodeMemoryStats stats = memory.stats();
    const double taken = static_cast<double>(stats.mapped + stats.tables);
    const double overhead = 100 * (taken / static_cast<double>(asked) - 1);
    const std::string_view who = is_batch ? "ours_in_batches" : "ours";
    add_exact(fmt::format("10000_functions/{}", who), "bytes", taken);
    add_exact(fmt::format("10000_functions.overhead/{}", who), "percent", overhead);
    fmt::print(
        "10 000 functions, {:<16} {:>8} bytes asked, {:>8} in blocks, {:>8} mapped, "
        "{:>6} of tables: overhead {:.1f} %\n",
        is_batch ? "100 in a batch:" : "one at a time:", asked, stats.used, stats.mapped,
        stats.tables, overhead);
  }
}

template <typename Allocator>
void count_calls(const std::string& who) {
  add_system_calls("cycle_64", who, 1000, [] {
    const auto allocator = std::make_shared<Allocator>();
    auto cycle = [allocator](int) {
      allocator->remove(allocator->add(kCodeOfNobody.data(), 64, 64));
    };
    cycle(0);
    return cycle;
  });
}

void report() {
  report_overhead();
  count_calls<Ours>("ours");
  count_calls<MmapMprotect>("mmap_mprotect");
  count_calls<MmapRwx>("mmap_rwx");
  count_calls<MprotectFlip>("mprotect_flip");
}

}  // namespace
}  // namespace smf::bench

int main(int argc, char** argv) {
  smf::bench::register_deterministic_ones();
  return smf::bench::run_benchmarks(argc, argv, smf::bench::report);
}
