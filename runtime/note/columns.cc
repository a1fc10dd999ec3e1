#include "runtime/note/columns.h"

#include <charconv>
#include <utility>

namespace smf {

const NoteTableForm& form_of(NoteTableKind kind) {
  for (const NoteTableForm& form : kNoteTableForms)
    if (form.kind == kind) return form;
  std::unreachable();
}

NoteColumns match_columns(const NoteTableForm& form, std::span<const std::string_view> names) {
  NoteColumns columns;
  for (std::size_t field = 0; field < form.column_count; ++field) {
    const NoteColumnForm& wanted = form.columns[field];
    for (std::size_t i = 0; i < names.size() && i < NoteColumns::kAbsent; ++i) {
      if (names[i] != wanted.name && (wanted.alias.empty() || names[i] != wanted.alias)) continue;
      columns.at[field] = static_cast<std::uint16_t>(i);
      break;
    }
  }
  return columns;
}

NoteColumns match_columns(const NoteTableForm& form, const sdn::Table& table) {
  std::vector<std::string_view> names;
  names.reserve(table.column_count());
  for (std::size_t i = 0; i < table.column_count(); ++i) names.push_back(table.column_name(i));
  return match_columns(form, names);
}

std::string_view text_cell(const sdn::Row& row, std::uint16_t column) {
  return column < row.size() ? row[column].scalar_text() : std::string_view();
}

std::optional<std::int64_t> number_cell(const sdn::Row& row, std::uint16_t column) {
  if (column >= row.size()) return std::nullopt;
  if (const auto number = row[column].as_int()) return number;
  const std::string_view text = row[column].scalar_text();  // a number in quotes
  std::int64_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stopped != text.data() + text.size()) return std::nullopt;
  return value;
}

bool bool_cell(const sdn::Row& row, std::uint16_t column) {
  return text_cell(row, column) == "true";
}

InstantiationRow read_instantiation(const sdn::Row& row, const NoteColumns& columns) {
  const auto& at = columns.at;
  return {.id = number_cell(row, at[0]),
          .template_name = text_cell(row, at[1]),
          .type_args = text_cell(row, at[2]),
          .mangled_name = text_cell(row, at[3]),
          .from_file = text_cell(row, at[4]),
          .from_loc = text_cell(row, at[5]),
          .to_obj = text_cell(row, at[6]),
          .status = text_cell(row, at[7]),
          .offset = row.offset()};
}

PossibleRow read_possible(const sdn::Row& row, const NoteColumns& columns) {
  const auto& at = columns.at;
  return {.id = number_cell(row, at[0]),
          .template_name = text_cell(row, at[1]),
          .type_args = text_cell(row, at[2]),
          .mangled_name = text_cell(row, at[3]),
          .required_by = text_cell(row, at[4]),
          .can_defer = bool_cell(row, at[5]),
          .offset = row.offset()};
}

}  // namespace smf
