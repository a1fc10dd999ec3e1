#include "runtime/note/note.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <mutex>
#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/note/columns.h"
#include "runtime/note/name_table.h"
#include "runtime/note/names.h"

namespace smf {

// Built by whoever asks first; the rest wait. Behind a pointer, so that a Note can be moved.
struct Note::Names {
  std::once_flag once;
  NameTable by_name;
  NameTable by_arguments;
};

Note::Note(sdn::Document document)
    : document_(std::move(document)), names_(std::make_unique<Names>()) {}
Note::Note(Note&&) noexcept = default;
Note& Note::operator=(Note&&) noexcept = default;
Note::~Note() = default;

Result<Note> Note::parse(std::string_view text, std::uint64_t max_bytes) try {
  const std::string_view closed = terminated_note(as_bytes(text)).value_or(text);
  if (closed.size() > max_bytes) {
    return fail_at(max_bytes, fmt::format("a note of more than {} bytes", max_bytes),
                   ErrorCode::kLimit);
  }
  SMF_ASSIGN(sdn::Document document, sdn::parse(closed));
  Note note(std::move(document));
  SMF_TRY(note.match_tables());
  return note;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a note");
}

Result<void> Note::match_tables() {
  const sdn::Dict root = document_.dict();
  for (const NoteTableForm& form : kNoteTableForms) {
    const auto value = root.find(form.name);
    if (!value || value->is_null()) continue;
    SMF_ASSIGN(const sdn::Table table, value->expect_table());
    if (!table.named()) return std::unexpected(value->error("expected a table with named columns"));
    TableRows* const rows[] = {&instantiations_, &possible_,          &type_inferences_,
                               &dependencies_,   &circular_warnings_, &circular_errors_};
    *rows[static_cast<std::size_t>(form.kind)] = {table, match_columns(form, table)};
  }
  return {};
}

InstantiationRow Note::instantiation(std::size_t row) const {
  return read_instantiation(instantiations_.table.value().row(row), instantiations_.columns);
}

PossibleRow Note::possible(std::size_t row) const {
  return read_possible(possible_.table.value().row(row), possible_.columns);
}

TypeInferenceRow Note::type_inference(std::size_t row) const {
  const sdn::Row cells = type_inferences_.table.value().row(row);
  const NoteColumns& at = type_inferences_.columns;
  return {.id = number_cell(cells, at.at[0]),
          .inferred_type = text_cell(cells, at.at[1]),
          .expr = text_cell(cells, at.at[2]),
          .context = text_cell(cells, at.at[3]),
          .from_file = text_cell(cells, at.at[4]),
          .from_loc = text_cell(cells, at.at[5]),
          .offset = cells.offset()};
}

DependencyRow Note::dependency(std::size_t row) const {
  const sdn::Row cells = dependencies_.table.value().row(row);
  const NoteColumns& at = dependencies_.columns;
  return {.from_inst = text_cell(cells, at.at[0]),
          .to_inst = text_cell(cells, at.at[1]),
          .dep_kind = text_cell(cells, at.at[2]),
          .offset = cells.offset()};
}

namespace {

CircularRow read_circular(const sdn::Row& cells, const NoteColumns& at) {
  return {.id = number_cell(cells, at.at[0]),
          .cycle_path = text_cell(cells, at.at[1]),
          .code = text_cell(cells, at.at[2]),
          .offset = cells.offset()};
}

}  // namespace

CircularRow Note::circular_warning(std::size_t row) const {
  return read_circular(circular_warnings_.table.value().row(row), circular_warnings_.columns);
}

CircularRow Note::circular_error(std::size_t row) const {
  return read_circular(circular_errors_.table.value().row(row), circular_errors_.columns);
}

// Places are entered instantiations first, so that those win.
const Note::Names& Note::names() const {
  std::call_once(names_->once, [this] {
    const std::size_t rows = instantiation_count() + possible_count();
    names_->by_name = NameTable(rows);
    names_->by_arguments = NameTable(rows);
    const auto enter = [this](const auto& row, NameTable::Place place) {
      names_->by_name.add(hash_name(row.mangled_name), place);
      names_->by_arguments.add(hash_arguments(row.template_name, row.type_args), place);
    };
    for (std::uint32_t i = 0; i < instantiation_count(); ++i) enter(instantiation(i), {false, i});
    for (std::uint32_t i = 0; i < possible_count(); ++i) enter(possible(i), {true, i});
  });
  return *names_;
}

std::optional<Note::Place> Note::find(std::string_view mangled_name) const {
  return names().by_name.find(hash_name(mangled_name), [&](Place place) {
    return (place.is_possible ? possible(place.row).mangled_name
                              : instantiation(place.row).mangled_name) == mangled_name;
  });
}

std::optional<Note::Place> Note::find(std::string_view template_name,
                                      std::string_view type_args) const {
  const auto matches = [&](const auto& row) {
    return row.template_name == template_name && same_type_args(row.type_args, type_args);
  };
  return names().by_arguments.find(hash_arguments(template_name, type_args), [&](Place place) {
    return place.is_possible ? matches(possible(place.row)) : matches(instantiation(place.row));
  });
}

Result<std::vector<Error>> Note::name_clashes(std::size_t limit) const try {
  std::vector<Error> clashes;
  const auto check = [&](const auto& row) {
    const auto place = find(row.mangled_name);
    SMF_CHECK(place.has_value());
    const auto compare = [&](const auto& first) {
      if (first.template_name == row.template_name &&
          same_type_args(first.type_args, row.type_args))
        return;
      clashes.push_back(
          fail_at(row.offset,
                  fmt::format("the mangled name '{}' means {}<{}> here and {}<{}> in another row",
                              row.mangled_name, row.template_name, row.type_args,
                              first.template_name, first.type_args))
              .error());
    };
    place->is_possible ? compare(possible(place->row)) : compare(instantiation(place->row));
  };
  for (std::size_t i = 0; i < instantiation_count() && clashes.size() < limit; ++i)
    check(instantiation(i));
  for (std::size_t i = 0; i < possible_count() && clashes.size() < limit; ++i) check(possible(i));
  return clashes;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to check the names of a note");
}

Result<void> Note::check_names() const {
  SMF_ASSIGN(std::vector<Error> clashes, name_clashes(1));
  if (!clashes.empty()) return std::unexpected(std::move(clashes.front()));
  return {};
}

}  // namespace smf
