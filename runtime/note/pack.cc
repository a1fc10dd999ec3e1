#include "runtime/note/pack.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "runtime/format/convert.h"
#include "runtime/format/view.h"
#include "runtime/note/index.h"
#include "runtime/note/layout.h"
#include "runtime/note/note.h"

namespace smf {
namespace {

// The text without what follows its terminator line, which is added where it is missing.
std::string terminated(std::string_view text) {
  std::string whole(terminated_note(as_bytes(text)).value_or(text));
  const bool is_closed = terminated_note(as_bytes(whole)).has_value();
  if (!whole.empty() && whole.back() != '\n') whole += '\n';
  if (!is_closed) whole += kNoteTerminatorLine;
  return whole;
}

bool is_last(const NoteLayout& layout) {
  return !layout.table(NoteTable::kInstantiations).exists ||
         layout.entries.back().key == note_table_name(NoteTable::kInstantiations);
}

// Moves the lines of instantiations in front of the terminator line. Empty where they cannot be.
std::string with_instantiations_last(std::string_view text, const NoteLayout& layout) {
  const auto moved = std::ranges::find(layout.entries, note_table_name(NoteTable::kInstantiations),
                                       &NoteLayout::Entry::key);
  const bool are_lines = std::ranges::all_of(layout.entries, &NoteLayout::Entry::at_line_start) &&
                         layout.table(NoteTable::kInstantiations).is_plain;
  if (!are_lines || !text.ends_with(kNoteTerminatorLine)) return {};
  const std::size_t close = text.size() - kNoteTerminatorLine.size();
  std::string out(text.substr(0, moved->begin));
  out += text.substr(moved->end, close - moved->end);
  out += text.substr(moved->begin, moved->end - moved->begin);
  out += kNoteTerminatorLine;
  return out;
}

// Whether both hold the same entries, in whatever order.
bool holds_the_same(const NoteLayout& a, std::string_view text) {
  const auto b = sdn::parse(text);
  if (!b) return false;
  const sdn::Dict before = a.document.front().dict();
  if (before.size() != b->dict().size()) return false;
  return std::ranges::all_of(before, [&](const sdn::DictEntry& entry) {
    const auto other = b->dict().find(entry.key);
    return other && *other == entry.value;
  });
}

// The text with instantiations last.
Result<std::string> in_order(std::string text) {
  SMF_ASSIGN(const NoteLayout layout, NoteLayout::parse(text));
  if (is_last(layout)) return text;
  std::string moved = with_instantiations_last(text, layout);
  if (!moved.empty() && holds_the_same(layout, moved)) return moved;
  SMF_ASSIGN(const Note note, Note::parse(text));
  return write_note(note);
}

// Rows of instantiations first: they win where a name is in both tables. Where they cannot be
// indexed there are none at all, since a row of `possible` must not be found instead.
std::vector<NoteIndex::Row> index_rows(const NoteLayout& layout, std::string_view text) {
  std::vector<NoteIndex::Row> rows;
  for (const NoteTable which : {NoteTable::kInstantiations, NoteTable::kPossible}) {
    const NoteLayout::Table& table = layout.table(which);
    if (!table.exists) continue;
    if (!table.is_plain || !table.indexed(text)) break;
    for (const NoteLayout::Row& row : table.rows)
      rows.push_back({row.mangled_name, {.table = which, .offset = row.line}});
  }
  return rows;
}

// Whether the index knows the table as it is, or as it was before its last rows became comments.
bool describes(const NoteIndex::Table& indexed, const NoteIndex::Table& table,
               std::string_view text) {
  if (indexed.columns != table.columns || indexed.begin != table.begin || indexed.end < table.end)
    return false;
  for (std::uint32_t line = table.end; line < indexed.end; line = line_end(text, line))
    if (text[line] != '#') return false;
  return true;
}

SectionSpec* find_section(ModuleSpec& spec, std::string_view name) {
  const auto found = std::ranges::find(spec.sections, name, &SectionSpec::name);
  return found != spec.sections.end() ? &*found : nullptr;
}

// In the place of the section of this name, or at the end.
void put_section(SectionSpec section, ModuleSpec& spec) {
  if (SectionSpec* const there = find_section(spec, section.name)) {
    section.flags = there->flags;
    section.alignment = there->alignment;
    *there = std::move(section);
  } else {
    spec.sections.push_back(std::move(section));
  }
}

SectionSpec index_section(const ByteVector& index) {
  constexpr std::uint64_t kSlotAlignment = 8;
  return {.name = std::string(kNoteIndexSection),
          .type = static_cast<std::uint8_t>(SectionType::kDebug),
          .flags = kSectionRead,
          .alignment = kSlotAlignment,
          .payload = memory_source(index)};
}

}  // namespace

Result<PackedNote> pack_note(std::string_view text) {
  auto in_whole = in_order(terminated(text));
  if (!in_whole) {
    // Of a mistake, where it is in the text as it was given.
    const auto given = sdn::parse(terminated_note(as_bytes(text)).value_or(text));
    return std::unexpected(given ? std::move(in_whole).error() : given.error());
  }
  std::string ordered = *std::move(in_whole);
  if (ordered.size() > std::uint64_t{std::numeric_limits<std::int32_t>::max()})
    return fail(ErrorCode::kLimit, "the note is longer than 2 GiB");
  PackedNote packed{.text = std::move(ordered), .index = {}};
  SMF_ASSIGN(const NoteLayout layout, NoteLayout::parse(packed.text));
  const std::vector<NoteIndex::Row> rows = index_rows(layout, packed.text);
  packed.row_count = rows.size();
  packed.index =
      NoteIndex::build(rows,
                       {layout.tables[0].indexed(packed.text).value_or(NoteIndex::Table{}),
                        layout.tables[1].indexed(packed.text).value_or(NoteIndex::Table{})},
                       static_cast<std::uint32_t>(packed.text.size()));
  return packed;
}

void put_note(const PackedNote& note, ModuleSpec& spec) {
  put_section(note_section(note.text), spec);
  if (spec.format == OutputFormat::kH96) return;
  if (note.row_count >= kLeastIndexedRows || find_section(spec, kNoteIndexSection) != nullptr)
    put_section(index_section(note.index), spec);
}

bool is_index_of(Bytes section, std::string_view text) {
  const auto index = NoteIndex::open(section);
  if (!index || index->packed_size() > text.size()) return false;
  const std::string_view covered = text.substr(0, index->packed_size());
  if (!covered.ends_with(kNoteTerminatorLine) && !covered.ends_with(kNoteCommittedLine))
    return false;
  const auto layout = NoteLayout::parse(covered);
  if (!layout) return false;
  for (const NoteTable which : {NoteTable::kInstantiations, NoteTable::kPossible}) {
    const auto table = layout->table(which).indexed(covered);
    if (!table || !describes(index->table(which), *table, covered)) return false;
  }
  std::unordered_map<std::uint32_t, std::string_view> names;
  const std::vector<NoteIndex::Row> rows = index_rows(*layout, covered);
  for (const NoteIndex::Row& row : rows) names.emplace(row.place.offset, row.mangled_name);
  return std::ranges::all_of(rows, [&](const NoteIndex::Row& row) {
    auto walk = index->find(row.mangled_name);
    while (const auto place = walk.next()) {
      const auto found = names.find(place->offset);
      if (found != names.end() && found->second == row.mangled_name) return true;
    }
    return false;
  });
}

Result<void> refresh_note_index(ModuleSpec& spec) {
  SectionSpec* const index = find_section(spec, kNoteIndexSection);
  SectionSpec* const note = find_section(spec, kNoteSection);
  if (index == nullptr || note == nullptr || !index->payload || !note->payload) return {};
  SMF_ASSIGN(const ByteVector bytes, read_all(*index->payload));
  SMF_ASSIGN(const ByteVector section, read_all(*note->payload));
  const std::string_view text = terminated_note(section).value_or(as_text(section));
  if (is_index_of(bytes, text)) return {};
  SMF_ASSIGN(const PackedNote packed, pack_note(text));
  put_note(packed, spec);
  return {};
}

}  // namespace smf
