// smftool note find: one instantiation, by its name or by its template and arguments.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "runtime/note/lookup.h"
#include "smftool/commands.h"
#include "smftool/messages.h"
#include "smftool/note_input.h"
#include "smftool/note_json.h"
#include "smftool/printable.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

struct FindOptions {
  std::string file{};
  std::string name{};
  std::string arguments{};
  bool json = false;
};

const char* table_of(const NoteMatch& match) {
  return std::holds_alternative<PossibleRow>(match) ? "possible" : "instantiations";
}

void print_text(const Context& context, const std::string& path, const NoteMatch& match) {
  fmt::print(context.out, "{}: {}\n", path == "-" ? "standard input" : printable(path),
             table_of(match));
  const bool coloured = is_coloured(context, context.out);
  Table table(context.out, coloured, {{}, {}});
  const auto row = [&](const char* name, std::string_view value) {
    table.add_row({{name, Style::kFaint}, value.empty() ? "-" : std::string(value)});
  };
  std::visit(
      [&](const auto& found) {
        row("mangled name", found.mangled_name);
        row("template", found.template_name);
        row("type args", found.type_args);
      },
      match);
  if (const auto* const made = std::get_if<InstantiationRow>(&match)) {
    row("status", made->status);
    row("to", made->to_obj);
    row("from file", made->from_file);
    row("from", made->from_loc);
  } else if (const auto* const possible = std::get_if<PossibleRow>(&match)) {
    row("can defer", possible->can_defer ? "yes" : "no");
    row("required by", possible->required_by);
  }
}

void print_json(const Context& context, const std::string& path, const NoteMatch* match) {
  JsonOutput json(context.out, "smf.note-find/1");
  json.field("path", path);
  json.field("table", match != nullptr ? Json(table_of(*match)) : Json(nullptr));
  json.field("row", match != nullptr
                        ? std::visit([](const auto& row) { return row_json(row); }, *match)
                        : Json(nullptr));
}

std::unexpected<Error> not_found(const Note& note, const FindOptions& options) {
  std::string what = options.name;
  if (!options.arguments.empty()) what += "<" + options.arguments + ">";
  return fail(ErrorCode::kNotFound, fmt::format("the note has no instantiation '{}'{}", what,
                                                options.arguments.empty() ? name_hint(note, what)
                                                                          : pair_hint(note, what)));
}

Result<std::optional<NoteMatch>> find_in(const Note& note, const FindOptions& options) {
  const auto place = options.arguments.empty() ? note.find(options.name)
                                               : note.find(options.name, options.arguments);
  if (!place) return std::nullopt;
  if (place->is_possible) return NoteMatch(note.possible(place->row));
  return NoteMatch(note.instantiation(place->row));
}

Result<ExitStatus> find(const Context& context, const FindOptions& options) {
  SMF_ASSIGN(NoteInput input, NoteInput::open(options.file));
  std::optional<NoteLookup> lookup;  // the row found points into it
  Result<std::optional<NoteMatch>> match = std::nullopt;
  if (input.module()) {
    SMF_ASSIGN(lookup, NoteLookup::open(*input.module()));
    match = options.arguments.empty() ? lookup->find(options.name)
                                      : lookup->find(options.name, options.arguments);
    if (!match) return std::unexpected(input.located(std::move(match).error()));
  } else {
    SMF_ASSIGN(const Note* const note, input.read());
    match = find_in(*note, options);
  }
  const NoteMatch* const found = *match ? &**match : nullptr;
  if (options.json) {
    print_json(context, input.path(), found);
  } else if (found != nullptr) {
    print_text(context, input.path(), *found);
  }
  if (found != nullptr) return ExitStatus::kDone;
  SMF_ASSIGN(const Note* const note, input.read());
  return std::unexpected(input.located(not_found(*note, options).error()));
}

}  // namespace

void add_note_find(Command note) {
  Command command = note.command("find", "Find one instantiation, made or possible");
  const auto options = std::make_shared<FindOptions>();
  command.argument("FILE", options->file, "A module, or the text of a note; - is standard input");
  command.argument("NAME", options->name, "A mangled name; with ARGS, a template's name");
  command.optional_argument("ARGS", options->arguments,
                            "Type arguments, joined with commas, however they are spelled");
  command.flag("--json", options->json, "One JSON document, schema smf.note-find/1");
  command.examples(
      "smftool note find app.smf 'List$Int'\n"
      "smftool note find app.smf Map text,i64");
  command.runs([options](const Context& context) { return find(context, *options); });
}

}  // namespace smf::tool
