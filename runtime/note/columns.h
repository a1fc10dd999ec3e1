// Which tables and columns a note can have, by all the names they have been written with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "runtime/note/note.h"
#include "runtime/note/rows.h"
#include "runtime/sdn/value.h"

namespace smf {

enum class NoteTableKind : std::uint8_t {
  kInstantiations,
  kPossible,
  kTypeInferences,
  kDependencies,
  kCircularWarnings,
  kCircularErrors,
};

// A column under its name in the form that is written, and the name other writers give it.
struct NoteColumnForm {
  std::string_view name{};
  std::string_view alias{};  // empty for none
};

// A table; the order of the columns is that of NoteColumns::at and of what is written.
struct NoteTableForm {
  NoteTableKind kind;
  std::string_view name;
  std::size_t column_count;
  std::array<NoteColumnForm, NoteColumns::kMax> columns;
};

// In the order in which they are written: `instantiations` last, where rows can be appended.
inline constexpr NoteTableForm kNoteTableForms[] = {
    {NoteTableKind::kPossible,
     "possible",
     6,
     {{{"id"},
       {"template", "template_name"},
       {"type_args"},
       {"mangled_name"},
       {"required_by"},
       {"can_defer"}}}},
    {NoteTableKind::kTypeInferences,
     "type_inferences",
     6,
     {{{"id"}, {"inferred_type"}, {"expr"}, {"context", "ctx"}, {"from_file"}, {"from_loc"}}}},
    {NoteTableKind::kDependencies, "dependencies", 3, {{{"from_inst"}, {"to_inst"}, {"dep_kind"}}}},
    {NoteTableKind::kCircularWarnings,
     "circular_warnings",
     3,
     {{{"id"}, {"cycle_path"}, {"severity"}}}},
    {NoteTableKind::kCircularErrors,
     "circular_errors",
     3,
     {{{"id"}, {"cycle_path"}, {"error_code"}}}},
    {NoteTableKind::kInstantiations,
     "instantiations",
     8,
     {{{"id"},
       {"template", "template_name"},
       {"type_args"},
       {"mangled_name"},
       {"from_file"},
       {"from_loc"},
       {"to_obj", "output_file"},
       {"status"}}}},
};

const NoteTableForm& form_of(NoteTableKind kind);

// Where the columns of `form` stand in a table with these column names; of a column under both of
// its names, the first counts.
NoteColumns match_columns(const NoteTableForm& form, const sdn::Table& table);
NoteColumns match_columns(const NoteTableForm& form, std::span<const std::string_view> names);

// Cells by column: empty, nullopt or false for NoteColumns::kAbsent.
std::string_view text_cell(const sdn::Row& row, std::uint16_t column);
std::optional<std::int64_t> number_cell(const sdn::Row& row, std::uint16_t column);
bool bool_cell(const sdn::Row& row, std::uint16_t column);  // also of a quoted "true"

InstantiationRow read_instantiation(const sdn::Row& row, const NoteColumns& columns);
PossibleRow read_possible(const sdn::Row& row, const NoteColumns& columns);

}  // namespace smf
