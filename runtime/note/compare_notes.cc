#include "runtime/note/compare_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

#include "runtime/note/columns.h"
#include "runtime/note/lookup.h"
#include "runtime/sdn/owned.h"
#include "runtime/sdn/writer.h"

namespace smf {
namespace {

struct Line {
  std::string table;
  std::string row;
  std::string key() const { return table + '\n' + row; }
};

const NoteTableForm* find_form(std::string_view name) {
  const auto* const found = std::ranges::find(kNoteTableForms, name, &NoteTableForm::name);
  return found != std::end(kNoteTableForms) ? found : nullptr;
}

// The cells in the order of the form, and behind them those of columns it does not know.
Result<std::string> row_line(const NoteTableForm& form, const sdn::Table& table,
                             const NoteColumns& columns, const sdn::Row& row) {
  std::vector<sdn::OwnedValue> cells;
  std::vector<bool> is_told(table.column_count());
  for (std::size_t field = 0; field < form.column_count; ++field) {
    const std::uint16_t at = columns.at[field];
    if (at < is_told.size()) is_told[at] = true;
    if (form.columns[field].name == "id") continue;
    if (form.columns[field].name == "can_defer") {
      cells.emplace_back(bool_cell(row, at));
    } else {
      cells.emplace_back(text_cell(row, at));
    }
  }
  for (std::size_t i = 0; i < is_told.size(); ++i) {
    if (!is_told[i])
      cells.emplace_back(fmt::format("{}: {}", table.column_name(i), row[i].scalar_text()));
  }
  SMF_ASSIGN(std::string line, sdn::write_row(cells, {.cells = sdn::Quoting::kEveryString}, 0));
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

Result<std::vector<Line>> lines_of(const Note& note) {
  std::vector<Line> lines;
  const sdn::Dict root = note.document().dict();
  for (const sdn::DictEntry entry : root) {
    const NoteTableForm* const form = find_form(entry.key);
    const auto table = entry.value.as_table();
    if (form == nullptr || !table || !table->named()) {
      if (form != nullptr && entry.value.is_null()) continue;
      SMF_ASSIGN(std::string text, sdn::write_inline(sdn::OwnedValue(entry.value)));
      lines.push_back({std::string(entry.key), std::move(text)});
      continue;
    }
    const NoteColumns columns = match_columns(*form, *table);
    for (std::size_t i = 0; i < table->row_count(); ++i) {
      SMF_ASSIGN(std::string line, row_line(*form, *table, columns, table->row(i)));
      lines.push_back({std::string(entry.key), std::move(line)});
    }
  }
  return lines;
}

Result<std::vector<Line>> read_lines(const SmfView& view) {
  SMF_ASSIGN(const auto text, view.note());
  if (!text) return std::vector<Line>();
  SMF_ASSIGN(const NoteSnapshot snapshot, NoteSnapshot::read(view));
  return lines_of(snapshot.note());
}

// The lines of `lines` that `others` does not have as often.
void tell_missing(const std::vector<Line>& lines, const std::vector<Line>& others, Change change,
                  std::vector<Difference>& out) {
  std::unordered_map<std::string, std::size_t> left;
  for (const Line& line : others) ++left[line.key()];
  for (const Line& line : lines) {
    std::size_t& count = left[line.key()];
    if (count > 0) {
      --count;
    } else {
      out.push_back({.part = Part::kNote, .change = change, .name = line.table, .field = line.row});
    }
  }
}

}  // namespace

Result<std::vector<Difference>> compare_notes(const SmfView& before, const SmfView& after) try {
  const auto old_lines = read_lines(before);
  if (!old_lines) return std::unexpected(Error(old_lines.error()).at_path("before"));
  const auto new_lines = read_lines(after);
  if (!new_lines) return std::unexpected(Error(new_lines.error()).at_path("after"));
  std::vector<Difference> out;
  tell_missing(*old_lines, *new_lines, Change::kRemoved, out);
  tell_missing(*new_lines, *old_lines, Change::kAdded, out);
  return out;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to compare the notes");
}

}  // namespace smf
