// smftool convert: a module of any dialect as version 1.1.

#include <memory>

#include "smftool/commands.h"
#include "smftool/rewriting.h"

namespace smf::tool {

void add_convert(CLI::App& app, Context& context) {
  CLI::App* const command =
      app.add_subcommand("convert", "Rewrite a module of any dialect as version 1.1");
  const auto options = std::make_shared<RewriteOptions>();
  add_rewrite_options(*command, *options);
  command->footer(
      "smftool convert old.smf -o new.smf\n"
      "for f in *.smf; do smftool convert \"$f\" -o \"$f\"; done");
  command->callback([&context, options] {
    context.run = [&context, options] {
      return rewrite(context, *options, Target::kCurrent, "converting",
                     [](const ModuleInput&, ModuleSpec&) { return Result<void>(); });
    };
  });
}

}  // namespace smf::tool
