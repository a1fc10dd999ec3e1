// Looking at the tree of commands: help, the man page, completions and suggestions are all made
// from it, so that there is one list of options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace smf::tool {

// The commands below `app` that users are told about, in their order.
std::vector<const CLI::App*> listed_commands(const CLI::App& app);

// "smftool pack".
std::string full_name(const CLI::App& command);

struct OptionInfo {
  std::vector<std::string> names{};  // with dashes, short ones first; empty for a positional
  std::string value{};               // what it takes, "FILE"; empty for a flag
  std::string description{};
  std::string group{};
  bool is_required = false;
  bool is_repeated = false;
};

// The options, or the positionals, of a command, in their order.
std::vector<OptionInfo> options_of(const CLI::App& command);
std::vector<OptionInfo> positionals_of(const CLI::App& command);

// All names of a command's options, with dashes.
std::vector<std::string> option_names(const CLI::App& command);

// What stands behind the command's name: "[OPTIONS] FILE...".
std::string synopsis(const CLI::App& command);

// Whether a value called that is the name of a file or of a folder.
bool is_path_value(const std::string& value);
// The words that such a value can be ("none|zstd[:LEVEL]" gives none and zstd); empty for others.
std::vector<std::string> value_words(const std::string& value);

}  // namespace smf::tool
