// smftool mir run: a template's function on values of the command line, in the interpreter.

#include "smftool/mir_run.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/interpreter.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/type_expression.h"
#include "runtime/mir/verify.h"
#include "smftool/commands.h"
#include "smftool/messages.h"
#include "smftool/mir_input.h"
#include "smftool/mir_value.h"
#include "smftool/printable.h"

namespace smf::tool {
namespace {

// What functions of templates call and no template has: memory, and the operators of text.
class Natives {
 public:
  explicit Natives(mir::Interpreter& interpreter) : interpreter_(interpreter) {}
  Natives(const Natives&) = delete;
  Natives& operator=(const Natives&) = delete;
  ~Natives() {
    for (const auto& [memory, size] : allocated_) std::free(memory);
  }

  void provide(std::uint64_t max_memory) {
    left_ = max_memory;
    interpreter_.provide("allocate", [this](std::span<const void* const> arguments, void* result) {
      allocate(*static_cast<const std::uint64_t*>(arguments[0]), result);
    });
    interpreter_.provide("release", [this](std::span<const void* const> arguments, void*) {
      release(*static_cast<void* const*>(arguments[0]));
    });
    compare("eq$text", [](int order) { return order == 0; });
    compare("ne$text", [](int order) { return order != 0; });
    compare("lt$text", [](int order) { return order < 0; });
    compare("le$text", [](int order) { return order <= 0; });
    compare("gt$text", [](int order) { return order > 0; });
    compare("ge$text", [](int order) { return order >= 0; });
    interpreter_.provide("hash$text", [this](std::span<const void* const> arguments, void* result) {
      const std::string_view text = text_at(arguments[0]);
      const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
      std::memcpy(result, &hash, sizeof hash);
    });
    for (const auto& [name, size] : kHashed) {
      interpreter_.provide(fmt::format("hash${}", name),
                           [size](std::span<const void* const> arguments, void* result) {
                             const std::uint64_t hash = XXH3_64bits(arguments[0], size);
                             std::memcpy(result, &hash, sizeof hash);
                           });
    }
  }

 private:
  static constexpr std::pair<const char*, std::size_t> kHashed[] = {
      {"i8", 1},  {"i16", 2}, {"i32", 4}, {"i64", 8},  {"u8", 1},
      {"u16", 2}, {"u32", 4}, {"u64", 8}, {"bool", 1}, {"char", 2}};

  // A text of a function that nobody has vouched for: no more than may be read of it.
  std::string_view text_at(const void* argument) const {
    const char* begin = nullptr;
    std::uint64_t size = 0;
    std::memcpy(&begin, argument, sizeof begin);
    std::memcpy(&size, static_cast<const char*>(argument) + sizeof begin, sizeof size);
    if (size == 0 || !interpreter_.may_read(begin, size)) return {};
    return {begin, size};
  }

  template <typename Is>
  void compare(const char* name, Is is) {
    interpreter_.provide(name, [this, is](std::span<const void* const> arguments, void* result) {
      const bool value = is(text_at(arguments[0]).compare(text_at(arguments[1])));
      std::memcpy(result, &value, sizeof value);
    });
  }

  // nullptr where the limit is reached, as where memory is.
  void allocate(std::uint64_t size, void* result) {
    void* memory = nullptr;
    if (size <= left_) memory = std::calloc(1, std::max<std::uint64_t>(size, 1));
    if (memory != nullptr) {
      left_ -= size;
      allocated_[memory] = size;
      interpreter_.lend(memory, size, true);
    }
    std::memcpy(result, &memory, sizeof memory);
  }

  // Only what was allocated: a function may hand over any address.
  void release(void* memory) {
    const auto found = allocated_.find(memory);
    if (found == allocated_.end()) return;
    left_ += found->second;
    interpreter_.take_back(memory);
    std::free(memory);
    allocated_.erase(found);
  }

