// smftool diff: what two modules differ in.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "runtime/format/compare.h"
#include "runtime/note/compare_notes.h"
#include "smftool/commands.h"
#include "smftool/json_output.h"
#include "smftool/module_input.h"
#include "smftool/printable.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

struct DiffOptions {
  std::string before{};
  std::string after{};
  bool json = false;
};

void print_text(const Context& context, const std::vector<Difference>& differences) {
  const bool coloured = is_coloured(context, context.out);
  for (const Difference& difference : differences) {
    std::string what(part_name(difference.part));
    if (!difference.name.empty()) what += " " + printable(difference.name);
    if (!difference.field.empty()) what += ": " + printable(difference.field);
    switch (difference.change) {
      case Change::kAdded:
        fmt::print(context.out, "{}\n", styled("+ " + what, Style::kGreen, coloured));
        break;
      case Change::kRemoved:
        fmt::print(context.out, "{}\n", styled("- " + what, Style::kRed, coloured));
        break;
      case Change::kChanged: {
        const auto shown = [](const std::string& value) {
          return value.empty() ? std::string("none") : printable(value);
        };
        fmt::print(context.out, "{}\n",
                   styled(fmt::format("~ {}: {} -> {}", what, shown(difference.before),
                                      shown(difference.after)),
                          Style::kYellow, coloured));
        break;
      }
    }
  }
}

void print_json(const Context& context, const DiffOptions& options,
                const std::vector<Difference>& differences) {
  JsonOutput json(context.out, "smf.diff/1");
  json.field("before", options.before);
  json.field("after", options.after);
  json.field("equal", differences.empty());
  json.begin_array("differences");
  for (const Difference& difference : differences) {
    Json entry = {{"part", part_name(difference.part)},
                  {"change", change_name(difference.change)},
                  {"name", difference.name}};
    if (difference.part == Part::kNote) {
      entry["row"] = difference.field;
    } else if (difference.change == Change::kChanged) {
      entry["field"] = difference.field;
      entry["before"] = difference.before;
      entry["after"] = difference.after;
    }
    json.element(entry);
  }
  json.end();
}

Result<ExitStatus> run(const Context& context, const DiffOptions& options) {
  SMF_ASSIGN(const ModuleInput before, ModuleInput::open(options.before));
  SMF_ASSIGN(const ModuleInput after, ModuleInput::open(options.after));
  auto differences = compare_modules(before.view(), after.view());
  if (!differences) {
    Error error = std::move(differences).error();
    error.path = error.path == "after" ? options.after : options.before;
    return std::unexpected(std::move(error));
  }
  // By what the rows say, where the notes can be read; else by their lines.
  if (auto rows = compare_notes(before.view(), after.view())) {
    const auto is_note = [](const Difference& d) { return d.part == Part::kNote; };
    std::erase_if(*differences, is_note);
    const auto templates = std::ranges::find(*differences, Part::kTemplate, &Difference::part);
    differences->insert(templates, std::make_move_iterator(rows->begin()),
                        std::make_move_iterator(rows->end()));
  } else if (rows.error().code == ErrorCode::kOutOfMemory) {
    return std::unexpected(std::move(rows).error());
  }
  if (options.json) {
    print_json(context, options, *differences);
  } else if (!context.is_quiet) {
    print_text(context, *differences);
  }
  return differences->empty() ? ExitStatus::kDone : ExitStatus::kFinding;
}

}  // namespace

void add_diff(Command tool) {
  Command command =
      tool.command("diff", "Compare two modules: header, sections, symbols, note rows, templates");
  const auto options = std::make_shared<DiffOptions>();
  command.argument("A", options->before, "A module of any dialect; - is standard input");
  command.argument("B", options->after, "Another one");
  command.flag("--json", options->json, "One JSON document, schema smf.diff/1");
  command.examples(
      "smftool diff old.smf new.smf\n"
      "smftool diff --quiet old.smf new.smf && echo equal");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
