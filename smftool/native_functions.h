// What functions of templates call and no template has, as C functions: memory, hashes, and the
// operators of text. Those of `mir run` (mir_run.cc) are the same for the interpreter.
#pragma once

#include <string_view>

#include "runtime/mir/interpreter.h"

namespace smf::tool {

// While it lives, memory that allocate() gives is known to `values`, so that what points there can
// be shown; one at a time. When it goes, what was not released is.
class NativeMemory {
 public:
  explicit NativeMemory(mir::Interpreter& values);
  ~NativeMemory();
  NativeMemory(const NativeMemory&) = delete;
  NativeMemory& operator=(const NativeMemory&) = delete;
};

// nullptr for a name that is none of them.
const void* native_function(std::string_view name);

}  // namespace smf::tool
