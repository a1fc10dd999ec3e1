// AsmJit's own Compiler, which allocates registers, fed with what our encoder is fed with.
#pragma once

#include <asmjit/x86.h>

#include <vector>

#include "runtime/codegen/lir.h"

namespace smf::bench {

// Keeps its CodeHolder and Compiler from function to function, as its documentation advises.
class AsmJitCompiler {
 public:
  AsmJitCompiler();

  // Machine code of a function without calls, in AsmJit's own executable memory: whose first
  // arguments are those that are in general registers. nullptr for what is not translated here: it
  // does what the benchmarks' templates need.
  void* compile(const codegen::Function& function);
  void release(void* code) { runtime_.release(code); }

 private:
  asmjit::x86::Gp general(codegen::Register reg, codegen::Width width);
  asmjit::x86::Xmm vector(codegen::Register reg);
  asmjit::x86::Mem memory(const codegen::Instruction& one, unsigned size);
  bool emit(const codegen::Function& function, const codegen::Instruction& one);
  void binary(asmjit::InstId id, const codegen::Instruction& one);
  void compare(const codegen::Instruction& one);
  void branch(const codegen::Instruction& one, std::uint32_t next);

  asmjit::JitRuntime runtime_{};
  asmjit::CodeHolder holder_{};
  asmjit::x86::Compiler compiler_{};
  std::vector<asmjit::BaseReg> registers_{};
  std::vector<asmjit::Label> labels_{};
  std::uint32_t block_ = 0;
};

}  // namespace smf::bench
