// The relocations of all objects, against the symbols and sections of the result.
#pragma once

#include <span>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"
#include "runtime/format/elf/layout.h"
#include "runtime/format/elf/object.h"
#include "runtime/format/elf/symbols.h"

namespace smf::elf {

// By output, in the order of the inputs; ImportedRelocation::section counts Layout::outputs. The
// layout is filled, and defines the symbols. Errors name the object's section, the offset in it and
// the relocation, and are otherwise those of import_objects().
//
// Unwind tables describe discarded functions as well: their entries lose the relocation and keep a
// zero, which unwinders know for a function that was removed.
Result<std::vector<std::vector<ImportedRelocation>>> convert_relocations(
    std::span<const Object> objects, Layout& layout, Symbols& symbols);

}  // namespace smf::elf
