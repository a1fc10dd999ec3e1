// note.sdn, parsed: which instantiations of templates a module holds, and which are possible.
//
//     SMF_ASSIGN(const Note note, Note::parse(text));
//     if (const auto found = note.find("List$Int")) use(*found);
//
// The language is in docs/note.md. Tables and columns are matched by name, so both published forms
// are read, in any order of tables and columns: with and without `id`, `to_obj` or `output_file`,
// `context` or `ctx`, `can_defer` bare or quoted, `template` or `template_name`, with or without a
// `build:` block. Tables and columns of other names are kept and stand in document().
//
// A Note is a snapshot of a text, which it borrows: the text must outlive it and, apart from the
// single bytes that an update in place turns (update.h), stay as it is. Parsing is linear, about a
// millisecond for a megabyte, and allocates for tables, not for rows. Rows are made when they are
// asked for, from the parsed cells. The look-ups build a hash table when first used: 100 000 rows
// take a few milliseconds and 2 MB. Const throughout; thread-safe.
//
// Where a name stands in both tables -- an update was interrupted between its commit and its
// tombstone -- **instantiations wins**: find() does not see the row in `possible`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/view.h"
#include "runtime/note/rows.h"
#include "runtime/sdn/document.h"

namespace smf {

// Which cells of a table are which fields of a row: kAbsent for a column the table does not have.
struct NoteColumns {
  static constexpr std::uint16_t kAbsent = 0xFFFF;
  static constexpr std::size_t kMax = 8;
  std::uint16_t at[kMax] = {kAbsent, kAbsent, kAbsent, kAbsent, kAbsent, kAbsent, kAbsent, kAbsent};
};

class Note {
 public:
  // `text` up to and including its line `# END_NOTE`, or all of it where there is none. Errors are
  // those of the SDN parser ("LINE:COLUMN: message", with the byte's offset); kLimit above
  // `max_bytes`.
  static Result<Note> parse(std::string_view text, std::uint64_t max_bytes = kMaxNoteBytes);

  Note(Note&&) noexcept;
  Note& operator=(Note&&) noexcept;
  ~Note();

  // The text that was parsed, its terminator line included.
  std::string_view text() const { return document_.text(); }
  const sdn::Document& document() const { return document_; }

  std::size_t instantiation_count() const { return count(instantiations_); }
  std::size_t possible_count() const { return count(possible_); }
  std::size_t type_inference_count() const { return count(type_inferences_); }
  std::size_t dependency_count() const { return count(dependencies_); }
  std::size_t circular_warning_count() const { return count(circular_warnings_); }
  std::size_t circular_error_count() const { return count(circular_errors_); }

  // In the order of the text; indices are checked (SMF_CHECK).
  InstantiationRow instantiation(std::size_t row) const;
  PossibleRow possible(std::size_t row) const;
  TypeInferenceRow type_inference(std::size_t row) const;
  DependencyRow dependency(std::size_t row) const;
  CircularRow circular_warning(std::size_t row) const;
  CircularRow circular_error(std::size_t row) const;

  // Where a name was found: the row's index in its table.
  struct Place {
    bool is_possible = false;  // in `possible`, else in `instantiations`
    std::uint32_t row = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  // The row of this mangled name; of several, the first.
  std::optional<Place> find(std::string_view mangled_name) const;
  // The row of this template with these arguments, however they are spelled (names.h).
  std::optional<Place> find(std::string_view template_name, std::string_view type_args) const;

  // kInvalidInput at the first row whose mangled name another row uses for another template or
  // other arguments; the message names both.
  Result<void> check_names() const;
  // The same errors for all such rows, `limit` of them at most; fails where memory runs out.
  Result<std::vector<Error>> name_clashes(std::size_t limit) const;

 private:
  struct TableRows {
    std::optional<sdn::Table> table{};
    NoteColumns columns{};
  };
  struct Names;

  explicit Note(sdn::Document document);
  Result<void> match_tables();
  static std::size_t count(const TableRows& rows) {
    return rows.table ? rows.table->row_count() : 0;
  }
  const Names& names() const;

  sdn::Document document_;
  TableRows instantiations_, possible_, type_inferences_, dependencies_;
  TableRows circular_warnings_, circular_errors_;
  std::unique_ptr<Names> names_;
};

// Writing a note anew, in the first of the published forms with `instantiations` last: what a
// rewrite of the file needs.
struct NoteEdits {
  std::vector<bool> dropped_possible{};                // a row each; empty for none
  std::vector<InstantiationRow> new_instantiations{};  // ids are given by write_note
  std::vector<PossibleRow> new_possible{};
  std::vector<DependencyRow> new_dependencies{};
};

// The text of `note` after `edits`, up to and including its terminator line. Entries and columns
// that the library does not know follow those it knows; comments are lost. Rows without an id get
// the next.
Result<std::string> write_note(const Note& note, const NoteEdits& edits = {});

}  // namespace smf