  mir::Interpreter& interpreter_;
  std::map<void*, std::uint64_t> allocated_{};
  std::uint64_t left_ = 0;
};

Result<mir::FunctionId> make(mir::Program& program, mir::Layouts& layouts,
                             const std::string& expression) {
  const mir::CalleeExpression split = mir::split_callee(expression);
  mir::Callee callee{.name = std::string(split.name)};
  for (const std::string_view argument : split.arguments) {
    auto type = program.type(argument);
    if (!type) return wrong_usage(type.error().message);
    callee.arguments.push_back(*type);
  }
  SMF_ASSIGN(const mir::FunctionId function, program.make(callee));
  SMF_TRY(mir::verify(program, layouts, function));
  return function;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string describe(const mir::Trap& trap) {
  return fmt::format("'{}', block {}: {}", trap.function, trap.block, trap.message);
}

}  // namespace

Result<MirArguments> MirArguments::make(MirValues& values, std::span<const mir::TypeId> types,
                                        const std::vector<std::string>& texts) {
  MirArguments made;
  made.types_.assign(types.begin(), types.end());
  for (std::size_t i = 0; i != texts.size(); ++i) {
    auto value = values.make(types[i + 1], texts[i]);
    if (!value) return wrong_usage(fmt::format("argument {}: {}", i + 1, value.error().message));
    made.pointers_.push_back(*value);
    SMF_ASSIGN(const Json json, values.show(types[i + 1], *value));
    made.before_.push_back(dumped(json));
  }
  if (types[0] != mir::kNone) {
    SMF_ASSIGN(made.result_, values.make_room(types[0]));
  }
  return made;
}

Result<void> MirArguments::print(const Context& context, MirValues& values) const {
  if (result_ != nullptr) {
    SMF_ASSIGN(const Json json, values.show(types_[0], result_));
    fmt::print(context.out, "{}\n", printable(dumped(json)));
  }
  // What the function wrote to, where its arguments lead.
  for (std::size_t i = 0; i != pointers_.size(); ++i) {
    SMF_ASSIGN(const Json json, values.show(types_[i + 1], pointers_[i]));
    const std::string after = dumped(json);
    if (after != before_[i]) fmt::print(context.out, "argument {}: {}\n", i + 1, printable(after));
  }
  return {};
}

Result<ExitStatus> run_mir(const Context& context, const MirRunOptions& options) {
  SMF_ASSIGN(const mir::GenericParameters given, parse_generics(options.generics));
  mir::Program program;
  std::vector<std::string> files = options.others;
  files.insert(files.begin(), options.file);
  for (const std::string& path : files) {
    SMF_ASSIGN(std::vector<mir::Unit> units, read_mir(path, given));
    for (mir::Unit& unit : units)
      if (auto added = program.add(std::move(unit)); !added)
        return std::unexpected(std::move(added).error().at_path(path));
  }
  mir::Layouts layouts(program);
  auto function = make(program, layouts, options.function);
  if (!function) return std::unexpected(std::move(function).error().at_path(options.file));

  mir::Interpreter interpreter(
      program, layouts,
      {.is_checked = true, .max_steps = options.max_steps, .max_memory = options.max_memory});
  Natives natives(interpreter);
  natives.provide(options.max_memory);
  MirValues values(program, layouts, interpreter);
  const mir::TypeId signature = program.unit().functions[*function].signature;
  const auto parts = program.unit().parts(signature);
  const std::vector<mir::TypeId> types(parts.begin(), parts.end());
  if (options.arguments.size() + 1 != types.size()) {
    return wrong_usage(fmt::format("{} takes {} arguments, not {}", options.function,
                                   types.size() - 1, options.arguments.size()));
  }
  SMF_ASSIGN(const MirArguments arguments, MirArguments::make(values, types, options.arguments));
  const auto done = interpreter.run(*function, arguments.pointers(), arguments.result());
  if (context.is_verbose) fmt::print(context.err, "smftool: {} steps\n", interpreter.steps());
  if (!done) {
    return std::unexpected(Error{
        .code = ErrorCode::kInvalidInput, .message = describe(done.error()), .path = options.file});
  }
  SMF_TRY(arguments.print(context, values));
  return ExitStatus::kDone;
}

void add_mir_run(Command mir) {
  Command command = mir.command("run", "Run a function in the interpreter, every access checked");
  const auto options = std::make_shared<MirRunOptions>();
  command.argument("FILE", options->file,
                   "MIR as JSON, text or a template's body, or a module; - is standard input");
  command.argument("FUNCTION", options->function, "Its name and types: 'max<i64>'");
  command.optional_arguments("ARG", options->arguments,
                             "Values as JSON; a slice or pointer is an array of what it points at");
  command.list("--with", options->others, "Further files with functions that it calls")
      .value("FILE");
  command
      .list("--generic", options->generics,
            "Parameters of a function whose JSON does not name them")
      .value("NAME=T,U");
  command.option("--max-steps", options->max_steps, "Instructions to run at most");
  command.size("--max-memory", options->max_memory, "Bytes that the function may use");
  command.examples(
      "smftool mir run max.mir 'max<i64>' 3 4\n"
      "smftool mir run app.smf 'sum<f64>' '[1, 2.5]'\n"
      "smftool mir run basic.mir 'swap<i32>' '[1]' '[2]'");
  command.runs([options](const Context& context) { return run_mir(context, *options); });
}

}  // namespace smf::tool
