// smftool convert: a module of any dialect as version 1.1.

#include <memory>

#include "runtime/note/pack.h"
#include "smftool/commands.h"
#include "smftool/rewriting.h"

namespace smf::tool {
namespace {

// A note that was written here has its index, where it is to have one.
Result<void> index_foreign_note(const SmfView& view, ModuleSpec& spec) {
  SMF_ASSIGN(const bool is_ours, is_native(view));
  SMF_ASSIGN(const auto text, view.note());
  if (is_ours || !text) return {};
  // One that does not read is kept as it is, for `verify` to report.
  if (const auto packed = pack_note(*text)) put_note(*packed, spec);
  return {};
}

}  // namespace

void add_convert(Command tool) {
  Command command = tool.command("convert", "Rewrite a module of any dialect as version 1.1");
  const auto options = std::make_shared<RewriteOptions>();
  add_rewrite_options(command, *options);
  command.examples(
      "smftool convert old.smf -o new.smf\n"
      "for f in *.smf; do smftool convert \"$f\" -o \"$f\"; done");
  command.runs([options](const Context& context) {
    return rewrite(context, *options, Target::kCurrent, "converting",
                   [](const ModuleInput& input, ModuleSpec& spec) {
                     return index_foreign_note(input.view(), spec);
                   });
  });
}

}  // namespace smf::tool
