#include "smftool/help_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "smftool/table.h"

namespace smf::tool {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kDescriptionColumn = 30;

std::string title(std::string_view text, bool coloured) {
  return "\n" + styled(std::string(text) + ":", Style::kBold, coloured) + "\n";
}

// "  TERM            description", the description wrapped below itself.
std::string entry(const std::string& term, const std::string& description) {
  std::string out = "  " + term;
  std::size_t column = out.size();
  const auto new_line = [&] {
    out += "\n" + std::string(kDescriptionColumn, ' ');
    column = kDescriptionColumn;
  };
  if (column + 2 > kDescriptionColumn) {
    new_line();
  } else {
    out.append(kDescriptionColumn - column, ' ');
    column = kDescriptionColumn;
  }
  for (std::size_t at = 0; at < description.size();) {
    const std::size_t end = std::min(description.find(' ', at), description.size());
    const std::string word = description.substr(at, end - at);
    if (column > kDescriptionColumn && column + 1 + word.size() > kColumns) new_line();
    if (column > kDescriptionColumn) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    at = end + 1;
  }
  return out + "\n";
}

std::string term_of(const OptionInfo& option) {
  std::string term = fmt::format("{}", fmt::join(option.names, ", "));
  if (!option.value.empty()) term += " " + option.value;
  return term;
}

std::string note_of(const OptionInfo& option) {
  if (option.is_required) return " (required)";
  return option.is_repeated ? " (may be repeated)" : "";
}

std::string indented(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += "  " + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string help_text(const CommandInfo& command, bool coloured) {
  std::string text = command.description + ".\n";
  text += title("Usage", coloured);
  text += fmt::format("  {} {}\n", command.full_name, command.synopsis);
  if (!command.commands.empty()) {
    text += title("Commands", coloured);
    for (const CommandInfo& below : command.commands) text += entry(below.name, below.description);
  }
  if (!command.positionals.empty()) {
    text += title("Arguments", coloured);
    for (const OptionInfo& option : command.positionals)
      text += entry(option.value, option.description);
  }
  std::vector<std::string> groups;
  for (const OptionInfo& option : command.options)
    if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
  // Those that every command has come last.
  if (std::erase(groups, kEverywhere) > 0) groups.emplace_back(kEverywhere);
  for (const std::string& group : groups) {
    text += title(group, coloured);
    for (const OptionInfo& option : command.options)
      if (option.group == group)
        text += entry(term_of(option), option.description + note_of(option));
  }
  if (!command.examples.empty()) text += title("Examples", coloured) + indented(command.examples);
  return text;
}

}  // namespace smf::tool
