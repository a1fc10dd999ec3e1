// How a command describes its command line.
//
//     void add_unpack(Command tool) {
//       Command command = tool.command("unpack", "Take a module apart into a folder");
//       const auto options = std::make_shared<Options>();
//       command.argument("FILE", options->file, "A module of any dialect");
//       command.option("-o,--output", options->folder, "The folder").value("DIR").required();
//       command.examples("smftool unpack app.smf -o app");
//       command.runs([options](const Context& context) { return run(context, *options); });
//     }
//
// A seam in front of CLI11, which is a large header (four seconds of compiling) with differences
// between the versions this is built with: command.cc, command_tree.cc and command_line.cc know it,
// the commands do not. Commands may stand below commands (`smftool sdn check`).
//
// Command and Option are handles, copied freely, to what lives as long as the command line that is
// being built. What an option writes to must live as long: keep it in a shared_ptr that the
// function given to runs() holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "smftool/context.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace smf::tool {

// An argument as CLI11 is to see it, and back: it takes one in brackets, "[1,2]", for two.
std::string guarded(std::string argument);
std::string unguarded(const std::string& argument);

class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  // What it takes, for help and messages: "FILE", or the words to choose from, "none|zstd|lz4".
  Option& value(const std::string& name);
  // The heading that help lists it under.
  Option& group(const std::string& name);

 private:
  CLI::Option* option_;
};

class Command {
 public:
  Command(CLI::App& app, Context& context) : app_(&app), context_(&context) {}

  // A command below this one, listed in help in the order of these calls.
  Command command(const std::string& name, const std::string& description);
  // One that help does not list.
  Command hidden_command(const std::string& name, const std::string& description);

  // What stands on the command line without a dash: required, in the order of these calls.
  Option argument(const std::string& name, std::string& to, const std::string& description);
  Option optional_argument(const std::string& name, std::string& to,
                           const std::string& description);
  // One or more.
  Option arguments(const std::string& name, std::vector<std::string>& to,
                   const std::string& description);
  // Any number.
  Option optional_arguments(const std::string& name, std::vector<std::string>& to,
                            const std::string& description);

  // `names` are "-o,--output" or "--output". Numbers are checked to be numbers.
  Option flag(const std::string& names, bool& to, const std::string& description);
  Option option(const std::string& names, std::string& to, const std::string& description);
  Option option(const std::string& names, unsigned& to, const std::string& description);
  Option option(const std::string& names, std::uint64_t& to, const std::string& description);
  // A number of bytes, or one with K, M or G for powers of 1024.
  Option size(const std::string& names, std::uint64_t& bytes, const std::string& description);
  // One that may be repeated, with a value each time.
  Option list(const std::string& names, std::vector<std::string>& to,
              const std::string& description);

  // Command lines that show it at work, one a line.
  void examples(const std::string& lines);

  // What to do if this is the command that was chosen.
  void runs(std::function<Result<ExitStatus>(const Context&)> action);

  // The options that were given, by their long names: "--output". After parsing.
  std::vector<std::string> given() const;

 private:
  CLI::App* app_;
  Context* context_;
};

}  // namespace smf::tool
