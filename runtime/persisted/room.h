// What becomes of persisted code when a module is written anew with more room.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/module_spec.h"

namespace smf {

// The start of a section `.smf.jit` that holds of `old`, a section that is usable or empty bytes,
// what is not dead, and then `added`, entries of write_entry().
//
// What is known then is who replaced whom: an entry is dead where for each of its functions a later
// one has the name, for then somebody looked for the function, did not find it under the key that
// counts for him, and made it again. That a key is out of use cannot be known: another program or
// another processor may still ask for it. So of code for two kinds of processor in one file, only
// the later stays at such a moment; the other is made once more. Damaged entries are dropped, and
// what stands behind a place that cannot be read.
//
// Throws std::bad_alloc.
ByteVector merged_room(Bytes old, std::span<const ByteVector> added);

// How large the section is to be that holds `used` bytes: no smaller than before, at least
// `least`, doubled until there is as much room as is used. kLimit where that is more than
// kMostJitRoom and `used` is too.
Result<std::uint64_t> room_for(std::uint64_t used, std::uint64_t before, std::uint64_t least);

}  // namespace smf
