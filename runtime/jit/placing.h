// Code from a compiler into code memory, its addresses filled in.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/codegen/code.h"
#include "runtime/exec/code_memory.h"

namespace smf::internal {

// The address of what code names; an error where nobody provides it.
using FindAddress = std::function<Result<const void*>(const codegen::Symbol& symbol)>;

struct Placed {
  const std::byte* block = nullptr;  // the one to free it by
  std::size_t size = 0;
};

// Whether `code` has `functions` entries, and they and the relocations are within its bytes: what
// an embedder's compiler, or a file, may have got wrong. kInvalidInput.
Result<void> check_code(const codegen::Code& code, std::size_t functions);

// `code` was checked. `names` are those of its functions: what the code says of them itself is
// found before `find` is asked. Errors are those of `find` and, "Failed to allocate executable
// memory", of the code memory.
Result<Placed> place_code(CodeMemory& memory, const codegen::Code& code,
                          std::span<const std::string_view> names, const FindAddress& find);

}  // namespace smf::internal
