#include "smftool/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

namespace smf::tool {
namespace {

OptionInfo info_of(const CLI::Option& option) {
  OptionInfo info;
  for (const std::string& name : option.get_snames()) info.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) info.names.push_back("--" + name);
  if (option.get_positional()) {
    info.value = option.get_name(true);
  } else if (option.get_items_expected_max() > 0) {
    info.value = option.get_type_name();
  }
  info.description = option.get_description();
  info.group = option.get_group();
  if (info.group == "OPTIONS") info.group = "Options";  // CLI11's default, from some version on
  info.is_required = option.get_required();
  info.is_repeated = option.get_items_expected_max() > 1;
  return info;
}

std::vector<OptionInfo> select(const CLI::App& command, bool positional) {
  std::vector<OptionInfo> selected;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() == positional && !option->get_group().empty())
      selected.push_back(info_of(*option));
  }
  return selected;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* const parent = command.get_parent();
  return parent ? full_name(*parent) + " " + command.get_name() : command.get_name();
}

std::string synopsis(const CommandInfo& command) {
  std::string text = "[OPTIONS]";
  if (!command.commands.empty()) text += " COMMAND";
  for (const OptionInfo& positional : command.positionals) {
    const std::string name = positional.value + (positional.is_repeated ? "..." : "");
    text += positional.is_required ? " " + name : " [" + name + "]";
  }
  return text;
}

}  // namespace

CommandInfo describe(const CLI::App& app) {
  CommandInfo info{.name = app.get_name(),
                   .full_name = full_name(app),
                   .description = app.get_description(),
                   .examples = app.get_footer(),
                   .positionals = select(app, true),
                   .options = select(app, false)};
  const auto is_listed = [](const CLI::App* command) { return !command->get_group().empty(); };
  for (const CLI::App* command : app.get_subcommands(is_listed))
    info.commands.push_back(describe(*command));
  info.synopsis = synopsis(info);
  return info;
}

std::vector<std::string> CommandInfo::option_names() const {
  std::vector<std::string> names;
  for (const OptionInfo& option : options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

bool is_path_value(const std::string& value) {
  for (const std::string name : {"FILE", "DIR", "OUT", "IN", "A", "B"}) {
    const auto at = value.rfind(name);
    if (at == std::string::npos || value.find('=') != std::string::npos) continue;
    const auto is_letter = [&](std::size_t i) {
      return i < value.size() && std::isupper(static_cast<unsigned char>(value[i])) != 0;
    };
    if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + name.size())) return true;
  }
  return false;
}

std::vector<std::string> value_words(const std::string& value) {
  std::vector<std::string> words;
  if (value.find('|') == std::string::npos) return words;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t end = std::min(value.find('|', at), value.size());
    const std::string word = value.substr(at, std::min(value.find('[', at), end) - at);
    const bool is_literal = !word.empty() && std::ranges::none_of(word, [](unsigned char c) {
      return std::isupper(c) != 0;
    });
    if (is_literal) words.push_back(word);
    at = end + 1;
  }
  return words;
}

}  // namespace smf::tool
