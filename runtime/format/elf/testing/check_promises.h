// What import.h promises of every imported object, checked.
#pragma once

#include <string>

#include "runtime/format/elf/import.h"

namespace smf::elf::testing {

// Empty, or the promise that the object breaks.
std::string broken_promise(const ImportedObject& object);

}  // namespace smf::elf::testing
