#include "runtime/note/lookup.h"

#include <array>
#include <new>
#include <utility>

#include "runtime/note/appended.h"
#include "runtime/note/columns.h"
#include "runtime/note/index.h"
#include "runtime/note/layout.h"
#include "runtime/note/names.h"
#include "runtime/sdn/row_reader.h"

namespace smf {
namespace {

using Match = std::optional<NoteMatch>;

// Which field of a row of `table` a column of the index is: its place in NoteColumns.
constexpr std::size_t field_of(NoteColumn column, NoteTable table) {
  const bool is_made = table == NoteTable::kInstantiations;
  switch (column) {
    case NoteColumn::kId:
      return 0;
    case NoteColumn::kTemplate:
      return 1;
    case NoteColumn::kTypeArgs:
      return 2;
    case NoteColumn::kMangledName:
      return 3;
    case NoteColumn::kFromFile:
      return is_made ? 4 : NoteColumns::kMax;
    case NoteColumn::kFromLoc:
      return is_made ? 5 : NoteColumns::kMax;
    case NoteColumn::kToObj:
      return is_made ? 6 : NoteColumns::kMax;
    case NoteColumn::kStatus:
      return is_made ? 7 : NoteColumns::kMax;
    case NoteColumn::kRequiredBy:
      return is_made ? NoteColumns::kMax : 4;
    case NoteColumn::kCanDefer:
      return is_made ? NoteColumns::kMax : 5;
    default:
      return NoteColumns::kMax;
  }
}

bool is_made(const Match& match) {
  return match && std::holds_alternative<InstantiationRow>(*match);
}

template <typename Matches>
bool holds(const NoteMatch& match, const Matches& matches) {
  return std::visit(matches, match);
}

}  // namespace

class NoteLookup::Impl {
 public:
  Impl(const SmfView& view, std::string_view section) : view_(view), section_(section) {}

  void use_index(Bytes bytes) {
    index_ = NoteIndex::open(bytes);
    if (!index_) return;
    const std::uint64_t size = index_->packed_size();
    if (!may_end_at(section_, size)) return index_.reset();
    for (const NoteTable table : {NoteTable::kInstantiations, NoteTable::kPossible})
      columns_[static_cast<std::size_t>(table)] = columns_of(*index_, table);
    appended_.emplace(section_, size, columns_[0].columns, columns_[0].count);
    // Gives the reader the memory of a row, so that searches need none.
    constexpr std::string_view kWidestRow = "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0";
    static_assert(kWidestRow.size() == 2 * NoteIndex::kMaxColumns - 1);
    static_cast<void>(reader_.read(kWidestRow, 0, NoteIndex::kMaxColumns));
  }

  bool has_index() const { return index_.has_value(); }
  bool has_read_all() const { return note_.has_value(); }

  Result<Match> find(std::string_view name) {
    const auto is_it = [name](const auto& row) { return row.mangled_name == name; };
    Match match = find_by_index(name, is_it);
    if (is_made(match)) return match;
    if (index_) {
      SMF_ASSIGN(const Match later, find_appended(name));
      if (later) return later;
      if (match && index_) return match;
    }
    SMF_TRY(read_all());
    if (const auto place = note_->find(name)) match = row_at(*place);
    if (is_made(match)) return match;
    SMF_ASSIGN(const Match later, find_appended(name));
    return later ? later : match;
  }

  Result<Match> find(std::string_view template_name, std::string_view type_args) {
    const auto is_it = [&](const auto& row) {
      return row.template_name == template_name && same_type_args(row.type_args, type_args);
    };
    if (index_) {
      SMF_ASSIGN(const Match match, find(mangled_name(template_name, split_type_args(type_args))));
      if (match && holds(*match, is_it)) return match;
    }
    SMF_TRY(read_all());
    Match match;
    if (const auto place = note_->find(template_name, type_args)) match = row_at(*place);
    if (is_made(match)) return match;
    SMF_TRY(read_appended());
    const auto later = appended_->find_if(is_it);
    return later ? Match(*later) : match;
  }

 private:
  struct TableColumns {
    NoteColumns columns;
    std::uint32_t count = 0;
  };

  static TableColumns columns_of(const NoteIndex& index, NoteTable table) {
    TableColumns result;
    for (const NoteColumn column : index.table(table).columns) {
      if (column == NoteColumn::kNone) break;
      const std::size_t field = field_of(column, table);
      if (field < NoteColumns::kMax && result.columns.at[field] == NoteColumns::kAbsent)
        result.columns.at[field] = static_cast<std::uint16_t>(result.count);
      ++result.count;
    }
    return result;
  }

