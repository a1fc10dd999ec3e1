// Keeping compiled instantiations in a module, while other processes have it mapped.
//
// Adding an entry (entry.h) is what adding rows to a note is (runtime/note/update.h), by the same
// lock:
//
//   lock     the file, and see that the path still names it (os::LockedFile)
//   write    the entry, its commit word 0, and a zero word behind it;            fdatasync
//   commit   one byte: the commit word becomes 1
//
// and then the note is told: the row of the function is promoted, by NoteUpdater, under a lock of
// its own. Its first sync is also that of the commit word, so a promoted row whose code is said to
// be here has it here, whatever a crash leaves; code without a promoted row does no harm. A word is
// one byte changed, so it is never half written, and whatever an earlier writer left where the
// entry goes is overwritten before, and cut off behind, what counts.
//
// Two writers that made the same code find that out under the lock: the second adds nothing.
// Where there is no room, the whole file is written anew with more (room.h), under the lock, as
// NoteUpdater does it: through a temporary, synced, renamed; mode, owner and extended attributes
// stay, links are followed. Also where the section is absent, is in no form of ours, or is broken:
// what can be read goes along. Mapped readers keep the old file.
//
// This is a package of its own, between the note and whoever makes code: the note does not need it,
// and it needs nothing of code but its bytes. Rejected: putting it into NoteUpdater (its state is
// the note's rows; a process that keeps code for a module without a note needs none of them), and
// one lock for both steps (saves two system calls beside the three syncs).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"
#include "runtime/persisted/entry.h"

namespace smf {

struct PersistUpdate {
  std::uint64_t added = 0;
  std::uint64_t already_there = 0;  // under the same keys, and sound
  bool was_rewritten = false;       // the whole file was
};

// Move-only. Not thread-safe; several writers of one file, in threads or processes, are: they take
// turns. Keeps what it knows of the section between calls, so that adding costs its system calls.
// Memory: 32 bytes a function.
class PersistedCodeWriter {
 public:
  // `path` is a module in version 1.1, of this library. Others are refused with kUnsupported, and
  // so is one with a section of a later version.
  static Result<PersistedCodeWriter> open(std::string path,
                                          os::SystemCalls& calls = os::SystemCalls::kernel());
  PersistedCodeWriter(PersistedCodeWriter&&) noexcept;
  PersistedCodeWriter& operator=(PersistedCodeWriter&&) noexcept;
  ~PersistedCodeWriter();

  // All of them, or, where something fails, the first few or none; a piece is never there in part.
  // A piece all of whose keys have sound code already is not added. kInvalidArgument as for
  // write_entry(); kLimit where it is more than a module may hold.
  Result<PersistUpdate> append(std::span<const PersistedPiece> pieces);
  Result<PersistUpdate> append(const PersistedPiece& piece) { return append({&piece, 1}); }

 private:
  class Impl;
  explicit PersistedCodeWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace smf
