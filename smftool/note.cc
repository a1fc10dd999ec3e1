// smftool note: show. The other commands are in note_find.cc, note_update.cc and note_graph.cc.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/messages.h"
#include "smftool/note_input.h"
#include "smftool/note_json.h"
#include "smftool/printable.h"
#include "smftool/suggestions.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

struct ShowOptions {
  std::string file{};
  std::vector<std::string> tables{};
  bool json = false;
};

std::string id_text(const std::optional<std::int64_t>& id) {
  return id ? fmt::format("{}", *id) : "-";
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : std::string(text); }

// "a.spl:1:2" where it is known, else the file.
std::string origin(std::string_view file, std::string_view location) {
  return or_dash(location.empty() ? file : location);
}

// One of the note's tables: how it is shown to people and to programs.
struct Shown {
  std::string_view name;      // in the note and on the command line
  std::string_view singular;  // of what a row is
  std::string_view plural;
  std::size_t (Note::*count)() const;
  std::vector<Column> columns;
  std::vector<Cell> (*cells)(const Note&, std::size_t);
  Json (*json)(const Note&, std::size_t);
};

Shown shown_instantiations() {
  return {"instantiations",
          "instantiation",
          "instantiations",
          &Note::instantiation_count,
          {{"id", Align::kRight},
           {"mangled name"},
           {"template"},
           {"type args"},
           {"status"},
           {"to"},
           {"from"}},
          [](const Note& note, std::size_t i) -> std::vector<Cell> {
            const InstantiationRow row = note.instantiation(i);
            return {id_text(row.id),
                    or_dash(row.mangled_name),
                    or_dash(row.template_name),
                    or_dash(row.type_args),
                    or_dash(row.status),
                    or_dash(row.to_obj),
                    origin(row.from_file, row.from_loc)};
          },
          [](const Note& note, std::size_t i) { return row_json(note.instantiation(i)); }};
}

Shown shown_possible() {
  return {"possible",
          "possible",
          "possible",
          &Note::possible_count,
          {{"id", Align::kRight},
           {"mangled name"},
           {"template"},
           {"type args"},
           {"can defer"},
           {"required by"}},
          [](const Note& note, std::size_t i) -> std::vector<Cell> {
            const PossibleRow row = note.possible(i);
            return {
                id_text(row.id),        or_dash(row.mangled_name),    or_dash(row.template_name),
                or_dash(row.type_args), row.can_defer ? "yes" : "no", or_dash(row.required_by)};
          },
          [](const Note& note, std::size_t i) { return row_json(note.possible(i)); }};
}

Shown shown_type_inferences() {
  return {"type_inferences",
          "type inference",
          "type inferences",
          &Note::type_inference_count,
          {{"id", Align::kRight}, {"inferred type"}, {"expression"}, {"context"}, {"from"}},
          [](const Note& note, std::size_t i) -> std::vector<Cell> {
            const TypeInferenceRow row = note.type_inference(i);
            return {id_text(row.id), or_dash(row.inferred_type), or_dash(row.expr),
                    or_dash(row.context), origin(row.from_file, row.from_loc)};
          },
          [](const Note& note, std::size_t i) { return row_json(note.type_inference(i)); }};
}

Shown shown_dependencies() {
  return {"dependencies",
          "dependency",
          "dependencies",
          &Note::dependency_count,
          {{"from"}, {"kind"}, {"to"}},
          [](const Note& note, std::size_t i) -> std::vector<Cell> {
            const DependencyRow row = note.dependency(i);
            return {or_dash(row.from_inst), or_dash(row.dep_kind), or_dash(row.to_inst)};
          },
          [](const Note& note, std::size_t i) { return row_json(note.dependency(i)); }};
}

std::vector<Cell> circular_cells(const CircularRow& row, Style style) {
  return {id_text(row.id), {or_dash(row.code), style}, or_dash(row.cycle_path)};
}

Shown shown_circular_warnings() {
  return {"circular_warnings",
          "circular warning",
          "circular warnings",
          &Note::circular_warning_count,
          {{"id", Align::kRight}, {"severity"}, {"cycle"}},
          [](const Note& note, std::size_t i) {
            return circular_cells(note.circular_warning(i), Style::kYellow);
          },
          [](const Note& note, std::size_t i) {
            return row_json(note.circular_warning(i), "severity");
          }};
}

