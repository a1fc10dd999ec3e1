#include "smftool/man_page.h"

#include <fmt/format.h>

#include "smftool/command_line.h"

namespace smf::tool {
namespace {

// Text as troff prints it unchanged: backslashes, hyphens that are to be minus signs, and a control
// character at the start of a line.
std::string escaped(const std::string& text) {
  std::string out;
  bool is_line_start = true;
  for (const char c : text) {
    if (is_line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c == '^') {
      out += "\\(ha";
    } else {
      out += c;
    }
    is_line_start = c == '\n';
  }
  return out;
}

std::string option_entry(const OptionInfo& option) {
  std::string head;
  for (const std::string& name : option.names)
    head += fmt::format("{}\\fB{}\\fR", head.empty() ? "" : ", ", escaped(name));
  if (!option.value.empty())
    head += fmt::format("{}\\fI{}\\fR", head.empty() ? "" : " ", escaped(option.value));
  std::string text = option.description;
  if (option.is_required && !option.names.empty()) text += " (required)";
  return fmt::format(".TP\n{}\n{}.\n", head, escaped(text));
}

bool is_common(const OptionInfo& option) { return option.group == kEverywhere; }

// A section for each command that does something; `prefix` is "sdn " below `sdn`.
std::string command_sections(const CommandInfo& command, const std::string& prefix) {
  if (!command.commands.empty()) {
    std::string out;
    for (const CommandInfo& below : command.commands)
      out += command_sections(below, prefix + command.name + " ");
    return out;
  }
  std::string out = fmt::format(".SS {} {}\n{}.\n", escaped(prefix + command.name),
                                escaped(command.synopsis), escaped(command.description));
  for (const OptionInfo& option : command.positionals) out += option_entry(option);
  for (const OptionInfo& option : command.options)
    if (!is_common(option)) out += option_entry(option);
  if (!command.examples.empty())
    out +=
        fmt::format(".PP\nExamples:\n.PP\n.nf\n.RS 4\n{}\n.RE\n.fi\n", escaped(command.examples));
  return out;
}

}  // namespace

std::string man_page(const CommandInfo& tool) {
  std::string out = fmt::format(".TH SMFTOOL 1 \"\" \"smftool {}\" \"User Commands\"\n", kVersion);
  out +=
      fmt::format(".SH NAME\nsmftool \\- {}\n", escaped("packs, inspects and checks SMF modules"));
  out += ".SH SYNOPSIS\n\\fBsmftool\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...\n";
  out +=
      ".SH DESCRIPTION\nWorks on SMF modules of every dialect and writes version 1.1. Outputs "
      "appear complete or not at all.\n";
  out += ".SH OPTIONS\nThese go with every command.\n";
  for (const OptionInfo& option : tool.options) out += option_entry(option);
  out += ".SH COMMANDS\n";
  for (const CommandInfo& command : tool.commands) out += command_sections(command, "");
  out +=
      ".SH EXIT STATUS\n"
      ".TP\n0\nDone.\n"
      ".TP\n1\nThe input is wrong, or a check found something.\n"
      ".TP\n2\nThe command line is wrong.\n"
      ".TP\n3\nThe system refused: file missing, no space, no permission.\n";
  out +=
      ".SH ENVIRONMENT\n.TP\nNO_COLOR\nNo colours, where it is set and not empty.\n"
      ".TP\nTMPDIR\nWhere output to pipes and devices is gathered before it is written.\n";
  return out;
}

}  // namespace smf::tool
