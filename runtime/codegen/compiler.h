// MIR to machine code: functions of a Program become bytes that keep to the platform's C calling
// convention and to docs/mir.md, Meaning.
//
// One Compiler compiles one thing at a time and keeps its memory for the next; a thread that
// compiles has its own, and its own Program. It does not instantiate: callees that the program has
// made are inlined where they are small, all others are named by their mangled name
// (Code::relocations), and whoever puts the code into memory finds them.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "runtime/base/error.h"
#include "runtime/codegen/code.h"
#include "runtime/codegen/target.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::codegen {

// Changes when the same template may become other bytes.
inline constexpr std::uint32_t kCodeVersion = 2;

struct CompilerOptions {
  Machine machine = kThisMachine;
  EncodingOptions encoding{.features = native_features()};
  bool is_optimised = true;
  bool keeps_listing = false;
};

class Compiler {
 public:
  // Both outlive it.
  Compiler(mir::Program& program, mir::Layouts& layouts, const CompilerOptions& options = {});
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  // Functions that have been verified (mir/verify.h), compiled as one: they call each other
  // directly. kUnsupported: something that is not compiled natively, with function, block and
  // instruction. kLimit. kOutOfMemory.
  Result<Code> compile(std::span<const mir::FunctionId> functions);
  // A function `void (const void* function, const void* const* arguments, void* result)` that
  // calls one of that signature (a kFuncPtr) with values from memory, for callers that learn of
  // signatures only when they run. Code::entries has one.
  Result<Code> compile_caller(mir::TypeId signature);

  // With keeps_listing: LIR as text, of what was compiled last.
  const std::string& listing() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smf::codegen
