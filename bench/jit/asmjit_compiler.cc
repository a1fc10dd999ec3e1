#include "bench/jit/asmjit_compiler.h"

#include <algorithm>

namespace smf::bench {
namespace {

using codegen::Bank;
using codegen::Condition;
using codegen::Op;
using codegen::Width;
namespace x86 = asmjit::x86;
namespace Id = x86::Inst;

x86::CondCode code_of(Condition condition) {
  switch (condition) {
    case Condition::kEqual:
      return x86::CondCode::kE;
    case Condition::kNotEqual:
      return x86::CondCode::kNE;
    case Condition::kLess:
      return x86::CondCode::kL;
    case Condition::kNotLess:
      return x86::CondCode::kGE;
    case Condition::kLessEqual:
      return x86::CondCode::kLE;
    case Condition::kNotLessEqual:
      return x86::CondCode::kG;
    case Condition::kBelow:
      return x86::CondCode::kB;
    case Condition::kNotBelow:
      return x86::CondCode::kAE;
    case Condition::kBelowEqual:
      return x86::CondCode::kBE;
    default:
      return x86::CondCode::kA;
  }
}

}  // namespace

AsmJitCompiler::AsmJitCompiler() = default;

x86::Gp AsmJitCompiler::general(codegen::Register reg, Width width) {
  const x86::Gp gp = registers_[reg].as<x86::Gp>();
  if (width == Width::k64) return gp.r64();
  return gp.r32();
}

x86::Xmm AsmJitCompiler::vector(codegen::Register reg) { return registers_[reg].as<x86::Xmm>(); }

x86::Mem AsmJitCompiler::memory(const codegen::Instruction& one, unsigned size) {
  const x86::Gp base = general(one.a, Width::k64);
  if (one.b == codegen::kNoRegister) return x86::Mem(base, one.disp, size);
  return x86::Mem(base, general(one.b, Width::k64), one.shift, one.disp, size);
}

void AsmJitCompiler::binary(asmjit::InstId id, const codegen::Instruction& one) {
  const x86::Gp to = general(one.dest, one.width);
  if (one.dest != one.a) compiler_.mov(to, general(one.a, one.width));
  if (one.b == codegen::kNoRegister) {
    compiler_.emit(id, to, asmjit::Imm(one.imm));
  } else {
    compiler_.emit(id, to, general(one.b, one.width));
  }
}

void AsmJitCompiler::compare(const codegen::Instruction& one) {
  if (one.b == codegen::kNoRegister) {
    compiler_.cmp(general(one.a, one.width), asmjit::Imm(one.imm));
  } else {
    compiler_.cmp(general(one.a, one.width), general(one.b, one.width));
  }
}

void AsmJitCompiler::branch(const codegen::Instruction& one, std::uint32_t next) {
  compare(one);
  if (one.target == next) {
    compiler_.j(code_of(negated(one.condition)), labels_[one.other]);
    return;
  }
  compiler_.j(code_of(one.condition), labels_[one.target]);
  if (one.other != next) compiler_.jmp(labels_[one.other]);
}

bool AsmJitCompiler::emit(const codegen::Function& function, const codegen::Instruction& one) {
  const unsigned size = codegen::bytes_of(one.width);
  switch (one.op) {
    case Op::kConstant:
      compiler_.mov(general(one.dest, one.width), asmjit::Imm(one.imm));
      return true;
    case Op::kMove:
      compiler_.mov(general(one.dest, one.width), general(one.a, one.width));
      return true;
    case Op::kAdd:
      binary(Id::kIdAdd, one);
      return true;
    case Op::kSub:
      binary(Id::kIdSub, one);
      return true;
    case Op::kMul:
      if (one.b == codegen::kNoRegister) {
        compiler_.imul(general(one.dest, one.width), general(one.a, one.width),
                       asmjit::Imm(one.imm));
      } else {
        binary(Id::kIdImul, one);
      }
      return true;
    case Op::kXor:
      binary(Id::kIdXor, one);
      return true;
    case Op::kShl:
      binary(Id::kIdShl, one);
      return one.b == codegen::kNoRegister;
    case Op::kShrUnsigned:
      binary(Id::kIdShr, one);
      return one.b == codegen::kNoRegister;
    case Op::kAddress:
      compiler_.lea(general(one.dest, Width::k64), memory(one, 0));
      return one.base == codegen::Base::kRegister;
    case Op::kLoad:
      if (one.base != codegen::Base::kRegister || one.width < Width::k32) return false;
      compiler_.mov(general(one.dest, one.width), memory(one, size));
      return true;
    case Op::kStore:
      if (one.base != codegen::Base::kRegister || one.width < Width::k32) return false;
      if (one.c == codegen::kNoRegister) {
        compiler_.mov(memory(one, size), asmjit::Imm(one.imm));
      } else {
        compiler_.mov(memory(one, size), general(one.c, one.width));
      }
      return true;
    case Op::kJump:
      if (one.target != block_ + 1) compiler_.jmp(labels_[one.target]);
      return true;
    case Op::kBranch:
      branch(one, block_ + 1);
      return true;
    case Op::kTrap:
      compiler_.ud2();
      return true;
    case Op::kReturn: {
      const auto results = function.of(one.transfers);
      if (results.empty()) {
        compiler_.ret();
      } else {
        compiler_.ret(general(results[0].reg, Width::k64));
      }
      return true;
    }
    default:
      return false;
  }
}

void* AsmJitCompiler::compile(const codegen::Function& function) {
  holder_.reset();
  holder_.init(runtime_.environment());
  holder_.attach(&compiler_);
  asmjit::FuncSignatureBuilder signature;
  const auto parameters = function.of(function.parameters);
  for (std::size_t i = 0; i != parameters.size(); ++i) signature.addArg(asmjit::TypeId::kUInt64);
  signature.setRet(asmjit::TypeId::kUInt64);
  asmjit::FuncNode* const node = compiler_.addFunc(signature);
  registers_.clear();
  for (const Bank bank : function.registers) {
    if (bank == Bank::kVector) return nullptr;
    registers_.push_back(compiler_.newUInt64());
  }
  for (std::size_t i = 0; i != parameters.size(); ++i)
    node->setArg(i, registers_[parameters[i].reg].as<x86::Gp>());
  labels_.clear();
  for (std::size_t i = 0; i != function.blocks.size(); ++i) labels_.push_back(compiler_.newLabel());
  for (block_ = 0; block_ != function.blocks.size(); ++block_) {
    compiler_.bind(labels_[block_]);
    for (const codegen::Instruction& one : function.of(function.blocks[block_]))
      if (!emit(function, one)) return nullptr;
  }
  compiler_.endFunc();
  void* code = nullptr;
  if (compiler_.finalize() != asmjit::kErrorOk) return nullptr;
  if (runtime_.add(&code, &holder_) != asmjit::kErrorOk) return nullptr;
  return code;
}

}  // namespace smf::bench
