// The archive of testing/sample_*.cc as the build made it.
#pragma once

#include <string>

#include "runtime/base/bytes.h"

namespace smf::elf::testing {

// Its path, from $SAMPLE_LIBRARY, which lists the library's files.
std::string sample_path();

ByteVector read_sample();

}  // namespace smf::elf::testing
