// Extended attributes (access lists, capabilities, what users attach), for files that are replaced.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

// Copies the extended attributes of the file `from` to `descriptor`. What this process may not set
// (another owner's security labels), and a file system that has none, are passed over, as with the
// owner; an attribute that vanishes meanwhile too. Errors are about `path`.
Result<void> copy_extended_attributes(const std::string& from, int descriptor,
                                      const std::string& path, SystemCalls& calls);

}  // namespace smf::os
