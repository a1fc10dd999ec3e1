// smftool mir: check, to-text, to-json, to-binary; run is in mir_run.cc.

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/binary.h"
#include "runtime/mir/json.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/text.h"
#include "runtime/mir/verify.h"
#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/messages.h"
#include "smftool/mir_input.h"
#include "smftool/printable.h"
#include "smftool/sdn_input.h"

namespace smf::tool {
namespace {

constexpr const char* kFile =
    "MIR as JSON, text or a template's body, or a module; - is standard input";

struct MirOptions {
  std::vector<std::string> files{};
  std::string file{};
  std::string name{};
  std::string output{};
  std::vector<std::string> generics{};
};

// ---- check ----

// One function or definition: OK, something for another back end, or wrong.
ExitStatus tell(const Context& context, const std::string& path, const Result<void>& checked) {
  if (checked) return ExitStatus::kDone;
  if (checked.error().code == ErrorCode::kUnsupported) {
    warn(context, path, checked.error().message);
    return ExitStatus::kDone;
  }
  Error error = checked.error();
  report(context, std::move(error).at_path(path));
  return ExitStatus::kFinding;
}

Result<void> check_function(mir::Program& program, mir::Layouts& layouts, const std::string& name) {
  SMF_ASSIGN(const mir::FunctionId function, program.check(name));
  return mir::verify(program, layouts, function);
}

Result<ExitStatus> check_file(const Context& context, const std::string& path,
                              const mir::GenericParameters& given) {
  SMF_ASSIGN(std::vector<mir::Unit> units, read_mir(path, given));
  ExitStatus status = ExitStatus::kDone;
  mir::Program program;
  mir::Layouts layouts(program);
  std::vector<std::string> functions;
  for (mir::Unit& unit : units) {
    std::vector<std::string> names;
    names.reserve(unit.functions.size());
    for (const mir::Function& one : unit.functions) names.emplace_back(unit.string(one.name));
    const auto added = program.add(std::move(unit));
    status = std::max(status, tell(context, path, added));
    if (added) functions.insert(functions.end(), names.begin(), names.end());
  }
  for (const std::string& name : functions)
    status = std::max(status, tell(context, path, check_function(program, layouts, name)));
  if (status == ExitStatus::kDone && !context.is_quiet) {
    fmt::print(context.out, "OK: {}: {}, {}\n", path == "-" ? "standard input" : printable(path),
               counted(functions.size(), "function"),
               counted(program.unit().definitions.size(), "type"));
  }
  return status;
}

Result<ExitStatus> check(const Context& context, const MirOptions& options) {
  SMF_ASSIGN(const mir::GenericParameters given, parse_generics(options.generics));
  ExitStatus status = ExitStatus::kDone;
  for (const std::string& path : options.files) {
    auto checked = check_file(context, path, given);
    if (!checked) report(context, checked.error());
    status = std::max(status, checked ? *checked : status_of(checked.error()));
  }
  return status;
}

// ---- to-text, to-json, to-binary ----

bool has(const mir::Unit& unit, std::string_view name) {
  for (const mir::Function& one : unit.functions)
    if (unit.string(one.name) == name) return true;
  // A definition that is a template's own comes first.
  return unit.functions.empty() && !unit.definitions.empty() &&
         unit.string(unit.definitions.front().name) == name;
}

// The only one of the file, or that with the template of this name.
Result<mir::Unit> read_one(const MirOptions& options) {
  SMF_ASSIGN(const mir::GenericParameters given, parse_generics(options.generics));
  SMF_ASSIGN(std::vector<mir::Unit> units, read_mir(options.file, given));
  for (mir::Unit& unit : units)
    if (options.name.empty() ? units.size() == 1 : has(unit, options.name)) return std::move(unit);
  Error error{.code = ErrorCode::kNotFound,
              .message = fmt::format("no template '{}'", options.name),
              .path = options.file};
  if (options.name.empty()) {
    error.message =
        fmt::format("{}: choose one with --template NAME", counted(units.size(), "template"));
  }
  return std::unexpected(std::move(error));
}

template <typename Write>
void add_conversion(Command& mir, const char* name, const char* description, const char* examples,
                    Write write) {
  Command command = mir.command(name, description);
  const auto options = std::make_shared<MirOptions>();
  command.argument("FILE", options->file, kFile);
  command.option("-o,--output", options->output, "Where to (default: standard output)")
      .value("OUT");
  command.option("--template", options->name, "Which, of a module with several").value("NAME");
  command
      .list("--generic", options->generics,
            "Parameters of a function whose JSON does not name them")
      .value("NAME=T,U");
  command.examples(examples);
  command.runs([options, write](const Context& context) -> Result<ExitStatus> {
    SMF_ASSIGN(const mir::Unit unit, read_one(*options));
    std::string written;
    try {
      written = write(unit);
    } catch (const std::length_error& error) {
      return std::unexpected(
          Error{.code = ErrorCode::kLimit, .message = error.what(), .path = options->file});
    }
    SMF_TRY(write_text(context, options->output.empty() ? "-" : options->output, written));
    return ExitStatus::kDone;
  });
}

void add_check(Command& mir) {
  Command command = mir.command("check", "Check that functions and templates make sense");
  const auto options = std::make_shared<MirOptions>();
  command.arguments("FILE", options->files, kFile);
  command
      .list("--generic", options->generics,
            "Parameters of a function whose JSON does not name them")
      .value("NAME=T,U");
  command.examples(
      "smftool mir check list.mir\n"
      "smftool mir check push.json --generic push=T\n"
      "smftool mir check app.smf");
  command.runs([options](const Context& context) { return check(context, *options); });
}

}  // namespace

void add_mir(Command tool) {
  Command mir = tool.command("mir", "Work with templates: the compiler's middle language, MIR");
  add_check(mir);
  add_conversion(mir, "to-text", "Print MIR as text for people",
                 "smftool mir to-text push.json --generic push=T\n"
                 "smftool mir to-text app.smf --template push | less",
                 [](const mir::Unit& unit) { return mir::write_text(unit); });
  add_conversion(mir, "to-json", "Print MIR as the JSON that the compiler prints",
                 "smftool mir to-json list.mir -o list.json",
                 [](const mir::Unit& unit) { return mir::write_json(unit) + "\n"; });
  add_conversion(mir, "to-binary", "Print MIR as the bytes that a module stores",
                 "smftool mir to-binary list.mir -o list.bin", [](const mir::Unit& unit) {
                   return std::string(as_text(mir::write_binary(unit)));
                 });
  add_mir_run(mir);
}

}  // namespace smf::tool
