// Imported objects as sections, symbols and relocations of a module that is being packed.
//
//   sections     keep their order, code in front; code r-x, rodata r--, data and bss rw-
//   symbols      what is not defined becomes an import; a symbol without a type is a function where
//                it lies in code or is called, otherwise data
//   relocations  one section of type Reloc for each section that has some: `.rela` about all code
//                laid end to end, `.rela.NAME` about section NAME. Section names have at most 16
//                bytes, so a section with relocations and a name over 10 is given a shorter one.
#pragma once

#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"
#include "runtime/format/module_spec.h"

namespace smf::elf {

// The architecture of a module with code for `machine`.
Arch arch_of(Machine machine);

// Appends everything to `spec`; its own code sections stay in front of the object's, whose
// relocations count on that: whoever orders sections later must not put code before them.
// kInvalidArgument where a name is taken already.
Result<void> add_object(ImportedObject object, ModuleSpec& spec);

}  // namespace smf::elf
