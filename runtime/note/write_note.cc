#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <vector>

#include "runtime/note/columns.h"
#include "runtime/note/note.h"
#include "runtime/sdn/owned.h"
#include "runtime/sdn/writer.h"

namespace smf {
namespace {

constexpr std::string_view kHead = "# Instantiation To/From Metadata\n# Format version: 1.0\n";
constexpr std::string_view kTerminatorLine = "\n# END_NOTE\n";
constexpr sdn::WriteOptions kStyle{.cells = sdn::Quoting::kEveryString};

// A table of the note as it is being written.
class TableText {
 public:
  // With the columns of `form`, then those of `table` (which may be null) that it does not know.
  TableText(std::string& out, const NoteTableForm& form, const sdn::Table* table) : form_(form) {
    std::vector<std::string_view> names;
    names.reserve(form.column_count + (table != nullptr ? table->column_count() : 0));
    for (std::size_t i = 0; i < form.column_count; ++i) names.push_back(form.columns[i].name);
    if (table != nullptr) {
      columns_ = match_columns(form, *table);
      for (std::size_t i = 0; i < table->column_count(); ++i) {
        const auto end = columns_.at + form.column_count;
        // A second column for the same field, under its other name, is nobody's.
        if (std::find(columns_.at, end, i) != end || is_known(table->column_name(i))) continue;
        other_.push_back(i);
        names.push_back(table->column_name(i));
      }
      for (std::size_t row = 0; row < table->row_count(); ++row) {
        const auto id = has_id() ? number_cell(table->row(row), columns_.at[0]) : std::nullopt;
        if (id && *id >= next_id_ && *id < INT64_MAX) next_id_ = *id + 1;
      }
    }
    writer_.emplace(out, form.name, names, kStyle);
  }

  void copy(const sdn::Row& row) {
    for (std::size_t field = 0; field < form_.column_count; ++field) {
      const std::uint16_t column = columns_.at[field];
      if (field == 0 && has_id()) {
        writer_->cell(number_cell(row, column).value_or(next_id_));
        if (!number_cell(row, column)) ++next_id_;
      } else if (form_.columns[field].name == "can_defer") {
        writer_->cell(bool_cell(row, column));
      } else {
        writer_->cell(text_cell(row, column));
      }
    }
    for (const std::size_t column : other_) copy_cell(row[column]);
    writer_->end_row();
  }

  void add(const InstantiationRow& row) {
    writer_->cell(next_id_++);
    for (const std::string_view text : {row.template_name, row.type_args, row.mangled_name,
                                        row.from_file, row.from_loc, row.to_obj, row.status})
      writer_->cell(text);
    end_new_row();
  }

  void add(const PossibleRow& row) {
    writer_->cell(next_id_++);
    for (const std::string_view text :
         {row.template_name, row.type_args, row.mangled_name, row.required_by})
      writer_->cell(text);
    writer_->cell(row.can_defer);
    end_new_row();
  }

  void add(const DependencyRow& row) {
    for (const std::string_view text : {row.from_inst, row.to_inst, row.dep_kind})
      writer_->cell(text);
    end_new_row();
  }

  Result<void> finish() { return writer_->finish(); }

 private:
  bool has_id() const { return form_.columns[0].name == "id"; }

  bool is_known(std::string_view name) const {
    return std::ranges::any_of(form_.columns, [&](const NoteColumnForm& column) {
      return column.name == name || (!column.alias.empty() && column.alias == name);
    });
  }

  void end_new_row() {
    for (std::size_t i = 0; i < other_.size(); ++i) writer_->cell(std::string_view());
    writer_->end_row();
  }

  void copy_cell(const sdn::Value& value) {
    if (const auto truth = value.as_bool()) {
      writer_->cell(*truth);
    } else if (const auto integer = value.as_int()) {
      writer_->cell(*integer);
    } else if (const auto real = value.as_float()) {
      writer_->cell(*real);
    } else if (value.is_null()) {
      writer_->cell(nullptr);
    } else {
      writer_->cell(value.scalar_text());
    }
  }

  const NoteTableForm& form_;
  NoteColumns columns_;
  std::vector<std::size_t> other_;
  std::int64_t next_id_ = 0;
  std::optional<sdn::TableWriter> writer_;
};

std::optional<sdn::Table> table_of(const Note& note, const NoteTableForm& form) {
  const auto value = note.document().dict().find(form.name);
  return value ? value->as_table() : std::nullopt;
}

Result<void> write_table(const Note& note, const NoteTableForm& form, const NoteEdits& edits,
                         std::string& out) {
  const std::optional<sdn::Table> table = table_of(note, form);
  out += '\n';
  TableText text(out, form, table ? &*table : nullptr);
  const bool is_possible = form.kind == NoteTableKind::kPossible;
  for (std::size_t row = 0; table && row < table->row_count(); ++row) {
    if (is_possible && row < edits.dropped_possible.size() && edits.dropped_possible[row]) continue;
    text.copy(table->row(row));
  }
  if (is_possible)
    for (const PossibleRow& row : edits.new_possible) text.add(row);
  if (form.kind == NoteTableKind::kInstantiations)
    for (const InstantiationRow& row : edits.new_instantiations) text.add(row);
  if (form.kind == NoteTableKind::kDependencies)
    for (const DependencyRow& row : edits.new_dependencies) text.add(row);
  return text.finish();
}

// Entries that are none of the note's tables, in their order.
Result<std::string> other_entries(const Note& note) {
  sdn::OwnedValue others = sdn::OwnedValue::dict();
  const sdn::Dict root = note.document().dict();
  bool any = false;
  for (const sdn::DictEntry entry : root) {
    const bool is_known = std::ranges::any_of(
        kNoteTableForms, [&](const NoteTableForm& form) { return form.name == entry.key; });
    if (is_known) continue;
    others.put(entry.key, sdn::OwnedValue(entry.value));
    any = true;
  }
  if (!any) return std::string();
  SMF_ASSIGN(std::string text, sdn::write(others, kStyle));
  return "\n" + text;
}

}  // namespace

Result<std::string> write_note(const Note& note, const NoteEdits& edits) try {
  std::string out(kHead);
  SMF_ASSIGN(const std::string others, other_entries(note));
  out += others;
  for (const NoteTableForm& form : kNoteTableForms) SMF_TRY(write_table(note, form, edits, out));
  out += kTerminatorLine;
  return out;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to write a note");
}

}  // namespace smf
