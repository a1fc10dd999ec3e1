#include "bench/jit/stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "bench/jit/sample.h"
#include "bench/results.h"
#include "bench/stopwatch.h"
#include "bench/summary.h"
#include "runtime/base/check.h"
#include "runtime/codegen/allocation.h"
#include "runtime/codegen/lowering.h"
#include "runtime/codegen/optimiser.h"
#include "runtime/exec/code_memory.h"
#include "runtime/mir/text.h"
#include "runtime/mir/verify.h"

namespace smf::bench {
namespace {

constexpr int kFunctions = 1000;
constexpr int kWarmUp = 100;

struct Stage {
  const char* name;
  const char* what;
};
constexpr std::array<Stage, 7> kStages = {{
    {"make", "the template with its arguments put in: Program::make"},
    {"verify", "what the general form could not tell"},
    {"lower", "MIR to LIR"},
    {"optimise", "constants, copies, addresses, dead code, order of blocks"},
    {"allocate", "registers"},
    {"encode", "AsmJit's assembler"},
    {"place", "code memory: take a block, copy, fill in, publish"},
}};
using Times = std::array<std::vector<double>, kStages.size()>;

class StagedCompiler {
 public:
  StagedCompiler() {
    auto unit = mir::read_text(kSiftDown);
    SMF_CHECK(unit && program_.add(*std::move(unit)));
  }

  void compile(int i, Times& times) {
    const auto types = {*program_.type("i64"), *program_.type(fmt::format("[u8; {}]", i + 1))};
    Stopwatch watch;
    const auto id = program_.make({.name = "sift_down", .arguments = types});
    times[0].push_back(watch.lap());
    SMF_CHECK(id && mir::verify(program_, layouts_, *id));
    times[1].push_back(watch.lap());
    lowering_.lower(*id, std::span(&*id, 1), function_);
    times[2].push_back(watch.lap());
    optimiser_.optimise(function_);
    times[3].push_back(watch.lap());
    allocator_.allocate(function_, *target_, allocation_);
    times[4].push_back(watch.lap());
    codegen::Code code;
    const codegen::Function* const function = &function_;
    const codegen::Allocation* const allocation = &allocation_;
    SMF_CHECK(target_->encode(std::span(&function, 1), std::span(&allocation, 1), code));
    times[5].push_back(watch.lap());
    auto writer = memory_.begin(code.bytes.size());
    SMF_CHECK(writer && code.relocations.empty());
    std::ranges::copy(code.bytes, writer->bytes().begin());
    SMF_CHECK(writer->commit());
    times[6].push_back(watch.lap());
    size_ = code.bytes.size();
  }
  std::size_t lir_size() const { return function_.instructions.size(); }
  std::size_t code_size() const { return size_; }

 private:
  mir::Program program_{};
  mir::Layouts layouts_{program_};
  codegen::Lowering lowering_{program_, layouts_, {.features = codegen::native_features()}};
  codegen::Optimiser optimiser_{};
  codegen::Allocator allocator_{};
  std::unique_ptr<codegen::Target> target_ =
      codegen::make_target(codegen::kThisMachine, {.features = codegen::native_features()});
  codegen::Function function_{};
  codegen::Allocation allocation_{};
  CodeMemory memory_ = CodeMemory::create().value();
  std::size_t size_ = 0;
};

}  // namespace

void report_stages() {
  StagedCompiler compiler;
  Times times;
  for (int i = 0; i != kFunctions; ++i) {
    if (i == kWarmUp) times = {};
    compiler.compile(i, times);
  }
  std::array<double, kStages.size()> medians{};
  for (std::size_t i = 0; i != kStages.size(); ++i) medians[i] = median(times[i]);
  Stages& told = results().stages.emplace_back(Stages{.name = "cold"});
  for (std::size_t i = 0; i != kStages.size(); ++i)
    told.parts.emplace_back(kStages[i].name, medians[i]);
  const double whole = std::accumulate(medians.begin(), medians.end(), 0.0);
  fmt::print("\nstages of a cold request: {} instructions of LIR, {} bytes of code\n",
             compiler.lir_size(), compiler.code_size());
  for (std::size_t i = 0; i != kStages.size(); ++i)
    fmt::print("{:<10} {:>7.2f} us {:>5.1f} %   {}\n", kStages[i].name, medians[i] / 1000,
               100 * medians[i] / whole, kStages[i].what);
  fmt::print("{:<10} {:>7.2f} us           the rest of a request is names, claims and tables\n",
             "together", whole / 1000);
}

}  // namespace smf::bench
