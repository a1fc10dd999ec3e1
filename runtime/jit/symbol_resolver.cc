#include "runtime/jit/symbol_resolver.h"

#include <variant>

namespace smf {

const void* JitSymbolResolver::resolve(std::string_view symbol) {
  if (const void* const own = jit_.registered_symbol(symbol)) return own;
  JitResult result = jit_.try_jit_instantiate(symbol);
  if (std::holds_alternative<JitUpdateFailed>(result)) result = jit_.try_jit_instantiate(symbol);
  return result.address();
}

}  // namespace smf
