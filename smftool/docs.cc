// smftool docs: the manual page and the completions, for the build. Not shown in help.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "smftool/command_line.h"
#include "smftool/commands.h"
#include "smftool/completions.h"
#include "smftool/man_page.h"
#include "smftool/messages.h"

namespace smf::tool {
namespace {

Result<ExitStatus> run(const Context& context, const std::string& form) {
  Context unused;
  const auto app = make_command_line(unused);
  std::string text;
  if (form == "man") {
    text = man_page(*app);
  } else if (form == "bash") {
    text = bash_completion(*app);
  } else if (form == "zsh") {
    text = zsh_completion(*app);
  } else if (form == "fish") {
    text = fish_completion(*app);
  } else {
    return wrong_usage(fmt::format("docs: expected man, bash, zsh or fish, not '{}'", form));
  }
  fmt::print(context.out, "{}", text);
  return ExitStatus::kDone;
}

}  // namespace

void add_docs(CLI::App& app, Context& context) {
  CLI::App* const command =
      app.add_subcommand("docs", "Print the manual page or a shell's completions")->group("");
  const auto form = std::make_shared<std::string>();
  command->add_option("FORM", *form, "man, bash, zsh or fish")->required();
  command->callback(
      [&context, form] { context.run = [&context, form] { return run(context, *form); }; });
}

}  // namespace smf::tool
