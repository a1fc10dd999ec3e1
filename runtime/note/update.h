// Updating a module's note in place, while other processes have it mapped.
//
// After a just-in-time compile a row leaves `possible` and is appended to `instantiations`; the
// next process then finds it there. Real modules leave no room behind the note's terminator line,
// and tools that write there destroy the symbols. Ours are packed with room (pack.h): spaces behind
// the terminator line, and `instantiations` last. NoteUpdater appends in that room, so that every
// byte a mapped, zero-copy reader can hold a view of stays what it was:
//
//   lock     the file, and see that the path still names it (os::LockedFile)
//   tidy     blank what a writer that died left behind the terminator line
//   write    rows, an empty line and a new terminator line behind the present one;      fdatasync
//   commit   one byte, `# END_NOTE` -> `# eND_NOTE`: a comment, after which rows follow; fdatasync
//   tombstone  one byte a row: the first blank of its line in `possible` becomes `#`
//
// What a crash leaves, at any point and with any part of what was not synced yet on the disk:
// before the commit reaches the disk, the old note, for nobody reads behind the terminator; after
// it, the new one. A tombstone is written only when the commit is on the disk: the other order
// could lose both rows in a power cut. It needs no sync of its own: without it a row is in both
// tables, where `instantiations` wins for every reader of ours, and the next writer finishes the
// job. So a batch, however many rows, costs two syncs.
//
// Readers take no lock (lookup.h). Where the note cannot be appended to -- no room left, new rows
// for `possible`, a note laid out by someone else, a row whose text holds `|`, which old readers
// take for a table's header even behind a `#` -- the whole file is rewritten under the same lock:
// through a temporary, synced, renamed; mode, owner and extended attributes stay, symbolic links
// are followed. Mapped readers then keep the old file.
//
// Rejected: a journal beside the file (one more file that has to travel with it), writing the
// row's status over the old one (a view would change under a reader), growing the section (moves
// the symbols).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/os/locked_file.h"
#include "runtime/os/system_calls.h"

namespace smf {

// A row on its way from `possible` to `instantiations`.
struct NotePromotion {
  std::string mangled_name{};
  // Where given, the row's (template, type_args) as it stands: a name may mean two pairs, and a
  // promotion of the wrong one is refused.
  std::optional<std::string> template_name{};
  std::optional<std::string> type_args{};
  std::string to_obj = "jit_memory";
  std::string status = "jit_compiled";
  std::optional<std::string> from_file{};  // absent: the module's path
  std::optional<std::string> from_loc{};   // absent: "PATH:0:0:jit"
};

// A new row for `possible`.
struct NotePossibleRow {
  std::string template_name{};
  std::string type_args{};  // joined with `,`
  std::string mangled_name{};
  std::string required_by{};
  bool can_defer = true;
};

struct NoteUpdate {
  std::uint64_t changed = 0;        // rows promoted or added
  std::uint64_t already_there = 0;  // rows that were as asked for before
  bool was_rewritten = false;       // the whole file was
};

// Move-only. Not thread-safe; several updaters of one file, in threads or processes, are: they take
// turns. Keeps the parsed note between calls and reads only what others appended, so a promotion
// costs its system calls and not the size of the note. Memory: about 200 bytes a row.
class NoteUpdater {
 public:
  // `path` is a module with a note, in a form this library wrote: P128 1.1, or H96 of `--compat
  // rust`. Others are refused with kUnsupported: their readers need not understand what a rewrite
  // makes of them, so `convert` is left to whoever knows.
  static Result<NoteUpdater> open(std::string path,
                                  os::SystemCalls& calls = os::SystemCalls::kernel());
  NoteUpdater(NoteUpdater&&) noexcept;
  NoteUpdater& operator=(NoteUpdater&&) noexcept;
  ~NoteUpdater();

  // All of them or none. A row that is in `instantiations` already (another process was faster)
  // counts as already_there. kNotFound where a name is in neither table; kInvalidInput where it
  // is there with another (template, arguments): both are named. On kSystem the note is the old
  // one, or the new one whose sync failed; never in between.
  Result<NoteUpdate> promote(std::span<const NotePromotion> rows);
  Result<NoteUpdate> promote(const NotePromotion& row) { return promote(std::span(&row, 1)); }

  // Adds rows to `possible`, by rewriting the file. A name that either table has with the same
  // (template, arguments) counts as already_there; with others it is kInvalidInput.
  Result<NoteUpdate> add(std::span<const NotePossibleRow> rows);

 private:
  class Impl;
  explicit NoteUpdater(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace smf
