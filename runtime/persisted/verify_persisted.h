// Whether the entries in a module's section `.smf.jit` are what some writer stored there.
//
// Errors: a section that is compressed or does not begin as one does, an entry whose checksum or
// parts are wrong, and something behind the last entry that no writer leaves. Notes: a section of a
// later version, and bytes behind the end, which a writer left that died; the next one overwrites
// them. What the code does is not looked at.
#pragma once

#include "runtime/base/error.h"
#include "runtime/format/verify.h"
#include "runtime/format/view.h"

namespace smf {

// Adds findings to `report`. Nothing about a module without room. Linear; fails only where memory
// runs out. Thread-safe.
Result<void> verify_persisted(const SmfView& view, const VerifyOptions& options,
                              VerifyReport& report);

}  // namespace smf
