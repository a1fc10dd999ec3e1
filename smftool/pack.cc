// smftool pack: a module out of objects, templates, a note and data.

#include "runtime/note/pack.h"

#include <memory>
#include <utility>

#include "runtime/format/builder.h"
#include "runtime/format/manifest/manifest.h"
#include "smftool/commands.h"
#include "smftool/messages.h"
#include "smftool/module_output.h"
#include "smftool/pack_options.h"
#include "smftool/pack_spec.h"

namespace smf::tool {
namespace {

Result<ModuleSpec> read_spec(const Context& context, const PackOptions& options) {
  if (options.manifest.empty()) return make_pack_spec(context, options);
  auto spec = read_manifest(options.manifest);
  if (!spec) return std::unexpected(blame_input(std::move(spec).error()));
  if (auto refreshed = refresh_note_index(*spec); !refreshed)
    return std::unexpected(blame_input(std::move(refreshed).error()).at_path(options.manifest));
  if (auto checked = check_spec(*spec); !checked)
    return std::unexpected(blame_input(std::move(checked).error()).at_path(options.manifest));
  return spec;
}

Result<ExitStatus> run(const Context& context, const Command& command, const PackOptions& options) {
  SMF_TRY(check_pack_options(command, options));
  SMF_ASSIGN(const ModuleSpec spec, read_spec(context, options));
  SMF_TRY(check_spec(spec));
  const unsigned jobs = options.jobs != 0 ? options.jobs : available_processors();
  SMF_ASSIGN(const BuildSummary summary,
             write_module(context, spec, options.output, jobs, "packing"));
  print_summary(context, spec, summary, options.output);
  return ExitStatus::kDone;
}

}  // namespace

void add_pack(Command tool) {
  Command command =
      tool.command("pack", "Pack a module from objects, templates, a note and other files");
  const auto options = std::make_shared<PackOptions>();
  add_pack_options(command, *options);
  command.examples(
      "smftool pack -o app.smf --object app.o --entry main --data greeting=hello.txt\n"
      "smftool pack -o list.smf --template list.json --generic push=T --note note.sdn\n"
      "smftool pack -o small.smf --object lib.a --data table=table.bin --compress zstd:19\n"
      "smftool pack -o same.smf --manifest unpacked/manifest.sdn");
  command.runs(
      [command, options](const Context& context) { return run(context, command, *options); });
}

}  // namespace smf::tool
