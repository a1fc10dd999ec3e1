// From a module that exists, of any dialect, to the spec of an equal one.
//
// `convert`, `compress`, `add-stub` and the like are spec_from_view(), a change to the spec, and
// build_module(). For a module that this library wrote, building the unchanged spec gives the same
// bytes again; for the others it gives the module in version 1.1:
//
//   symbols   P128 ties each to a section. A function of H72 or H96, whose value counts through all
//             code, is tied to the code section it lies in; other symbols keep their value and no
//             section. Type "none" becomes data.
//   note      a note whose size is not recorded, or that has no room behind its text, gets room.
//   flags     "compressed" of H72 (bit 4) would read as "has stub" and is dropped. Bits without a
//             name are kept.
//   code      of foreign dialects moves in front of the other sections, which keep their order.
//   derived   `.smf.sym` and `.smf.hash` are made anew where they were; foreign dialects get both.
#pragma once

#include <memory>

#include "runtime/base/error.h"
#include "runtime/format/module_spec.h"
#include "runtime/format/view.h"
#include "runtime/os/input_file.h"

namespace smf {

// Whether this library wrote the module: then its bytes can be reproduced. Linear in the file for
// H96 (its hash is recomputed), constant for the others.
Result<bool> is_native(const SmfView& view);

enum class Target : std::uint8_t {
  kCurrent,  // version 1.1
  kSame,     // what the module is, where this library wrote it; otherwise version 1.1
};

// The spec of an equal module. Payloads are taken from `file` where given (the file that the view
// is over), so that they stream; otherwise the view's bytes are borrowed.
Result<ModuleSpec> spec_from_view(const SmfView& view, Target target,
                                  std::shared_ptr<const os::InputFile> file = nullptr);

// The section that holds a note: its text, closed by its terminator line (added where it is
// missing), and room for rows that are added in place: an eighth of the text, at least 4 KiB.
SectionSpec note_section(std::string_view text);

}  // namespace smf
