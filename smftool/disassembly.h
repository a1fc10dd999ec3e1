// Machine code of this processor as text: an instruction a line, by Capstone.
#pragma once

#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"

namespace smf::tool {

// `code` runs at its own address. A line is the offset, the bytes and the instruction. What is no
// instruction ends it, with a line that says how much is left.
Result<std::string> disassemble(Bytes code);

}  // namespace smf::tool
