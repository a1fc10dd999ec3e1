// smftool instantiate: a module with code of instantiations that nobody has asked for yet, made
// ahead of time.
//
// The code goes where a process that compiles at run time keeps it (section `.smf.jit`), so whoever
// loads the module finds it there and compiles nothing. It asks nothing of a processor that not
// every one of its kind has, unless told otherwise: the output depends on the input alone, not on
// the machine that makes it. It is never called here, so it may be for another machine.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/codegen/target.h"
#include "runtime/format/types.h"
#include "runtime/format/view.h"
#include "runtime/jit/jit_instantiator.h"
#include "runtime/mir/type_expression.h"
#include "runtime/note/names.h"
#include "runtime/note/update.h"
#include "runtime/os/input_file.h"
#include "runtime/os/output_file.h"
#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/messages.h"
#include "smftool/note_input.h"
#include "smftool/printable.h"
#include "smftool/scratch_folder.h"

namespace smf::tool {
namespace {

struct InstantiateOptions {
  std::string input{};
  std::string output{};
  std::vector<std::string> symbols{};
  bool takes_all = false;
  std::string machine{};
  std::string processor = "baseline";
};

// What the command line says; the module says what it does not.
struct Choice {
  std::optional<codegen::Machine> machine{};
  bool is_native = false;
};

std::optional<codegen::Machine> machine_of(std::optional<std::uint8_t> arch) {
  if (arch == static_cast<std::uint8_t>(Arch::kX86_64)) return codegen::Machine::kX86_64;
  if (arch == static_cast<std::uint8_t>(Arch::kAArch64)) return codegen::Machine::kAArch64;
  return std::nullopt;
}

Result<Choice> choose(const InstantiateOptions& options) {
  Choice choice{.machine = machine_of(parse_arch(options.machine)),
                .is_native = options.processor == "native"};
  if (options.symbols.empty() && !options.takes_all)
    return wrong_usage("expected symbols, or --all");
  if (!options.machine.empty() && !choice.machine)
    return wrong_usage(
        fmt::format("--arch: expected x86-64 or aarch64, found '{}'", options.machine));
  if (!choice.is_native && options.processor != "baseline")
    return wrong_usage(
        fmt::format("--cpu: expected baseline or native, found '{}'", options.processor));
  return choice;
}

Result<codegen::CodeTarget> target_of(const Choice& choice, const SmfView& view) {
  const std::uint8_t arch = view.header().arch;
  const auto machine = choice.machine ? choice.machine : machine_of(arch);
  if (!machine)
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("is for {}: code is made for x86-64 and aarch64 only", arch_name(arch)));
  if (!choice.is_native) return codegen::CodeTarget{.machine = *machine, .features = {}};
  if (*machine == codegen::kThisMachine) return codegen::CodeTarget{};
  return wrong_usage("--cpu native: this machine's processor is of another kind");
}

// Rows for `max<i64>`, unless they are there; and the names of them all.
Result<std::vector<std::string>> names_of(const InstantiateOptions& options,
                                          const std::string& module) {
  std::vector<std::string> names;
  std::vector<NotePossibleRow> rows;
  for (const std::string& symbol : options.symbols) {
    if (!symbol.contains('<')) {
      names.push_back(symbol);
      continue;
    }
    const mir::CalleeExpression split = mir::split_callee(symbol);
    NotePossibleRow row{.template_name = std::string(split.name)};
    for (const std::string_view argument : split.arguments)
      row.type_args.append(row.type_args.empty() ? "" : ",").append(argument);
    row.mangled_name = mangled_name(split.name, split.arguments);
    names.push_back(row.mangled_name);
    rows.push_back(std::move(row));
  }
  if (!rows.empty()) {
    SMF_ASSIGN(NoteUpdater updater, NoteUpdater::open(module));
    SMF_TRY(updater.add(rows));
  }
  if (!options.takes_all) return names;
  SMF_ASSIGN(NoteInput input, NoteInput::open(module));
  SMF_ASSIGN(const Note* const note, input.read());
  for (std::size_t i = 0; i != note->possible_count(); ++i)
    names.emplace_back(note->possible(i).mangled_name);
  return names;
}

// Stands for all that code may name: whoever runs it finds out where that is.
constexpr char kAnywhere = 0;

Result<std::unique_ptr<JitInstantiator>> open(const std::string& module, JitOptions options) {
  options.symbol_sources = {[](std::string_view) { return &kAnywhere; }};
  options.global_source = [](std::uint64_t) { return &kAnywhere; };
  SMF_ASSIGN(std::unique_ptr<JitInstantiator> jit, JitInstantiator::create(std::move(options)));
  SMF_TRY(jit->load_metadata(module));
  return jit;
}

Result<void> request_all(JitInstantiator& jit, std::span<const std::string> names) {
  for (const std::string& name : names) {
    const JitResult result = jit.try_jit_instantiate(name);
    if (result.is_success()) continue;
    if (std::holds_alternative<JitNotFound>(result))
      return fail(ErrorCode::kNotFound,
                  fmt::format("its note does not list '{}' as possible; write it as name<types> to "
                              "have it added",
                              name));
    return fail(ErrorCode::kInvalidInput, result.describe());
  }
  return {};
}

// Compiles them all, and sees that the next process will find them all.
Result<JitStats> compile_all(const std::string& module, std::span<const std::string> names,
                             const codegen::CodeTarget& target, const std::string& made_in) {
  JitStats stats;
  {
    SMF_ASSIGN(const auto jit, open(module, {.made_in = made_in,
                                             .trust_persisted = TrustPersisted::kAlways,
                                             .target = target}));
    SMF_TRY(request_all(*jit, names));
    SMF_TRY(jit->flush());
    stats = jit->stats();
  }
  SMF_ASSIGN(const auto next, open(module, {.update_mode = UpdateMode::kOff,
                                            .trust_persisted = TrustPersisted::kAlways,
                                            .target = target}));
  SMF_TRY(request_all(*next, names));
  if (next->stats().compiled == 0) return stats;
  return fail(ErrorCode::kUnsupported,
              "code cannot be kept in it: it has no room for that (pack it without --no-jit-room), "
              "or arguments that no key can be made of");
}

Result<void> copy(Bytes bytes, const std::string& path, bool is_program) {
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(path, {.add_execute_bits = is_program}));
  SMF_TRY(out.append(bytes));
  return out.commit();
}

