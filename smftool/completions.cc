#include "smftool/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace smf::tool {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

std::string words_of(const OptionInfo& option) {
  return fmt::format("{}", fmt::join(value_words(option.value), " "));
}

// The case of one command: what may follow an option that takes a value, and all its options.
std::string bash_options(const CommandInfo& command) {
  std::string out = "      case $prev in\n";
  for (const OptionInfo& option : command.options) {
    if (option.value.empty()) continue;
    const std::string words = words_of(option);
    out += fmt::format("        {}) ", fmt::join(option.names, "|"));
    if (!words.empty()) {
      out += fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\")); ", words);
    } else if (!is_path_value(option.value)) {
      out += "compopt +o default 2>/dev/null; ";
    }
    out += "return ;;\n";
  }
  return out +
         fmt::format("      esac\n      options='{}' ;;\n", fmt::join(command.option_names(), " "));
}

// The words that may stand for a command below `command`.
std::string bash_choice(const CommandInfo& command) {
  std::string words;
  for (const CommandInfo& below : command.commands) words += below.name + " ";
  return fmt::format("COMPREPLY=($(compgen -W '{}{}' -- \"$cur\")); return ;;\n", words,
                     fmt::join(command.option_names(), " "));
}

// Cases over "COMMAND" and, of those with commands below, "COMMAND BELOW".
std::string bash_cases(const CommandInfo& command) {
  if (command.commands.empty())
    return fmt::format("    {}|{}' '*)\n", command.name, command.name) + bash_options(command);
  std::string out;
  for (const CommandInfo& below : command.commands)
    out += fmt::format("    '{} {}')\n", command.name, below.name) + bash_options(below);
  return out + fmt::format("    {}|{}' '*) ", command.name, command.name) + bash_choice(command);
}

std::string zsh_quoted(const std::string& text) { return "'" + replaced(text, "'", "'\\''") + "'"; }

// An _arguments specification.
std::string zsh_option(const OptionInfo& option, const std::string& name) {
  std::string description = option.description;
  for (const char* special : {"\\", "[", "]", ":"})
    description = replaced(std::move(description), special, std::string("\\") + special);
  std::string spec = option.is_repeated ? "*" : "";
  spec += fmt::format("{}[{}]", name, description);
  if (!option.value.empty()) {
    const std::string words = words_of(option);
    spec += ":" + replaced(option.value, ":", "\\:") + ":";
    spec += !words.empty() ? "(" + words + ")" : is_path_value(option.value) ? "_files" : "";
  }
  return zsh_quoted(spec);
}

std::string fish_quoted(const std::string& text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

// The condition under which `command` is the one being typed.
std::string fish_condition(const CommandInfo& command, const CommandInfo* above) {
  std::string text = "__fish_seen_subcommand_from " + command.name;
  if (above != nullptr) text = "__fish_seen_subcommand_from " + above->name + "; and " + text;
  return text;
}

std::string fish_option(const std::string& condition, const OptionInfo& option) {
  std::string line = fmt::format("complete -c smftool -n '{}'", condition);
  for (const std::string& name : option.names) {
    const bool is_long = name.starts_with("--");
    line += fmt::format(" -{} {}", is_long ? 'l' : 's', name.substr(is_long ? 2 : 1));
  }
  if (!option.value.empty()) {
    const std::string words = words_of(option);
    if (!words.empty()) {
      line += fmt::format(" -x -a '{}'", words);
    } else {
      line += is_path_value(option.value) ? " -r -F" : " -x";
    }
  }
  return line + " -d " + fish_quoted(option.description) + "\n";
}

std::string fish_command(const CommandInfo& command, const CommandInfo* above) {
  std::string out;
  if (command.commands.empty()) {
    for (const OptionInfo& option : command.options)
      out += fish_option(fish_condition(command, above), option);
    return out;
  }
  std::string names;
  for (const CommandInfo& below : command.commands) names += " " + below.name;
  for (const CommandInfo& below : command.commands) {
    out += fmt::format(
        "complete -c smftool -f -n '{}; and not __fish_seen_subcommand_from{}' -a {} -d {}\n",
        fish_condition(command, above), names, below.name, fish_quoted(below.description));
    out += fish_command(below, &command);
  }
  return out;
}

// The function body that completes below `command`, whose words begin with the command's own.
std::string zsh_commands(const CommandInfo& command, const std::string& indent) {
  std::string out = fmt::format("{}commands=(\n", indent);
  for (const CommandInfo& below : command.commands) {
    const std::string description = replaced(below.description, ":", "\\:");
    out += indent + "  " + zsh_quoted(below.name + ":" + description) + "\n";
  }
  out += fmt::format(
      "{0})\n{0}if (( CURRENT == 2 )); then\n{0}  _describe command commands\n{0}  return\n{0}fi\n"
      "{0}shift words\n{0}(( CURRENT-- ))\n{0}case $words[1] in\n",
      indent);
  for (const CommandInfo& below : command.commands) {
    out += fmt::format("{}  {})\n", indent, below.name);
    if (below.commands.empty()) {
      out += fmt::format("{}    _arguments \\\n", indent);
      for (const OptionInfo& option : below.options)
        for (const std::string& name : option.names)
          out += fmt::format("{}      {} \\\n", indent, zsh_option(option, name));
      out += fmt::format("{}      '*:file:_files'\n", indent);
    } else {
      out += zsh_commands(below, indent + "    ");
    }
    out += fmt::format("{}    ;;\n", indent);
  }
  return out + fmt::format("{}esac\n", indent);
}

}  // namespace

std::string bash_completion(const CommandInfo& tool) {
  std::string out =
      "# bash completion for smftool\n"
      "_smftool() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local i words=0 command= options=\n"
      "  for ((i = 1; i < COMP_CWORD && words < 2; i++)); do\n"
      "    case ${COMP_WORDS[i]} in -*) ;; *) command+=${command:+ }${COMP_WORDS[i]}; ((++words)) "
      ";; "
      "esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  case $command in\n"
      "    '') " +
      bash_choice(tool);
  for (const CommandInfo& command : tool.commands) out += bash_cases(command);
  return out +
         "  esac\n"
         "  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")); fi\n"
         "}\n"
         "complete -o default -F _smftool smftool\n";
}

std::string zsh_completion(const CommandInfo& tool) {
  return "#compdef smftool\n\n_smftool() {\n  local -a commands\n" + zsh_commands(tool, "  ") +
         "}\n\n"
         "if [ \"$funcstack[1]\" = _smftool ]; then _smftool \"$@\"; else compdef _smftool "
         "smftool; "
         "fi\n";
}

std::string fish_completion(const CommandInfo& tool) {
  std::string out = "# fish completion for smftool\n";
  for (const CommandInfo& command : tool.commands) {
    out += fmt::format("complete -c smftool -f -n __fish_use_subcommand -a {} -d {}\n",
                       command.name, fish_quoted(command.description));
  }
  for (const CommandInfo& command : tool.commands) out += fish_command(command, nullptr);
  return out;
}

}  // namespace smf::tool
