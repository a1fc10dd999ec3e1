// The note that a command reads: of a module, or a text of its own.
//
// What opens as a module is one. Anything else is the text of a note if no byte of it is NUL, which
// no text holds and every module does; otherwise the error is the module's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/view.h"
#include "runtime/note/lookup.h"
#include "runtime/note/note.h"
#include "runtime/os/input_file.h"

namespace smf::tool {

class NoteInput {
 public:
  // "-" is standard input. The note itself is not read yet.
  static Result<NoteInput> open(const std::string& path);

  const std::string& path() const { return path_; }
  // nullopt where the file is a text.
  const std::optional<SmfView>& module() const { return module_; }
  // Where the note's text begins, in bytes from the start of the file.
  std::uint64_t begin() const { return begin_; }

  // The whole note, read when first asked for: of a module, as it was then. kNotFound where the
  // module has none. The pointer is valid while the input stays where it is.
  Result<const Note*> read();
  // An error about the note's text, made one about the file.
  Error located(Error error) const;

 private:
  NoteInput() = default;

  std::string path_{};
  os::FileBytes bytes_{};
  std::optional<SmfView> module_{};
  std::uint64_t begin_ = 0;
  std::optional<NoteSnapshot> snapshot_{};
  std::optional<Note> text_{};
};

// "; did you mean 'List$Int'?", from the names of the note's rows; empty where none is near.
std::string name_hint(const Note& note, std::string_view name);
// The same from rows spelled "List<Int>".
std::string pair_hint(const Note& note, std::string_view pair);

}  // namespace smf::tool
