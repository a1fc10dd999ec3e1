// For tests: functions of a Program, compiled for this processor and called as the interpreter
// calls them, with values from memory. A trap is an exception that goes through the compiled
// frames.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/codegen/compiler.h"
#include "runtime/exec/code_memory.h"
#include "runtime/mir/interpreter.h"

namespace smf::codegen {

struct NativeProgramOptions {
  CompilerOptions compiler{};
  // All that belongs together is one piece of code; else each function is, and they find each other
  // by name.
  bool is_one_piece = true;
};

class NativeProgram {
 public:
  NativeProgram(mir::Program& program, mir::Layouts& layouts,
                const NativeProgramOptions& options = {});

  // A function of that mangled name: one that the program has is not compiled then.
  void provide(std::string name, const void* function) { functions_[std::move(name)] = function; }
  void provide_global(mir::Symbol symbol, void* address) { globals_[symbol] = address; }

  // A function and all that it calls and the program has. Errors as Compiler's; kNotFound for what
  // nobody provides.
  Result<const void*> place(mir::FunctionId function);
  // Values are where the signature's types are.
  std::expected<void, mir::Trap> call(mir::FunctionId function,
                                      std::span<const void* const> arguments, void* result);

  std::size_t code_bytes() const { return code_bytes_; }
  const std::string& listing() const { return listing_; }

 private:
  struct Placed {
    const void* code = nullptr;
    std::vector<Relocation> relocations{};
  };

  Result<void> gather(mir::FunctionId function, std::vector<mir::FunctionId>& all);
  Result<Placed> put(const Code& code);
  Result<void> resolve(const Placed& placed);
  Result<const void*> address_of(const Symbol& symbol) const;
  std::string name_of(mir::FunctionId function) const;

  mir::Program& program_;
  mir::Layouts& layouts_;
  const NativeProgramOptions options_;
  Compiler compiler_;
  std::optional<CodeMemory> memory_{};
  std::map<std::string, const void*, std::less<>> functions_{};
  std::map<mir::Symbol, void*> globals_{};
  std::map<mir::TypeId, const void*> callers_{};
  std::size_t code_bytes_ = 0;
  std::string listing_{};
};

}  // namespace smf::codegen
