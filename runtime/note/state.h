// What a writer knows of a note between two updates: which names it holds, and where the next row
// goes. Part of update.h, apart from it so that it can be tested without files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/view.h"
#include "runtime/note/index.h"
#include "runtime/note/layout.h"

namespace smf {

struct NoteState {
  struct Name {
    NoteTable table = NoteTable::kPossible;
    // Of a row in `possible` that one byte can turn into a comment: its line.
    std::optional<std::uint32_t> line{};
    std::string template_name, type_args;
  };

  // Of the module's note. kNotFound where it has none.
  static Result<NoteState> read(const SmfView& view);

  // Whether read_on() would take it in.
  Result<void> check(std::string_view appended) const;
  // Takes in what stands behind the text read so far: rows of instantiations and terminator lines.
  // kInvalidInput, and nothing changed, where that is not what it is.
  Result<void> read_on(std::string_view appended);

  const Name* find(std::string_view name) const;

  std::uint64_t begin = 0;     // of the section, in bytes from the start of the file
  std::uint64_t capacity = 0;  // of the section
  std::uint64_t end = 0;       // behind the terminator line, from `begin`
  // Rows can be appended behind the terminator line: it is one, `instantiations` is last, and its
  // rows are lines.
  bool can_append = false;
  std::string header_line;  // of instantiations
  std::vector<NoteColumn> columns;
  std::size_t indent = 4;
  std::int64_t next_id = 0;
  // Lines of rows in `possible` that stand in `instantiations` too.
  std::vector<std::uint32_t> due_tombstones;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  void enter(const NoteLayout::Row& row);
  Result<void> take(std::string_view appended, NoteState* into) const;

  std::unordered_map<std::string, Name, Hash, std::equal_to<>> names_;
};

}  // namespace smf
