// smftool unpack: a module taken apart into a folder that `pack --manifest` puts together again.

#include "runtime/format/manifest/unpack.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "smftool/commands.h"
#include "smftool/limit_options.h"
#include "smftool/messages.h"
#include "smftool/module_input.h"
#include "smftool/printable.h"
#include "smftool/progress.h"

namespace smf::tool {
namespace {

struct UnpackArguments {
  std::string file{};
  std::string folder{};
  UnpackOptions unpack{};
};

Result<ExitStatus> run(const Context& context, UnpackArguments options) {
  SMF_ASSIGN(const ModuleInput input, ModuleInput::open(options.file));
  Progress progress(context, "unpacking");
  options.unpack.progress = progress.callback();
  auto summary = unpack_module(input.view(), input.file(), options.folder, options.unpack);
  if (!summary) return std::unexpected(std::move(summary).error().at_path(options.file));
  if (!context.is_quiet) {
    fmt::print(context.out, "{}: {} files, {} bytes; rebuild with: smftool pack --manifest {}/{}\n",
               printable(options.folder), summary->files, summary->bytes, printable(options.folder),
               "manifest.sdn -o OUT.smf");
  }
  return ExitStatus::kDone;
}

}  // namespace

void add_unpack(Command tool) {
  Command command = tool.command("unpack", "Take a module apart into a folder with a manifest");
  const auto options = std::make_shared<UnpackArguments>();
  command.argument("FILE", options->file, "A module of any dialect; - is standard input");
  command.option("-o,--output", options->folder, "The folder; must not exist, or be empty")
      .required()
      .value("DIR");
  add_limit_options(command, options->unpack.limits);
  command.examples(
      "smftool unpack app.smf -o app\n"
      "smftool pack --manifest app/manifest.sdn -o same.smf");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
