// The tree of commands as data: help, the man page, completions and suggestions are all made from
// it, so that there is one list of options.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace smf::tool {

struct OptionInfo {
  std::vector<std::string> names{};  // with dashes, short ones first; empty for a positional
  std::string value{};               // what it takes, "FILE"; empty for a flag
  std::string description{};
  std::string group{};
  bool is_required = false;
  bool is_repeated = false;
};

struct CommandInfo {
  std::string name{};       // "check"
  std::string full_name{};  // "smftool sdn check"
  std::string description{};
  std::string synopsis{};  // what stands behind the name: "[OPTIONS] FILE..."
  std::string examples{};  // a line each
  std::vector<OptionInfo> positionals{};
  std::vector<OptionInfo> options{};
  std::vector<CommandInfo> commands{};  // those that users are told about

  // All names of options, with dashes.
  std::vector<std::string> option_names() const;
};

// `app` and what stands below it, in the order in which it was described.
CommandInfo describe(const CLI::App& app);

// The option group that every command has.
inline constexpr const char* kEverywhere = "Everywhere";

// Whether a value called that is the name of a file or of a folder.
bool is_path_value(const std::string& value);
// The words that such a value can be ("none|zstd[:LEVEL]" gives none and zstd); empty for others.
std::vector<std::string> value_words(const std::string& value);

}  // namespace smf::tool
