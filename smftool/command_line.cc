#include "smftool/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "runtime/format/compression.h"
#include "smftool/command_tree.h"
#include "smftool/commands.h"
#include "smftool/help_text.h"
#include "smftool/messages.h"
#include "smftool/printable.h"
#include "smftool/suggestions.h"

namespace smf::tool {
namespace {

void add_common_options(CLI::App& app, Context& context) {
  app.set_help_flag("-h,--help", "Show this help")->group(kEverywhere);
  app.set_version_flag("--version", kVersion, "Show the version")->group(kEverywhere);
  app.add_flag("-q,--quiet", context.is_quiet, "Print results and errors only")->group(kEverywhere);
  app.add_flag("-v,--verbose", context.is_verbose, "Print more about what is done")
      ->group(kEverywhere);
  app.add_flag("--no-color", context.no_color, "No colours, as with the variable NO_COLOR")
      ->group(kEverywhere);
}

void add_common_options_below(CLI::App& app, Context& context) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    add_common_options(*command, context);
    add_common_options_below(*command, context);
  }
}

// The command that the command line has come to.
const CLI::App& chosen(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::string with_suggestion(std::string message, const std::string& word,
                            const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  if (!near.empty()) message += fmt::format("; did you mean '{}'?", near);
  return message;
}

// What was given and belongs to nothing; empty where there is no such thing.
std::string explain_extras(const CLI::App& app) {
  const CLI::App& command = chosen(app);
  const std::vector<std::string> extras = app.remaining(true);
  const bool has_commands = !describe(command).commands.empty();
  for (const std::string& extra : extras) {
    if (extra.size() > 1 && extra.front() == '-') {
      const std::string name = extra.substr(0, extra.find('='));
      const std::string place =
          &command == &app ? std::string() : fmt::format(" of '{}'", command.get_name());
      return with_suggestion(fmt::format("unknown option '{}'{}", name, place), name,
                             describe(command).option_names());
    }
    if (has_commands) {
      std::vector<std::string> names;
      for (const CommandInfo& known : describe(command).commands) names.push_back(known.name);
      return with_suggestion(fmt::format("unknown command '{}'", extra), extra, names);
    }
  }
  return extras.empty() ? std::string()
                        : fmt::format("unexpected argument '{}'", unguarded(extras.front()));
}

// What is required and was not given; empty where nothing is missing.
std::string explain_missing(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return option->get_positional() ? fmt::format("expected {}", option->get_name(true))
                                    : fmt::format("expected --{} {}", option->get_lnames().front(),
                                                  option->get_type_name());
  }
  return {};
}

// The option that a message of CLI11 is about. Its words differ from version to version, the
// option's name is in all of them.
std::string explain_value(const CLI::App& command, const std::string& message) {
  for (const OptionInfo& option : describe(command).options) {
    const std::string& name = option.names.back();
    const auto at = message.find(name);
    if (at == std::string::npos) continue;
    const auto end = at + name.size();
    if (end < message.size() &&
        (std::isalnum(static_cast<unsigned char>(message[end])) != 0 || message[end] == '-'))
      continue;
    if (option.value.empty()) return fmt::format("{} takes no value", name);
    return fmt::format("{} expects {}", name, option.value);
  }
  return message;
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  std::string extras = explain_extras(app);
  if (!extras.empty()) return extras;
  const CLI::App& command = chosen(app);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const std::string missing = explain_missing(command);
    if (!missing.empty()) return missing;
  }
  // Ours say it all.
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) return error.what();
  return explain_value(command, error.what());
}

ExitStatus refuse(const CLI::App& app, const Context& context, const std::string& message) {
  std::fflush(context.out);
  fmt::print(context.err, "smftool: {}\nTry '{} --help'.\n", printable(message),
             describe(chosen(app)).full_name);
  return ExitStatus::kUsage;
}

ExitStatus run_parsed(const CLI::App& app, Context& context) {
  if (!context.run) return refuse(app, context, "expected a command");
  Result<ExitStatus> status = context.run();
  if (!status) {
    report(context, status.error());
    status = status_of(status.error());
  }
  if (std::fflush(context.out) != 0 || std::ferror(context.out) != 0) {
    report(context, fail_system("write", "standard output", errno).error());
    return ExitStatus::kSystem;
  }
  return *status;
}

// The whole tree. The commands keep references to `context`.
std::unique_ptr<CLI::App> make_command_line(Context& context) {
  auto app = std::make_unique<CLI::App>("Packs, inspects and checks SMF modules", "smftool");
  app->footer(
      "smftool inspect app.smf          what is in a module\n"
      "smftool pack --help              one command's options and examples\n"
      "smftool tour                     all of it, step by step, on a sample");
  for (const auto add :
       {add_pack, add_inspect, add_verify, add_extract, add_unpack, add_convert, add_compress,
        add_decompress, add_add_stub, add_strip_stub, add_diff, add_sdn, add_note, add_mir, add_jit,
        add_instantiate, add_doctor, add_tour, add_docs}) {
    add(Command(*app, context));
  }
  add_common_options(*app, context);
  add_common_options_below(*app, context);
  return app;
}

}  // namespace

CommandInfo describe_command_line() {
  Context unused;
  return describe(*make_command_line(unused));
}

ExitStatus run_command_line(std::vector<std::string> arguments, std::FILE* out, std::FILE* err) {
  Context context;
  context.out = out;
  context.err = err;
  const auto app = make_command_line(context);
  try {
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    for (std::string& argument : arguments) argument = guarded(std::move(argument));
    app->parse(std::move(arguments));
    return run_parsed(*app, context);
  } catch (const CLI::CallForHelp&) {
    fmt::print(out, "{}", help_text(describe(chosen(*app)), is_coloured(context, out)));
    return ExitStatus::kDone;
  } catch (const CLI::CallForVersion&) {
    fmt::print(out, "smftool {} ({})\n", kVersion, compression_libraries());
    return ExitStatus::kDone;
  } catch (const CLI::ParseError& error) {
    return refuse(*app, context, explain(*app, error));
  } catch (const std::bad_alloc&) {
    report(context, Error{.code = ErrorCode::kOutOfMemory, .message = "not enough memory"});
    return ExitStatus::kSystem;
  }
}

}  // namespace smf::tool
