// smftool jit: a symbol that is not there yet, made from a module's template and called.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/codegen/compiler.h"
#include "runtime/exec/code_memory.h"
#include "runtime/exec/unwinding.h"
#include "runtime/jit/jit_instantiator.h"
#include "runtime/mir/interpreter.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/type_expression.h"
#include "runtime/note/names.h"
#include "smftool/commands.h"
#include "smftool/disassembly.h"
#include "smftool/messages.h"
#include "smftool/mir_input.h"
#include "smftool/mir_run.h"
#include "smftool/mir_value.h"
#include "smftool/native_functions.h"
#include "smftool/printable.h"

namespace smf::tool {
namespace {

struct Options {
  std::string file{};
  std::string symbol{};
  std::vector<std::string> arguments{};
  bool is_disassembled = false;
  bool is_interpreted = false;
  bool is_timed = false;
  bool has_no_update = false;
};

using Clock = std::chrono::steady_clock;

// What a trap throws, through the compiled frames.
struct Trapped {
  std::string message{};
};

[[noreturn]] void throw_trap(void* /*context*/, const codegen::TrapRecord* record) {
  throw Trapped{
      fmt::format("'{}', block {}: {}", record->function(), record->block, record->message())};
}

// `max<i64>` as a symbol: what notes call it unless they say otherwise.
Result<std::string> symbol_of(const Options& options) {
  if (!options.symbol.contains('<')) return options.symbol;
  const mir::CalleeExpression split = mir::split_callee(options.symbol);
  return mangled_name(split.name, split.arguments);
}

// The module's templates, to know what a function takes and returns.
struct Signatures {
  mir::Program program{};
  mir::Layouts layouts{program};

  Result<void> add(const std::string& path) {
    SMF_ASSIGN(std::vector<mir::Unit> units, read_mir(path, {}));
    for (mir::Unit& unit : units) {
      if (auto added = program.add(std::move(unit)); !added)
        return std::unexpected(std::move(added).error().at_path(path));
    }
    return {};
  }
  Result<mir::TypeId> of(const JitRow& row) {
    mir::Callee callee{.name = row.template_name};
    for (const std::string_view argument : split_type_args(row.type_args)) {
      SMF_ASSIGN(const mir::TypeId type, program.type(argument));
      callee.arguments.push_back(type);
    }
    SMF_ASSIGN(const mir::FunctionId function, program.make(callee));
    return program.unit().functions[function].signature;
  }
};

// Times of the stages, as they pass.
class Stages {
 public:
  void pass(std::string_view name) {
    const auto now = Clock::now();
    lines_ += fmt::format("{:<12} {:>10.2f} us\n", name, microseconds(now - before_));
    before_ = Clock::now();
  }
  void add(std::string_view name, double nanoseconds) {
    lines_ += fmt::format("{:<12} {:>10.2f} us\n", name, nanoseconds / 1000);
    before_ = Clock::now();
  }
  const std::string& lines() const { return lines_; }

 private:
  static double microseconds(Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
  }
  std::string lines_{};
  Clock::time_point before_ = Clock::now();
};

// An error for what a request came to, unless it is code that can be called.
Result<JitSuccess> success_of(const Context& context, const Options& options, JitResult result,
                              JitInstantiator& jit, std::string_view symbol) {
  const auto refuse = [&](ErrorCode code) {
    return std::unexpected(Error{.code = code, .message = result.describe(), .path = options.file});
  };
  if (std::holds_alternative<JitNotFound>(result)) return refuse(ErrorCode::kNotFound);
  if (const auto* const failed = std::get_if<JitUpdateFailed>(&result)) {
    warn(context, options.file, fmt::format("not updated: {}", failed->error.describe()));
    result = jit.try_jit_instantiate(symbol);
  }
  if (const auto* const success = std::get_if<JitSuccess>(&result)) return *success;
  return refuse(ErrorCode::kInvalidInput);
}

class Run {
 public:
  Run(const Context& context, const Options& options) : context_(context), options_(options) {}

  Result<ExitStatus> run() {
    SMF_ASSIGN(const std::string symbol, symbol_of(options_));
    SMF_TRY(signatures_.add(options_.file));
    SMF_TRY(prepare(symbol));
    if (options_.is_interpreted) return interpret();
    SMF_ASSIGN(types_, find_types());
    if (!is_called() && !options_.is_disassembled && !options_.is_timed) return refuse_arguments();
    SMF_ASSIGN(const JitSuccess made, instantiate(symbol));
    if (options_.is_disassembled) {
      SMF_ASSIGN(const std::string text, disassemble(made.code));
      fmt::print(context_.out, "{}, {} bytes\n{}", printable(made.symbol), made.code.size(), text);
    }
    if (is_called()) SMF_TRY(call(made.address));
    if (options_.is_timed) fmt::print(context_.out, "{}", stages_.lines());
    return ExitStatus::kDone;
  }

 private:
  Result<void> prepare(const std::string& symbol) {
    SMF_ASSIGN(CodeMemory memory,
               CodeMemory::create({.listeners = {std::make_shared<Unwinding>()}}));
    memory_ = std::make_shared<CodeMemory>(std::move(memory));
    JitOptions options{.update_mode = options_.has_no_update ? UpdateMode::kOff : UpdateMode::kSync,
                       .trap_handler = &throw_trap,
                       .code_memory = memory_};
    options.symbol_sources = {native_function};
    SMF_ASSIGN(jit_, JitInstantiator::create(std::move(options)));
    stages_ = {};
    SMF_TRY(jit_->load_metadata(options_.file));
    stages_.pass("load");
    const auto possible = jit_->find_possible(symbol);
    if (!possible) {
      return std::unexpected(
          Error{.code = ErrorCode::kNotFound,
                .message = fmt::format("its note does not list '{}' as possible", symbol),
                .path = options_.file});
    }
    row_ = possible->row;
    return {};
  }

