#include "runtime/note/verify_note.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <new>
#include <span>
#include <unordered_set>
#include <utility>

#include "runtime/note/lookup.h"
#include "runtime/note/names.h"
#include "runtime/note/note_verifier.h"
#include "runtime/note/pack.h"

namespace smf {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kStatuses[] = {"compiled", "deferred", "jit_compiled",
                                          "pending",  "success",  "failed"};
constexpr std::string_view kDependencyKinds[] = {"type_param", "field_type", "inner_type",
                                                 "method_dep"};
constexpr std::string_view kTruths[] = {"true", "false"};
constexpr std::string_view kSeverities[] = {"warning"};
constexpr std::string_view kErrorCodes[] = {"E0420", "E0421"};

// Without these a row is about nothing.
constexpr std::string_view kNecessary[] = {"template", "mangled_name", "from_inst", "to_inst",
                                           "cycle_path"};

// What may stand in a column; empty where that is any text.
Words words_of(std::string_view column) {
  if (column == "status") return kStatuses;
  if (column == "dep_kind") return kDependencyKinds;
  if (column == "can_defer") return kTruths;
  if (column == "severity") return kSeverities;
  if (column == "error_code") return kErrorCodes;
  return {};
}

}  // namespace

void NoteVerifier::report(Severity severity, std::uint64_t offset, std::string_view message) {
  report_.add({severity, begin_ + offset, fmt::format("note.sdn: {}", message)}, max_findings_);
}

bool NoteVerifier::check_columns(const NoteTableForm& form, const sdn::Value& value,
                                 const sdn::Table& table) {
  if (table.row_count() == 0) return false;
  const NoteColumns columns = match_columns(form, table);
  bool is_complete = true;
  for (std::size_t field = 0; field < form.column_count; ++field) {
    const std::string_view name = form.columns[field].name;
    if (columns.at[field] != NoteColumns::kAbsent || name == "id") continue;
    const bool is_necessary = std::ranges::find(kNecessary, name) != std::end(kNecessary);
    is_complete = is_complete && !is_necessary;
    report(is_necessary ? Severity::kError : Severity::kWarning, value.offset(),
           fmt::format("{} has no column '{}'", form.name, name));
  }
  return is_complete;
}

void NoteVerifier::check_ids(const NoteTableForm& form, const sdn::Table& table) {
  const std::uint16_t column = match_columns(form, table).at[0];
  if (form.columns[0].name != "id" || column == NoteColumns::kAbsent) return;
  std::unordered_set<std::int64_t> seen;
  for (std::size_t i = 0; i < table.row_count(); ++i) {
    const sdn::Row row = table.row(i);
    const auto id = number_cell(row, column);
    if (!id) {
      report(Severity::kWarning, row.offset(),
             fmt::format("{}: the id '{}' is no number", form.name, text_cell(row, column)));
    } else if (!seen.insert(*id).second) {
      report(Severity::kWarning, row.offset(),
             fmt::format("{}: two rows have the id {}", form.name, *id));
    }
  }
}

void NoteVerifier::check_row(const NoteTableForm& form, const sdn::Row& row,
                             const NoteColumns& columns) {
  for (std::size_t field = 0; field < form.column_count; ++field) {
    if (columns.at[field] == NoteColumns::kAbsent) continue;
    const std::string_view name = form.columns[field].name;
    const std::string_view text = text_cell(row, columns.at[field]);
    if (name == "mangled_name" && text.empty())
      report(Severity::kError, row.offset(), fmt::format("{}: no mangled name", form.name));
    if (const Words words = words_of(name);
        !words.empty() && std::ranges::find(words, text) == words.end()) {
      report(Severity::kWarning, row.offset(),
             fmt::format("{}: '{}' as {}; known {} {}", form.name, text, name,
                         words.size() == 1 ? "is" : "are", fmt::join(words, ", ")));
    }
  }
}

void NoteVerifier::check_tables() {
  const sdn::Dict root = note_.document().dict();
  for (const NoteTableForm& form : kNoteTableForms) {
    const auto value = root.find(form.name);
    const auto table = value ? value->as_table() : std::nullopt;
    if (!table || !check_columns(form, *value, *table)) continue;
    check_ids(form, *table);
    const NoteColumns columns = match_columns(form, *table);
    for (std::size_t i = 0; i < table->row_count(); ++i) check_row(form, table->row(i), columns);
  }
}

