#include "runtime/note/state.h"

#include <algorithm>
#include <utility>

#include "runtime/note/names.h"

namespace smf {
namespace {

// Whether one byte can turn the row into a comment for every reader: old ones take a line with `|`
// for a table's header even behind a `#`.
bool can_become_comment(std::string_view text, const NoteLayout::Row& row) {
  const std::string_view line =
      text.substr(row.line, line_end(text, row.line) - std::size_t{row.line});
  return line.starts_with(' ') && line.find('|') == std::string_view::npos;
}

bool can_take_rows(std::string_view text, const NoteLayout& layout) {
  const NoteLayout::Table& table = layout.table(NoteTable::kInstantiations);
  return table.is_plain && text.ends_with(kNoteTerminatorLine) &&
         layout.entries.back().key == note_table_name(NoteTable::kInstantiations) &&
         // Indentation by tabs and by spaces do not mix.
         text.find("\n\t") == std::string_view::npos;
}

Result<Section> find_note(const SmfView& view) {
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    SMF_ASSIGN(const Section section, view.section(i));
    if (section.is_note()) return section;
  }
  return fail(ErrorCode::kNotFound, "the module has no note (section 'note.sdn')");
}

}  // namespace

Result<NoteState> NoteState::read(const SmfView& view) {
  SMF_ASSIGN(const Section section, find_note(view));
  SMF_ASSIGN(const auto note, view.note());
  const std::string_view text = note.value_or("");
  SMF_ASSIGN(const NoteLayout layout, NoteLayout::parse(text));
  NoteState state;
  state.begin = section.offset;
  state.capacity = section.size;
  state.end = text.size();
  const NoteLayout::Table& made = layout.table(NoteTable::kInstantiations);
  state.can_append = section.size != 0 && can_take_rows(text, layout);
  state.header_line = text.substr(made.begin, line_end(text, made.begin) - made.begin);
  state.columns = made.columns;
  state.indent = made.indent;
  for (const NoteLayout::Row& row : made.rows) state.enter(row);
  const NoteLayout::Table& possible = layout.table(NoteTable::kPossible);
  for (const NoteLayout::Row& row : possible.rows) {
    std::optional<std::uint32_t> line;
    if (possible.is_plain && can_become_comment(text, row)) line = row.line;
    const auto [at, is_new] = state.names_.try_emplace(
        std::string(row.mangled_name), Name{.line = line,
                                            .template_name = std::string(row.template_name),
                                            .type_args = std::string(row.type_args)});
    const Name& known = at->second;
    if (is_new || known.table == NoteTable::kPossible || !line) continue;
    if (known.template_name == row.template_name && same_type_args(known.type_args, row.type_args))
      state.due_tombstones.push_back(*line);
  }
  return state;
}

void NoteState::enter(const NoteLayout::Row& row) {
  if (row.id && *row.id >= next_id && *row.id < INT64_MAX) next_id = *row.id + 1;
  const auto [at, is_new] = names_.try_emplace(std::string(row.mangled_name),
                                               Name{.table = NoteTable::kInstantiations,
                                                    .template_name = std::string(row.template_name),
                                                    .type_args = std::string(row.type_args)});
  if (is_new || at->second.table == NoteTable::kInstantiations) return;
  at->second.table = NoteTable::kInstantiations;
  if (at->second.line) due_tombstones.push_back(*at->second.line);
}

Result<void> NoteState::take(std::string_view appended, NoteState* into) const {
  const std::string text = header_line + std::string(appended);
  SMF_ASSIGN(const NoteLayout layout, NoteLayout::parse(text));
  const NoteLayout::Table& table = layout.table(NoteTable::kInstantiations);
  if (layout.entries.size() != 1 || !table.is_plain)
    return fail(ErrorCode::kInvalidInput, "what was appended to the note is no rows");
  if (into == nullptr) return {};
  for (const NoteLayout::Row& row : table.rows) into->enter(row);
  into->end += appended.size();
  return {};
}

Result<void> NoteState::check(std::string_view appended) const { return take(appended, nullptr); }

Result<void> NoteState::read_on(std::string_view appended) { return take(appended, this); }

const NoteState::Name* NoteState::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found != names_.end() ? &found->second : nullptr;
}

}  // namespace smf
