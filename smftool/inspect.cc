// smftool inspect: what is in a module.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/inspection.h"
#include "smftool/messages.h"
#include "smftool/module_input.h"

namespace smf::tool {
namespace {

struct InspectOptions {
  std::vector<std::string> files{};
  Inspection shown{};
  bool all = false;
  bool json = false;
};

void warn_about(const Context& context, const ModuleInput& input) {
  for (const std::string& text : oddities(input.view())) warn(context, input.path(), text);
}

Result<ExitStatus> run(const Context& context, InspectOptions options) {
  Inspection& shown = options.shown;
  if (options.all) {
    shown = {.header = true,
             .sections = true,
             .symbols = true,
             .relocations = true,
             .templates = true,
             .note = true};
  } else if (!shown.header && !shown.sections && !shown.symbols && !shown.relocations &&
             !shown.templates && !shown.note) {
    shown.header = shown.sections = shown.symbol_summary = true;
  }
  ExitStatus status = ExitStatus::kDone;
  const auto note_failure = [&](const Error& error) {
    report(context, error);
    status = std::max(status, status_of(error));
  };
  std::unique_ptr<JsonOutput> json;
  if (options.json) {
    json = std::make_unique<JsonOutput>(context.out, "smf.inspect/1");
    json->begin_array("files");
  }
  for (const std::string& path : options.files) {
    auto input = ModuleInput::open(path);
    if (!input) {
      if (json) json->element({{"path", path}, {"error", input.error().describe()}});
      note_failure(input.error());
      continue;
    }
    warn_about(context, *input);
    auto broken = json ? inspect_as_json(*json, path, input->view(), shown)
                       : inspect_as_text(context, path, input->view(), shown);
    if (!broken) {
      note_failure(std::move(broken).error().at_path(path));
    } else if (*broken > 0) {
      note_failure(
          Error{.message = counted(*broken, "entry", "entries") + " cannot be read", .path = path});
    }
  }
  return status;
}

}  // namespace

void add_inspect(Command tool) {
  Command command = tool.command("inspect", "Show what is in a module");
  const auto options = std::make_shared<InspectOptions>();
  Inspection& shown = options->shown;
  command.arguments("FILE", options->files, "Modules of any dialect; - is standard input");
  command.flag("--header", shown.header, "The header's fields");
  command.flag("--sections", shown.sections, "The section table");
  command.flag("--symbols", shown.symbols, "Every symbol");
  command.flag("--relocs", shown.relocations, "Every relocation");
  command.flag("--templates", shown.templates, "The generic templates");
  command.flag("--note", shown.note, "The text of note.sdn");
  command.flag("--all", options->all, "All of these");
  command.flag("--json", options->json, "One JSON document, schema smf.inspect/1");
  command.examples(
      "smftool inspect app.smf\n"
      "smftool inspect --symbols --relocs app.smf | less\n"
      "smftool inspect --json app.smf | jq '.files[0].sections[].name'");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
