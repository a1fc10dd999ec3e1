// smftool note add and promote: rows for `possible`, and rows that leave it.

#include <fmt/format.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/note/names.h"
#include "runtime/note/update.h"
#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/messages.h"
#include "smftool/note_input.h"
#include "smftool/printable.h"

namespace smf::tool {
namespace {

struct AddOptions {
  std::string file{};
  NotePossibleRow row{};
  bool no_defer = false;
  std::string from{};
};

struct PromoteOptions {
  std::string file{};
  std::vector<std::string> names{};
  NotePromotion row{};
};

void print_update(const Context& context, const std::string& path, const NoteUpdate& update,
                  std::string_view done) {
  if (context.is_quiet) return;
  std::string text = update.changed > 0 ? fmt::format("{} {}", counted(update.changed, "row"), done)
                                        : "nothing changed";
  if (update.was_rewritten) {
    text += ", the file rewritten";
  } else if (update.changed > 0) {
    text += " in place";
  }
  if (update.already_there > 0)
    text += fmt::format("; {} already there", counted(update.already_there, "row"));
  fmt::print(context.out, "{}: {}\n", printable(path), text);
}

Result<NoteUpdater> open_updater(const std::string& path) {
  if (path == "-") return wrong_usage("a module is updated in its file, not on standard input");
  return NoteUpdater::open(path);
}

void name_row(NotePossibleRow& row) {
  if (!row.mangled_name.empty()) return;
  row.mangled_name = mangled_name(row.template_name, split_type_args(row.type_args));
}

// The rows of `possible` in another note.
Result<std::vector<NotePossibleRow>> rows_from(const std::string& path) {
  SMF_ASSIGN(NoteInput input, NoteInput::open(path));
  SMF_ASSIGN(const Note* const note, input.read());
  if (note->possible_count() == 0) {
    return std::unexpected(
        fail(ErrorCode::kInvalidInput, "no rows: expected a table 'possible' with some")
            .error()
            .at_path(path));
  }
  std::vector<NotePossibleRow> rows;
  for (std::size_t i = 0; i < note->possible_count(); ++i) {
    const PossibleRow row = note->possible(i);
    rows.push_back({.template_name = std::string(row.template_name),
                    .type_args = std::string(row.type_args),
                    .mangled_name = std::string(row.mangled_name),
                    .required_by = std::string(row.required_by),
                    .can_defer = row.can_defer});
  }
  return rows;
}

Result<ExitStatus> add(const Context& context, AddOptions options) {
  NotePossibleRow& row = options.row;
  row.can_defer = !options.no_defer;
  std::vector<NotePossibleRow> rows;
  if (options.from.empty()) {
    if (row.template_name.empty()) return wrong_usage("expected --template T, or --from FILE");
    rows.push_back(row);
  } else if (!row.template_name.empty() || !row.type_args.empty() || !row.mangled_name.empty() ||
             !row.required_by.empty() || options.no_defer) {
    return wrong_usage("--from takes the rows from a file: no option describes one");
  } else {
    SMF_ASSIGN(rows, rows_from(options.from));
  }
  for (NotePossibleRow& each : rows) name_row(each);
  SMF_ASSIGN(NoteUpdater updater, open_updater(options.file));
  SMF_ASSIGN(const NoteUpdate update, updater.add(rows));
  print_update(context, options.file, update, "added to possible");
  return ExitStatus::kDone;
}

// An error about a name that is not there, with the one that may have been meant.
Error with_hint(Error error, const PromoteOptions& options) {
  if (error.code != ErrorCode::kNotFound) return error;
  auto input = NoteInput::open(options.file);
  const auto note = input ? input->read() : Result<const Note*>(nullptr);
  if (!note || *note == nullptr) return error;
  for (const std::string& name : options.names) {
    if ((*note)->find(name)) continue;
    error.message += name_hint(**note, name);
    break;
  }
  return error;
}

Result<ExitStatus> promote(const Context& context, const PromoteOptions& options) {
  std::vector<NotePromotion> rows;
  for (const std::string& name : options.names) {
    rows.push_back(options.row);
    rows.back().mangled_name = name;
  }
  SMF_ASSIGN(NoteUpdater updater, open_updater(options.file));
  auto update = updater.promote(rows);
  if (!update) return std::unexpected(with_hint(std::move(update).error(), options));
  print_update(context, options.file, *update, "promoted");
  return ExitStatus::kDone;
}

void add_add(Command note) {
  Command command = note.command("add", "Add an instantiation to those that are possible");
  const auto options = std::make_shared<AddOptions>();
  NotePossibleRow& row = options->row;
  command.argument("FILE", options->file, "A module that smftool wrote; it is rewritten");
  command.option("--template", row.template_name, "The template").value("NAME");
  command.option("--args", row.type_args, "Its type arguments, joined with commas").value("A,B");
  command
      .option("--name", row.mangled_name,
              "The mangled name (default: template, '$' and the arguments joined with '_')")
      .value("NAME");
  command.option("--required-by", row.required_by, "Who asked for it").value("WHO");
  command.flag("--no-defer", options->no_defer, "It cannot wait until it is called");
  command.option("--from", options->from, "Instead, all rows of 'possible' in this note or module")
      .value("FILE");
  command.examples(
      "smftool note add app.smf --template List --args i64\n"
      "smftool note add app.smf --from more.sdn");
  command.runs([options](const Context& context) { return add(context, *options); });
}

void add_promote(Command note) {
  Command command =
      note.command("promote", "Turn possible instantiations into ones that exist, in place");
  const auto options = std::make_shared<PromoteOptions>();
  command.argument("FILE", options->file, "A module that smftool wrote");
  command.arguments("NAME", options->names, "Mangled names; all of them are promoted, or none");
  command.option("--to-obj", options->row.to_obj, "Where the code is (default: jit_memory)")
      .value("WHERE");
  command.option("--status", options->row.status, "How it was made (default: jit_compiled)")
      .value("STATUS");
  command.examples(
      "smftool note promote app.smf 'List$Int'\n"
      "smftool note promote app.smf 'List$Int' 'List$Bool' --to-obj app.o --status compiled");
  command.runs([options](const Context& context) { return promote(context, *options); });
}

}  // namespace

void add_note_updates(Command note) {
  add_add(note);
  add_promote(note);
}

}  // namespace smf::tool
