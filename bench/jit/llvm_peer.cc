// LLVM's ORC, in jit_bench's rows: an LLJIT that stands, given IR text, no optimisation in the code
// generator (-O0); parsing included. What it made is not given back.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm/Config/llvm-config.h>

#include <string>

#include "bench/jit/median_time.h"
#include "bench/jit/sample.h"
#include "bench/latencies.h"
#include "runtime/base/check.h"

namespace smf::bench {
namespace {

// As the template has it, in SSA form.
constexpr std::string_view kBody = R"((i64* %data, i64 %size, i64 %at0, i8* %context) {
entry:
  br label %head
head:
  %at = phi i64 [ %at0, %entry ], [ %child, %swap ]
  %steps = phi i64 [ 0, %entry ], [ %more, %swap ]
  %twice = mul i64 %at, 2
  %left = add i64 %twice, 1
  %has_left = icmp ult i64 %left, %size
  br i1 %has_left, label %right, label %done
right:
  %next = add i64 %left, 1
  %has_next = icmp ult i64 %next, %size
  br i1 %has_next, label %which, label %compare
which:
  %left_at = getelementptr i64, i64* %data, i64 %left
  %left_value = load i64, i64* %left_at
  %next_at = getelementptr i64, i64* %data, i64 %next
  %next_value = load i64, i64* %next_at
  %is_next = icmp slt i64 %left_value, %next_value
  br i1 %is_next, label %take_next, label %compare
take_next:
  br label %compare
compare:
  %child = phi i64 [ %left, %right ], [ %left, %which ], [ %next, %take_next ]
  %own_at = getelementptr i64, i64* %data, i64 %at
  %own = load i64, i64* %own_at
  %child_at = getelementptr i64, i64* %data, i64 %child
  %value = load i64, i64* %child_at
  %is_less = icmp slt i64 %own, %value
  br i1 %is_less, label %swap, label %done
swap:
  store i64 %value, i64* %own_at
  store i64 %own, i64* %child_at
  %more = add i64 %steps, 1
  br label %head
done:
  ret i64 %steps
}
)";

class Llvm {
 public:
  Llvm() {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    char* const triple = LLVMGetDefaultTargetTriple();
    LLVMTargetRef target = nullptr;
    SMF_CHECK(LLVMGetTargetFromTriple(triple, &target, nullptr) == 0);
    const LLVMTargetMachineRef machine = LLVMCreateTargetMachine(
        target, triple, "", "", LLVMCodeGenLevelNone, LLVMRelocDefault, LLVMCodeModelJITDefault);
    LLVMDisposeMessage(triple);
    const LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(
        builder, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(machine));
    SMF_CHECK(LLVMOrcCreateLLJIT(&jit_, builder) == LLVMErrorSuccess);
  }
  ~Llvm() { LLVMOrcDisposeLLJIT(jit_); }
  Llvm(const Llvm&) = delete;
  Llvm& operator=(const Llvm&) = delete;

  const void* compile() {
    const std::string name = fmt::format("sift_down_{}", count_++);
    const std::string text = fmt::format("define i64 @{}{}", name, kBody);
    const LLVMOrcThreadSafeContextRef context = LLVMOrcCreateNewThreadSafeContext();
    const LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(text.data(), text.size(), name.c_str());
    LLVMModuleRef module = nullptr;
    SMF_CHECK(LLVMParseIRInContext(LLVMOrcThreadSafeContextGetContext(context), buffer, &module,
                                   nullptr) == 0);
    const LLVMOrcThreadSafeModuleRef safe = LLVMOrcCreateNewThreadSafeModule(module, context);
    LLVMOrcDisposeThreadSafeContext(context);
    SMF_CHECK(LLVMOrcLLJITAddLLVMIRModule(jit_, LLVMOrcLLJITGetMainJITDylib(jit_), safe) ==
              LLVMErrorSuccess);
    LLVMOrcExecutorAddress address = 0;
    SMF_CHECK(LLVMOrcLLJITLookup(jit_, &address, name.c_str()) == LLVMErrorSuccess);
    return reinterpret_cast<const void*>(address);
  }

 private:
  LLVMOrcLLJITRef jit_ = nullptr;
  int count_ = 0;
};

void cold_llvm(benchmark::State& state) {
  Llvm llvm;
  check_sift_down(llvm.compile());
  for (int i = 0; i != 10; ++i) llvm.compile();
  const auto one = [&](int /*i*/) { benchmark::DoNotOptimize(llvm.compile()); };
  state.counters["mean_ns"] = set_median_time(state, groups_of(30), 2, one);
  time_each("cold/llvm_orc_O0", 0, groups_of(60), 1, one);
}
[[maybe_unused]] const bool kIsTold = tell_library("llvm", LLVM_VERSION_STRING);
BENCHMARK(cold_llvm)->Name("cold/llvm_orc_O0")->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace smf::bench