  Result<ExitStatus> interpret() {
    MirRunOptions run{.file = options_.file, .arguments = options_.arguments};
    run.function = row_.type_args.empty()
                       ? row_.template_name
                       : fmt::format("{}<{}>", row_.template_name, row_.type_args);
    return run_mir(context_, run);
  }

  Result<std::vector<mir::TypeId>> find_types() {
    auto signature = signatures_.of(row_);
    if (!signature)
      return std::unexpected(blame_input(std::move(signature).error().at_path(options_.file)));
    signature_ = *signature;
    const auto parts = signatures_.program.unit().parts(signature_);
    return std::vector<mir::TypeId>(parts.begin(), parts.end());
  }

  bool is_called() const { return options_.arguments.size() + 1 == types_.size(); }
  Result<ExitStatus> refuse_arguments() const {
    return wrong_usage(fmt::format("{} takes {} arguments, not {}", options_.symbol,
                                   types_.size() - 1, options_.arguments.size()));
  }

  Result<JitSuccess> instantiate(const std::string& symbol) {
    const auto before = Clock::now();
    JitResult result = jit_->try_jit_instantiate(symbol);
    const std::chrono::duration<double, std::nano> whole = Clock::now() - before;
    SMF_ASSIGN(const JitSuccess made,
               success_of(context_, options_, std::move(result), *jit_, symbol));
    const JitStats stats = jit_->stats();
    if (stats.persisted_hits == 0) stages_.add("compile", static_cast<double>(stats.compile_ns));
    stages_.add(stats.persisted_hits != 0 ? "persisted"
                : options_.has_no_update  ? "request"
                                          : "with update",
                whole.count());
    const auto again = Clock::now();
    constexpr int kHits = 1000;
    for (int i = 0; i != kHits; ++i) (void)jit_->try_jit_instantiate(symbol);
    const std::chrono::duration<double, std::nano> hits = Clock::now() - again;
    stages_.add("warm", hits.count() / kHits);
    return made;
  }

  Result<void> call(const void* function) {
    codegen::Compiler compiler(signatures_.program, signatures_.layouts);
    SMF_ASSIGN(const codegen::Code caller, compiler.compile_caller(signature_));
    SMF_ASSIGN(CodeWriter writer, memory_->begin(caller.bytes.size()));
    std::ranges::copy(caller.bytes, writer.bytes().begin());
    SMF_ASSIGN(const void* const placed, writer.commit("caller"));

    mir::Interpreter memory(signatures_.program, signatures_.layouts);
    const NativeMemory allocated(memory);
    // Texts that the function has in it may be returned.
    const auto block = memory_->find(function);
    memory.lend(block.data(), block.size(), false);
    MirValues values(signatures_.program, signatures_.layouts, memory);
    SMF_ASSIGN(MirArguments arguments, MirArguments::make(values, types_, options_.arguments));
    stages_.pass("arguments");
    using Caller = void (*)(const void* function, const void* const* arguments, void* result);
    try {
      reinterpret_cast<Caller>(reinterpret_cast<std::uintptr_t>(placed) + caller.entries[0].offset)(
          function, arguments.pointers().data(), arguments.result());
    } catch (const Trapped& trapped) {
      return std::unexpected(Error{
          .code = ErrorCode::kInvalidInput, .message = trapped.message, .path = options_.file});
    }
    stages_.pass("call");
    return arguments.print(context_, values);
  }

  const Context& context_;
  const Options& options_;
  Signatures signatures_{};
  std::shared_ptr<CodeMemory> memory_{};
  std::unique_ptr<JitInstantiator> jit_{};
  JitRow row_{};
  mir::TypeId signature_ = 0;
  std::vector<mir::TypeId> types_{};  // of the result, and of the arguments
  Stages stages_{};
};

}  // namespace

void add_jit(Command tool) {
  Command command =
      tool.command("jit", "Instantiate a symbol from a module's template, and call it");
  const auto options = std::make_shared<Options>();
  command.argument("FILE", options->file, "A module whose note lists the symbol");
  command.argument("SYMBOL", options->symbol, "Its mangled name, or name and types: 'max<i64>'");
  command.optional_arguments("ARG", options->arguments,
                             "Values as JSON; a slice or pointer is an array of what it points at");
  command.flag("--disasm", options->is_disassembled, "Print the machine code");
  command.flag("--interpret", options->is_interpreted,
               "Run it in the interpreter instead, every access checked");
  command.flag("--time", options->is_timed, "Print how long each stage took");
  command.flag("--no-update", options->has_no_update,
               "Leave the module as it is: its note and code are not added to");
  command.examples(
      "smftool jit app.smf 'max$i64' 3 4\n"
      "smftool jit app.smf 'sum<f64>' '[1, 2.5]' --time\n"
      "smftool jit app.smf 'max$i64' --disasm --no-update");
  command.runs([options](const Context& context) { return Run(context, *options).run(); });
}

}  // namespace smf::tool
