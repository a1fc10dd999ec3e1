// Where the tables of a note and their rows stand in its text.
//
// Typed access to a note is for readers; packing, indexing and updating need the other view of it:
// which bytes are a row, whether a row can be cut out as a line, where the next one goes. Whatever
// else a note holds (unknown tables, unknown columns, comments) is kept by being left alone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/note/index.h"
#include "runtime/sdn/document.h"

namespace smf {

// Offsets count bytes from the start of the text.
struct NoteLayout {
  struct Row {
    std::uint32_t line = 0;  // of its first byte, an indenting blank
    std::optional<std::int64_t> id{};
    // Views into the text or the document.
    std::string_view template_name, type_args, mangled_name;
  };

  struct Table {
    bool exists = false;
    // The header stands alone on its line at column 0, and each row on a line of its own, indented
    // by spaces: rows can be cut, commented out and appended as lines.
    bool is_plain = false;
    std::vector<NoteColumn> columns{};
    std::size_t indent = 4;   // of rows
    std::uint32_t begin = 0;  // of the header's line
    std::uint32_t end = 0;    // behind the line of the last row, or of the header
    std::vector<Row> rows{};  // in the order of the text; without those turned into comments

    bool has(NoteColumn column) const;
    // As the index stores it: without rows where they are no lines; nullopt where it has too many
    // columns.
    std::optional<NoteIndex::Table> indexed(std::string_view text) const;
  };

  // An entry of the document: from its line to the next entry's.
  struct Entry {
    std::string_view key;
    std::uint32_t begin = 0, end = 0;
    bool at_line_start = false;  // at column 0
  };

  // `text` is a note without its terminator line, or with it; it must outlive the layout.
  // kInvalidInput where it is no SDN.
  static Result<NoteLayout> parse(std::string_view text);

  const Table& table(NoteTable which) const { return tables[static_cast<std::size_t>(which)]; }

  std::array<Table, 2> tables{};
  std::vector<Entry> entries{};
  std::vector<sdn::Document> document{};  // one, that the views point into
};

// The name in the text: "instantiations", "possible".
std::string_view note_table_name(NoteTable table);
// The column of a name or an alias of it (`template_name`, `output_file`); kOther for others.
NoteColumn note_column(std::string_view name);

// The offset of the line that `offset` lies in, and of the line after it.
std::uint32_t line_begin(std::string_view text, std::uint64_t offset);
std::uint32_t line_end(std::string_view text, std::uint64_t offset);

inline constexpr std::string_view kNoteTerminatorLine = "# END_NOTE\n";
inline constexpr std::string_view kNoteCommittedLine = "# eND_NOTE\n";

}  // namespace smf