Shown shown_circular_errors() {
  return {"circular_errors",
          "circular error",
          "circular errors",
          &Note::circular_error_count,
          {{"id", Align::kRight}, {"code"}, {"cycle"}},
          [](const Note& note, std::size_t i) {
            return circular_cells(note.circular_error(i), Style::kRed);
          },
          [](const Note& note, std::size_t i) {
            return row_json(note.circular_error(i), "error_code");
          }};
}

std::vector<Shown> all_tables() {
  return {shown_instantiations(),  shown_possible(),          shown_dependencies(),
          shown_type_inferences(), shown_circular_warnings(), shown_circular_errors()};
}

// Those that were asked for, in that order; without --table all.
Result<std::vector<Shown>> chosen_tables(const ShowOptions& options) {
  std::vector<Shown> all = all_tables();
  if (options.tables.empty()) return all;
  std::vector<Shown> chosen;
  for (const std::string& name : options.tables) {
    const auto found = std::ranges::find(all, name, &Shown::name);
    if (found == all.end()) {
      std::vector<std::string> names;
      names.reserve(all.size());
      for (const Shown& table : all) names.emplace_back(table.name);
      const std::string near = nearest(name, names);
      return wrong_usage(
          near.empty()
              ? fmt::format("--table: expected one of {}, not '{}'", fmt::join(names, ", "), name)
              : fmt::format("--table: no table '{}'; did you mean '{}'?", name, near));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

void print_tables(const Context& context, const NoteInput& input, const Note& note,
                  std::vector<Shown> tables, bool is_chosen) {
  const bool coloured = is_coloured(context, context.out);
  std::string counts;
  for (const Shown& table : all_tables()) {
    counts += counts.empty() ? "" : ", ";
    counts += counted((note.*table.count)(), table.singular, table.plural);
  }
  fmt::print(context.out, "{}: {} with {}\n",
             input.path() == "-" ? "standard input" : printable(input.path()),
             input.module() ? "module" : "note", counts);
  for (Shown& shown : tables) {
    const std::size_t count = (note.*shown.count)();
    if (count == 0 && !is_chosen) continue;
    fmt::print(context.out, "\n{}\n",
               styled(fmt::format("{} ({})", shown.name, count), Style::kBold, coloured));
    if (count == 0) continue;
    Table table(context.out, coloured, std::move(shown.columns));
    for (std::size_t i = 0; i < count; ++i) table.add_row(shown.cells(note, i));
  }
}

void print_json(const Context& context, const NoteInput& input, const Note& note,
                const std::vector<Shown>& tables) {
  JsonOutput json(context.out, "smf.note/1");
  json.field("path", input.path());
  json.field("is_module", input.module().has_value());
  json.begin_object("counts");
  for (const Shown& table : all_tables()) json.field(table.name, (note.*table.count)());
  json.end();
  for (const Shown& table : tables) {
    json.begin_array(table.name);
    for (std::size_t i = 0; i < (note.*table.count)(); ++i) json.element(table.json(note, i));
    json.end();
  }
}

Result<ExitStatus> show(const Context& context, const ShowOptions& options) {
  SMF_ASSIGN(std::vector<Shown> tables, chosen_tables(options));
  SMF_ASSIGN(NoteInput input, NoteInput::open(options.file));
  SMF_ASSIGN(const Note* const note, input.read());
  if (options.json) {
    print_json(context, input, *note, tables);
  } else {
    print_tables(context, input, *note, std::move(tables), !options.tables.empty());
  }
  return ExitStatus::kDone;
}

void add_show(Command note) {
  Command command = note.command("show", "Show the tables of a note");
  const auto options = std::make_shared<ShowOptions>();
  command.argument("FILE", options->file, "A module, or the text of a note; - is standard input");
  command
      .list("--table", options->tables,
            "Only this one: instantiations, possible, dependencies, type_inferences, "
            "circular_warnings or circular_errors")
      .value("TABLE");
  command.flag("--json", options->json, "One JSON document, schema smf.note/1");
  command.examples(
      "smftool note show app.smf\n"
      "smftool note show --table possible note.sdn\n"
      "smftool note show --json app.smf | jq '.possible[].mangled_name'");
  command.runs([options](const Context& context) { return show(context, *options); });
}

}  // namespace

void add_note(Command tool) {
  Command note = tool.command("note", "Look into the note of a module, and update it");
  add_show(note);
  add_note_find(note);
  add_note_updates(note);
  add_note_graph(note);
}

}  // namespace smf::tool
