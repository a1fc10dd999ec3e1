// smftool convert: a module of any dialect as version 1.1.

#include <memory>

#include "smftool/commands.h"
#include "smftool/rewriting.h"

namespace smf::tool {

void add_convert(Command tool) {
  Command command = tool.command("convert", "Rewrite a module of any dialect as version 1.1");
  const auto options = std::make_shared<RewriteOptions>();
  add_rewrite_options(command, *options);
  command.examples(
      "smftool convert old.smf -o new.smf\n"
      "for f in *.smf; do smftool convert \"$f\" -o \"$f\"; done");
  command.runs([options](const Context& context) {
    return rewrite(context, *options, Target::kCurrent, "converting",
                   [](const ModuleInput&, ModuleSpec&) { return Result<void>(); });
  });
}

}  // namespace smf::tool