struct MadeAhead {
  codegen::CodeTarget target{};
  JitStats stats{};
};

// Of the module `input`, whose copy is `module`. Errors are about the input.
Result<MadeAhead> make(const InstantiateOptions& options, const codegen::CodeTarget& target,
                       const std::string& module) {
  SMF_ASSIGN(const std::vector<std::string> names, names_of(options, module));
  const std::string& named = options.output == "-" ? options.input : options.output;
  SMF_ASSIGN(const JitStats stats,
             compile_all(module, names, target, std::filesystem::path(named).filename().string()));
  return MadeAhead{.target = target, .stats = stats};
}

Result<ExitStatus> instantiate(const Context& context, const InstantiateOptions& options) {
  SMF_ASSIGN(const Choice choice, choose(options));
  SMF_ASSIGN(const os::FileBytes input, os::FileBytes::load(options.input));
  const auto blame = [&](Error error) { return std::move(error).at_path(options.input); };
  auto view = SmfView::open(input.bytes());
  if (!view) return std::unexpected(blame(std::move(view).error()));
  SMF_ASSIGN(const ScratchFolder scratch, ScratchFolder::create("smftool-instantiate"));
  const std::string module = scratch.path() + "/module.smf";
  SMF_TRY(copy(input.bytes(), module, false));
  auto target = target_of(choice, *view);
  if (!target) return std::unexpected(blame(std::move(target).error()));
  auto made = make(options, *target, module);
  if (!made) return std::unexpected(blame(std::move(made).error()));
  SMF_ASSIGN(const os::FileBytes output, os::FileBytes::load(module));
  SMF_TRY(copy(output.bytes(), options.output, view->header().stub_size != 0));
  if (context.is_quiet) return ExitStatus::kDone;
  fmt::print(options.output == "-" ? context.err : context.out, "{}: {}, {} of code for {}, {}\n",
             printable(options.output), counted(made->stats.cached_count, "instantiation"),
             counted(made->stats.code_bytes, "byte"),
             made->target.machine == codegen::Machine::kX86_64 ? "x86-64" : "aarch64",
             made->target.features == codegen::Features{} ? "any processor" : "this processor");
  return ExitStatus::kDone;
}

}  // namespace

void add_instantiate(Command tool) {
  Command command =
      tool.command("instantiate", "Compile instantiations ahead of time, into the module");
  const auto options = std::make_shared<InstantiateOptions>();
  command.argument("IN", options->input, "A module with templates and a note");
  command.optional_arguments("SYMBOL", options->symbols,
                             "Mangled names that the note lists as possible; or 'max<i64>', which "
                             "is added to it");
  command.option("-o,--output", options->output, "The module to write").value("OUT").required();
  command.flag("--all", options->takes_all, "All that the note lists as possible");
  command.option("--arch", options->machine, "For this machine (default: the module's)")
      .value("x86-64|aarch64");
  command
      .option("--cpu", options->processor,
              "For any processor of the machine's kind (the default), or for this one")
      .value("baseline|native");
  command.examples(
      "smftool instantiate shop.smf -o ready.smf 'max<i64>' 'sum$f64'\n"
      "smftool instantiate shop.smf -o arm.smf --all --arch aarch64");
  command.runs([options](const Context& context) { return instantiate(context, *options); });
}

}  // namespace smf::tool