// A row whose instantiation an earlier row, or one of `instantiations`, is about as well.
template <typename Row>
void NoteVerifier::check_repetition(const Row& row, Note::Place place) {
  if (row.mangled_name.empty()) return;
  const auto first = note_.find(row.mangled_name);
  if (!first || *first == place) return;
  const auto is_same = [&](const auto& other) {
    return other.template_name == row.template_name &&
           same_type_args(other.type_args, row.type_args);
  };
  if (!(first->is_possible ? is_same(note_.possible(first->row))
                           : is_same(note_.instantiation(first->row))))
    return;  // a clash
  if (first->is_possible == place.is_possible) {
    report(Severity::kWarning, row.offset,
           fmt::format("{}: two rows of '{}'", place.is_possible ? "possible" : "instantiations",
                       row.mangled_name));
  } else {
    report(
        Severity::kNote, row.offset,
        fmt::format("'{}' is in possible and in instantiations, which counts", row.mangled_name));
  }
}

Result<void> NoteVerifier::check_names() {
  SMF_ASSIGN(const std::vector<Error> clashes, note_.name_clashes(max_findings_));
  for (const Error& clash : clashes)
    report(Severity::kError, clash.offset.value_or(0), clash.message);
  for (std::uint32_t i = 0; i < note_.instantiation_count(); ++i)
    check_repetition(note_.instantiation(i), {.is_possible = false, .row = i});
  for (std::uint32_t i = 0; i < note_.possible_count(); ++i)
    check_repetition(note_.possible(i), {.is_possible = true, .row = i});
  return {};
}

namespace {

void verify_index(const SmfView& view, const Section& index, const Note* note,
                  const VerifyOptions& options, VerifyReport& report) {
  if (note != nullptr && !index.compressed && is_index_of(view.stored(index), note->text())) return;
  report.add({Severity::kError, index.offset,
              fmt::format("section {} '{}' is no index of {}", index.index, index.name(),
                          note != nullptr ? "this note" : "a note: the module has none")},
             options.max_findings);
}

// nullopt where there is no note, or one that verify_module() has told about.
Result<std::optional<NoteSnapshot>> read_note(const SmfView& view, std::uint64_t begin,
                                              const VerifyOptions& options, VerifyReport& report) {
  auto snapshot = NoteSnapshot::read(view);
  if (snapshot) return std::optional(std::move(*snapshot));
  const Error& error = snapshot.error();
  if (error.code == ErrorCode::kOutOfMemory) return std::unexpected(error);
  const auto text = view.note();
  if (!text || !*text) return std::nullopt;
  sdn::ParseOptions parse{};
  parse.limits.text_bytes = kMaxNoteBytes;
  if (sdn::parse(**text, parse)) {
    report.add({Severity::kError, begin + error.offset.value_or(0), "note.sdn: " + error.message},
               options.max_findings);
  }
  return std::nullopt;
}

}  // namespace

Result<void> verify_note(const SmfView& view, const VerifyOptions& options,
                         VerifyReport& report) try {
  const auto section = view.find_section(kNoteSection);
  const bool is_there = section && *section && (*section)->is_note();
  const auto index = view.find_section(kNoteIndexSection);
  const bool is_indexed = index && *index;
  if (!is_there) {
    if (section && is_indexed) verify_index(view, **index, nullptr, options, report);
    return {};
  }
  const std::uint64_t begin = (*section)->offset;
  SMF_ASSIGN(const std::optional<NoteSnapshot> snapshot, read_note(view, begin, options, report));
  if (!snapshot) return {};
  NoteVerifier verifier(snapshot->note(), begin, options.max_findings, report);
  verifier.check_tables();
  SMF_TRY(verifier.check_names());
  verifier.check_cycles();
  if (is_indexed) verify_index(view, **index, &snapshot->note(), options, report);
  return {};
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to verify the note");
}

}  // namespace smf
