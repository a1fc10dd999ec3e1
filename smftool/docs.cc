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

Result<ExitStatus> print_document(const Context& context, const std::string& form) {
  const CommandInfo tool = describe_command_line();
  std::string text;
  if (form == "man") {
    text = man_page(tool);
  } else if (form == "bash") {
    text = bash_completion(tool);
  } else if (form == "zsh") {
    text = zsh_completion(tool);
  } else if (form == "fish") {
    text = fish_completion(tool);
  } else {
    return wrong_usage(fmt::format("docs: expected man, bash, zsh or fish, not '{}'", form));
  }
  fmt::print(context.out, "{}", text);
  return ExitStatus::kDone;
}

}  // namespace

void add_docs(Command tool) {
  Command command = tool.hidden_command("docs", "Print the manual page or a shell's completions");
  const auto form = std::make_shared<std::string>();
  command.argument("FORM", *form, "man, bash, zsh or fish");
  command.runs([form](const Context& context) { return print_document(context, *form); });
}

}  // namespace smf::tool
