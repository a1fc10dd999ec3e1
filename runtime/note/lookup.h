// Finding one instantiation in a mapped module's note without reading the note.
//
// With an index (index.h) a search hashes the name, reads a slot or two and parses the one row it
// points at: about a microsecond, and three or four pages of a fresh mapping, whatever the size of
// the note. Rows appended in place (update.h) stand behind the text as packed; they are read when
// they are first met and kept in a map. A search that misses, and a note without a usable index,
// reads the whole note, once; the answers are the same.
//
// The file may be updated under a lookup at any time, without locks: a tombstone is written only
// after the row that replaces it is committed. So a search reads the row first, and then whether
// the last terminator line it knows is still one; if it is not, it reads on. A row is in one of the
// tables at every moment, and where it is in both, `instantiations` wins.
//
// NoteSnapshot is the whole note at one moment, for tools: a copy, since a text that was parsed
// while rows moved could have missed a row in both tables.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/base/error.h"
#include "runtime/format/view.h"
#include "runtime/note/note.h"
#include "runtime/note/rows.h"

namespace smf {

// Which table it stands in is which of the two it is.
using NoteMatch = std::variant<InstantiationRow, PossibleRow>;

// Move-only; one thread at a time. The view's bytes must outlive it.
class NoteLookup {
 public:
  // O(sections). A module without a note has no rows.
  static Result<NoteLookup> open(const SmfView& view);
  NoteLookup(NoteLookup&&) noexcept;
  NoteLookup& operator=(NoteLookup&&) noexcept;
  ~NoteLookup();

  // The row of this name; nullopt where neither table has it. The row's views are valid until the
  // next call. Allocates nothing where the index finds a row without escapes. Errors are those of
  // a note that does not read: kInvalidInput, kLimit, kOutOfMemory.
  Result<std::optional<NoteMatch>> find(std::string_view mangled_name);
  // The row of this template with these arguments, however they are spelled. Goes by the name that
  // mangled_name() makes; a row of another name costs reading the whole note.
  Result<std::optional<NoteMatch>> find(std::string_view template_name, std::string_view type_args);

  // Whether there is an index over this text.
  bool has_index() const;
  // Whether the whole note had to be read.
  bool has_read_all() const;

 private:
  class Impl;
  explicit NoteLookup(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Move-only. Const access may be shared between threads; refresh() not.
class NoteSnapshot {
 public:
  // The view's bytes must outlive the snapshot. kNotFound where the module has no note. Linear.
  static Result<NoteSnapshot> read(const SmfView& view);

  const Note& note() const { return *note_; }
  // Reads what was appended since. True where anything was: note() is then another, and what was
  // got from the old one is void; on an error it is the old one. A constant number of bytes where
  // nothing was.
  Result<bool> refresh();

 private:
  NoteSnapshot() = default;
  Result<void> take(std::unique_ptr<std::string> text);

  std::string_view section_;           // from the note's start, as far as it may grow
  std::unique_ptr<std::string> text_;  // behind a pointer: the note's views stay when this moves
  std::optional<Note> note_{};
};

}  // namespace smf
