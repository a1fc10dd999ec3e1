// How a JitInstantiator works, and what the embedder gives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cache/cache.h"
#include "runtime/codegen/code.h"
#include "runtime/codegen/target.h"
#include "runtime/exec/code_memory.h"
#include "runtime/jit/jit_result.h"
#include "runtime/jit/template_compiler.h"
#include "runtime/os/system_calls.h"
#include "runtime/persisted/trust.h"

namespace smf {

// When a row of a module's note moves from `possible` to `instantiations`.
enum class UpdateMode : std::uint8_t {
  kSync,      // in the request, which says JitUpdateFailed where it cannot
  kDeferred,  // in flush(), which is told; and when the instantiator goes
  kOff,       // never
};

// The address of a name; nullptr for none. Called from several threads at once.
using SymbolSource = std::function<const void*(std::string_view symbol)>;
// Of a global that MIR knows by its number. The same.
using GlobalSource = std::function<const void*(std::uint64_t number)>;

// What the process itself and its libraries export: `dlsym`.
SymbolSource dlsym_source();

struct JitOptions {
  // One request in another, and functions that need each other: types that grow for ever end here.
  static constexpr std::size_t kMaxDepthCeiling = 1'000;  // what is above counts as this

  bool enabled = true;
  UpdateMode update_mode = UpdateMode::kDeferred;
  std::string made_in{};  // what rows that move name as their file; empty: the module
  std::size_t max_depth = 50;
  bool verbose = false;           // a line on stderr for each symbol compiled
  bool missing_files_ok = false;  // a module that is not there or does not read has no rows
  TrustPersisted trust_persisted = TrustPersisted::kOwnerOnly;
  // Code for other machines, or for all processors of this kind (Features{}), to be kept in modules
  // (update_mode). What a request returns then may only be called where this processor has what the
  // target asks for.
  codegen::CodeTarget target{};

  // Called where a function traps. It may throw (with Unwinding, exec/unwinding.h) or longjmp; when
  // it returns, the process aborts. nullptr: tells on stderr, and aborts.
  codegen::TrapFunction trap_handler = nullptr;
  void* trap_context = nullptr;

  std::vector<SymbolSource> symbol_sources{};  // asked in this order, last of all
  GlobalSource global_source{};
  std::shared_ptr<TemplateCompiler> compiler{};
  std::shared_ptr<CodeMemory> code_memory{};  // nullptr: one of its own
  std::shared_ptr<SmfCache> cache{};          // nullptr: one of its own
  os::SystemCalls* calls = nullptr;           // for notes; nullptr: the kernel's

  // Told about each row that flush(), or the end, could not move.
  std::function<void(const JitUpdateFailed&)> on_update_failed{};
};

}  // namespace smf
