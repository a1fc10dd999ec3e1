// The whole file written anew with another note: what an update does that cannot be done in place.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/format/view.h"
#include "runtime/note/note.h"
#include "runtime/os/system_calls.h"

namespace smf {

// Replaces the file at `path`, which `view` is over and whose lock the caller holds, by the same
// module with `edits` applied to its note: through a temporary, synced and renamed; mode, owner and
// extended attributes stay. Rows of `possible` are left out where `drops`, if given, says so of
// their name, and where the same instantiation is in `instantiations`.
Result<void> rewrite_note(const SmfView& view, const std::string& path, NoteEdits edits,
                          const std::function<bool(std::string_view)>& drops,
                          os::SystemCalls& calls);

}  // namespace smf
