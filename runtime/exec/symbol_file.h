// An ELF object, in memory, that says of a block of code what its functions are called and how to
// get from their frames to the caller's.
//
// It holds no code: .text is a section without bytes (SHT_NOBITS) at the address at which the code
// runs, so that a debugger reads that. Beside it are symbols and one frame description
// (frame_description.h) for the block: about 700 bytes, and 24 and its name for each function.
#pragma once

#include <span>

#include "runtime/base/bytes.h"
#include "runtime/exec/code_listener.h"

namespace smf::internal {

ByteVector make_symbol_file(Bytes block, std::span<const CodeListener::Function> functions);

}  // namespace smf::internal
