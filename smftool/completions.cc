#include "smftool/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "smftool/command_tree.h"

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

std::string bash_command(const CLI::App& command) {
  std::string out = fmt::format("    {})\n      case $prev in\n", command.get_name());
  for (const OptionInfo& option : options_of(command)) {
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
  out += fmt::format("      esac\n      options='{}' ;;\n", fmt::join(option_names(command), " "));
  return out;
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

std::string fish_option(const CLI::App& command, const OptionInfo& option) {
  std::string line =
      fmt::format("complete -c smftool -n '__fish_seen_subcommand_from {}'", command.get_name());
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

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string commands;
  for (const CLI::App* command : listed_commands(app)) commands += command->get_name() + " ";
  std::string out = fmt::format(
      "# bash completion for smftool\n"
      "_smftool() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  local i command= options=\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${{COMP_WORDS[i]}} in -*) ;; *) command=${{COMP_WORDS[i]}}; break ;; esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  case $command in\n"
      "    '') COMPREPLY=($(compgen -W '{}{}' -- \"$cur\")); return ;;\n",
      commands, fmt::join(option_names(app), " "));
  for (const CLI::App* command : listed_commands(app)) out += bash_command(*command);
  out +=
      "  esac\n"
      "  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")); fi\n"
      "}\n"
      "complete -o default -F _smftool smftool\n";
  return out;
}

std::string zsh_completion(const CLI::App& app) {
  std::string out = "#compdef smftool\n\n_smftool() {\n  local -a commands\n  commands=(\n";
  for (const CLI::App* command : listed_commands(app)) {
    const std::string description = replaced(command->get_description(), ":", "\\:");
    out += "    " + zsh_quoted(command->get_name() + ":" + description) + "\n";
  }
  out +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const CLI::App* command : listed_commands(app)) {
    out += fmt::format("    {})\n      _arguments \\\n", command->get_name());
    for (const OptionInfo& option : options_of(*command))
      for (const std::string& name : option.names)
        out += fmt::format("        {} \\\n", zsh_option(option, name));
    out += "        '*:file:_files'\n      ;;\n";
  }
  out +=
      "  esac\n}\n\n"
      "if [ \"$funcstack[1]\" = _smftool ]; then _smftool \"$@\"; else compdef _smftool smftool; "
      "fi\n";
  return out;
}

std::string fish_completion(const CLI::App& app) {
  std::string out = "# fish completion for smftool\n";
  for (const CLI::App* command : listed_commands(app)) {
    out += fmt::format("complete -c smftool -f -n __fish_use_subcommand -a {} -d {}\n",
                       command->get_name(), fish_quoted(command->get_description()));
  }
  for (const CLI::App* command : listed_commands(app))
    for (const OptionInfo& option : options_of(*command)) out += fish_option(*command, option);
  return out;
}

}  // namespace smf::tool