  // A row that the index points at, if it is the one.
  template <typename Matches>
  Match find_by_index(std::string_view name, const Matches& is_it) {
    if (!index_) return std::nullopt;
    auto walk = index_->find(name);
    while (const auto place = walk.next()) {
      const auto& [columns, count] = columns_[static_cast<std::size_t>(place->table)];
      const std::string_view covered = section_.substr(0, index_->packed_size());
      const auto row = reader_.read(covered, place->offset, count);
      if (!row || !*row) continue;  // a tombstone, or an index of another text
      const NoteMatch match = place->table == NoteTable::kInstantiations
                                  ? NoteMatch(read_instantiation(**row, columns))
                                  : NoteMatch(read_possible(**row, columns));
      if (holds(match, is_it)) return match;
    }
    return std::nullopt;
  }

  // Rows that do not read by themselves -- somebody else appended them, or their columns are not
  // known -- are read with the whole note, which is the judge of them.
  Result<void> read_appended() {
    if (appended_->read_on()) return {};
    index_.reset();
    appended_.reset();
    note_.reset();
    return read_all();
  }

  Result<Match> find_appended(std::string_view name) {
    SMF_TRY(read_appended());
    const auto row = appended_->find(name);
    return row ? Match(*row) : Match();
  }

  NoteMatch row_at(Note::Place place) const {
    if (place.is_possible) return note_->possible(place.row);
    return note_->instantiation(place.row);
  }

  // The whole note, as it is when it is first needed.
  Result<void> read_all() {
    if (note_) return {};
    SMF_ASSIGN(const auto text, view_.note());
    SMF_ASSIGN(Note note, Note::parse(text.value_or("")));
    note_ = std::move(note);
    if (appended_) return {};
    // Rows that are appended are of the table that stands last.
    TableColumns made;
    const sdn::Dict tables = note_->document().dict();
    if (!tables.empty() && tables[tables.size() - 1].key == "instantiations") {
      if (const auto table = tables[tables.size() - 1].value.as_table()) {
        made.columns = match_columns(form_of(NoteTableKind::kInstantiations), *table);
        made.count = static_cast<std::uint32_t>(table->column_count());
      }
    }
    appended_.emplace(section_, text ? text->size() : 0, made.columns, made.count);
    return {};
  }

  const SmfView view_;
  const std::string_view section_;
  std::optional<NoteIndex> index_{};
  std::array<TableColumns, 2> columns_{};
  sdn::RowReader reader_{};
  std::optional<AppendedRows> appended_{};
  std::optional<Note> note_{};
};

NoteLookup::NoteLookup(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NoteLookup::NoteLookup(NoteLookup&&) noexcept = default;
NoteLookup& NoteLookup::operator=(NoteLookup&&) noexcept = default;
NoteLookup::~NoteLookup() = default;

Result<NoteLookup> NoteLookup::open(const SmfView& view) try {
  SMF_ASSIGN(const auto note, view.find_section(kNoteSection));
  const bool is_there = note && note->is_note();
  auto impl =
      std::make_unique<Impl>(view, is_there ? as_text(view.stored(*note)) : std::string_view());
  SMF_ASSIGN(const auto index, view.find_section(kNoteIndexSection));
  if (is_there && index && !index->compressed) impl->use_index(view.stored(*index));
  return NoteLookup(std::move(impl));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to look into the note");
}

Result<std::optional<NoteMatch>> NoteLookup::find(std::string_view mangled_name) try {
  return impl_->find(mangled_name);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to look into the note");
}

Result<std::optional<NoteMatch>> NoteLookup::find(std::string_view template_name,
                                                  std::string_view type_args) try {
  return impl_->find(template_name, type_args);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to look into the note");
}

bool NoteLookup::has_index() const { return impl_->has_index(); }
bool NoteLookup::has_read_all() const { return impl_->has_read_all(); }

Result<NoteSnapshot> NoteSnapshot::read(const SmfView& view) try {
  SMF_ASSIGN(const auto text, view.note());
  if (!text) return fail(ErrorCode::kNotFound, "the module has no note (section 'note.sdn')");
  SMF_ASSIGN(const auto section, view.find_section(kNoteSection));
  NoteSnapshot snapshot;
  snapshot.section_ = section ? as_text(view.stored(*section)) : std::string_view();
  SMF_TRY(snapshot.take(std::make_unique<std::string>(*text)));
  return snapshot;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a copy of the note");
}

// Makes `text` the snapshot's, with what was committed since it was copied, and while this copies.
Result<void> NoteSnapshot::take(std::unique_ptr<std::string> text) {
  while (const auto more = appended_text(section_, text->size())) {
    text->replace(text->size() - kNoteCommittedLine.size(), kNoteCommittedLine.size(),
                  kNoteCommittedLine);
    text->append(*more);
  }
  SMF_ASSIGN(Note note, Note::parse(*text));
  note_ = std::move(note);
  text_ = std::move(text);
  return {};
}

Result<bool> NoteSnapshot::refresh() try {
  if (!appended_text(section_, text_->size())) return false;
  SMF_TRY(take(std::make_unique<std::string>(*text_)));
  return true;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a copy of the note");
}

}  // namespace smf
