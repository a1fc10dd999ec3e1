// Where a linker or a loader asks for a symbol: what was registered, else what the JIT can make.
//
//     JitSymbolResolver resolver(*jit);
//     SMF_TRY(resolver.load_smf("lib/list.smf"));
//     const void* const max = resolver.resolve("max$i64");
#pragma once

#include <string_view>

#include "runtime/base/error.h"
#include "runtime/jit/jit_instantiator.h"

namespace smf {

// A name for the parts of an instantiator that this takes: what is registered is what compiled code
// calls by that name, too, and what was made is remembered there. Thread-safe.
class JitSymbolResolver {
 public:
  // `jit` outlives it.
  explicit JitSymbolResolver(JitInstantiator& jit) : jit_(jit) {}

  // Again for the same name: the new address counts.
  Result<void> register_symbol(std::string_view symbol, const void* address) {
    return jit_.register_symbol(symbol, address);
  }
  // nullptr where nobody has it, or it could not be made: try_jit_instantiate() says why. Code
  // whose note could not be updated is code.
  const void* resolve(std::string_view symbol);
  // Adds a module's metadata.
  Result<void> load_smf(std::string_view path) { return jit_.load_metadata(path); }

  JitInstantiator& jit() { return jit_; }

 private:
  JitInstantiator& jit_;
};

}  // namespace smf
