// For tests: modules with templates and a note, packed by the library's builder, and a compiler
// that makes functions which only return a number.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/exec/tiny_code.h"
#include "runtime/format/assembly.h"
#include "runtime/format/building.h"
#include "runtime/jit/jit_instantiator.h"
#include "runtime/mir/template_source.h"
#include "runtime/note/pack.h"

namespace smf {

// Rows as a note has them: template, arguments, mangled name, and of an instantiation its status.
struct TestRow {
  std::string template_name{};
  std::string type_args{};
  std::string mangled_name{};
  std::string status = "compiled";
};

inline std::string note_text(const std::vector<TestRow>& possible,
                             const std::vector<TestRow>& instantiations = {}) {
  std::string text =
      "# Instantiation To/From Metadata\n# Format version: 1.0\n\n"
      "possible |id, template, type_args, mangled_name, required_by, can_defer|\n";
  int id = 0;
  for (const TestRow& row : possible)
    text += fmt::format("    {}, \"{}\", \"{}\", \"{}\", \"main\", true\n", id++, row.template_name,
                        row.type_args, row.mangled_name);
  text +=
      "\ninstantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, "
      "status|\n";
  id = 0;
  for (const TestRow& row : instantiations)
    text +=
        fmt::format("    {}, \"{}\", \"{}\", \"{}\", \"a.spl\", \"a.spl:1:2\", \"a.o\", \"{}\"\n",
                    id++, row.template_name, row.type_args, row.mangled_name, row.status);
  return text + "\n# END_NOTE\n";
}

// Of one template and i64; what that calls has no row.
inline std::string row_free_note() { return note_text({{"a", "i64", "a$i64"}}); }

// `templates` in the text form of MIR.
inline std::string module_bytes(std::string_view note, std::string_view templates,
                                bool has_room = false) {
  ModuleSpec spec;
  spec.sections.push_back({.name = "code",
                           .type = static_cast<std::uint8_t>(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .alignment = 16,
                           .payload = text_source(std::string(64, '\xC3'))});
  if (!templates.empty()) {
    const auto unit = mir::read_source(templates);
    EXPECT_TRUE(unit) << unit.error().describe();
    const auto specs = mir::make_templates(*unit);
    EXPECT_TRUE(specs) << specs.error().describe();
    EXPECT_TRUE(add_templates(*specs, spec));
  }
  if (!note.empty()) {
    const auto packed = pack_note(note);
    EXPECT_TRUE(packed) << packed.error().describe();
    put_note(*packed, spec);
  }
  EXPECT_TRUE(!has_room || add_jit_room(spec));
  const auto bytes = build_bytes(spec);
  EXPECT_TRUE(bytes) << bytes.error().describe();
  return bytes.value_or("");
}

// A template that its instantiations are told apart by, calling others.
inline std::string calling(std::string_view name, const std::vector<std::string>& callees,
                           int symbol) {
  std::string text =
      fmt::format("fn #{} {}<T>(T) -> T entry 0 {{\n  local %0 x: T arg 0\n", symbol, name);
  text += "  local %1: T temp\n  block 0:\n";
  for (const std::string& callee : callees)
    text += fmt::format("    %1 = call fn(T) -> T \"{}\"(%0)\n", callee);
  return text + "    return %0\n}\n";
}

// The number that a function of this name returns.
inline int number_of(std::string_view mangled_name) {
  unsigned hash = 7;
  for (const char c : mangled_name) hash = hash * 31 + static_cast<unsigned char>(c);
  return static_cast<int>(hash % 2000 + 1);
}

// Code of functions that return their numbers, and behind each an address a callee.
inline codegen::Code numbered_code(
    const std::vector<std::pair<std::string, std::vector<std::string>>>& functions) {
  codegen::Code code;
  for (const auto& [name, callees] : functions) {
    code.bytes.resize((code.bytes.size() + 15) & ~std::size_t{15});
    const auto begin = code.bytes.size();
    append_bytes(code.bytes, code_returning(static_cast<std::uint32_t>(number_of(name))));
    code.bytes.resize((code.bytes.size() + 7) & ~std::size_t{7});
    for (const std::string& callee : callees) {
      code.relocations.push_back({.offset = static_cast<std::uint32_t>(code.bytes.size()),
                                  .symbol = {codegen::Symbol::Kind::kFunction, callee}});
      code.bytes.resize(code.bytes.size() + 8);
    }
    code.entries.push_back({.offset = static_cast<std::uint32_t>(begin),
                            .size = static_cast<std::uint32_t>(code.bytes.size() - begin)});
  }
  return code;
}

// The addresses behind such a function.
inline std::vector<const void*> callees_in(const JitResult& result) {
  const auto& success = std::get<JitSuccess>(result);
  const std::size_t code = (code_returning(1).size() + 7) & ~std::size_t{7};
  std::vector<const void*> callees((success.code.size() - code) / 8);
  if (!callees.empty()) std::memcpy(callees.data(), success.code.data() + code, 8 * callees.size());
  return callees;
}

// Makes such code of everything, from MIR that was verified. Keeps count of what it is asked for.
class NumberingCompiler : public TemplateCompiler {
 public:
  Result<codegen::Code> compile_functions(mir::Program& program, mir::Layouts& /*layouts*/,
                                          std::span<const mir::FunctionId> functions) override {
    std::vector<std::pair<std::string, std::vector<std::string>>> named;
    std::string group;
    for (const mir::FunctionId id : functions) {
      const mir::Unit& unit = program.unit();
      auto& [name, callees] = named.emplace_back();
      name = unit.string(unit.functions[id].name);
      for (const mir::Callee& callee : program.dependencies(id))
        callees.push_back(program.mangled_name(callee));
      group += group.empty() ? name : "+" + name;
    }
    {
      const std::lock_guard lock(mutex);
      for (const auto& [name, callees] : named) ++compiled[name];
      groups.push_back(group);
    }
    if (before_return) before_return(group);
    return numbered_code(named);
  }

  int count(const std::string& name) {
    const std::lock_guard lock(mutex);
    const auto found = compiled.find(name);
    return found == compiled.end() ? 0 : found->second;
  }

  std::function<void(const std::string& group)> before_return{};
  std::mutex mutex{};
  std::map<std::string, int> compiled{};
  std::vector<std::string> groups{};
};

// A compiler of templates in a language of the test's own.
class ForeignCompiler : public NumberingCompiler {
 public:
  using Compile = std::function<Result<codegen::Code>(const TemplateRequest&)>;
  explicit ForeignCompiler(Compile compile) : compile_(std::move(compile)) {}
  Result<codegen::Code> compile_template(const TemplateRequest& request) override {
    return compile_(request);
  }

 private:
  Compile compile_;
};

class JitModules : public testing::Test {
 public:
  ~JitModules() override { std::filesystem::remove_all(folder_); }

 protected:
  JitModules() : folder_(scratch_path("jit")) { std::filesystem::create_directories(folder_); }

  // Writes a module, and gives its path.
  std::string add(std::string_view name, std::string_view note, std::string_view templates = {}) {
    std::string path = fmt::format("{}/{}", folder_, name);
    write_file(path, module_bytes(note, templates));
    return path;
  }
  std::unique_ptr<JitInstantiator> make(JitOptions options = {.update_mode = UpdateMode::kOff}) {
    if (options.compiler == nullptr) options.compiler = numbering_;
    auto jit = JitInstantiator::create(std::move(options));
    EXPECT_TRUE(jit) << jit.error().describe();
    return *std::move(jit);
  }
  static void load(JitInstantiator& jit, const std::string& path) {
    const auto loaded = jit.load_metadata(path);
    ASSERT_TRUE(loaded) << loaded.error().describe();
  }
  // The function that a success gave returns the number of its name.
  static void expect_made(const JitResult& result, std::string_view name) {
    ASSERT_TRUE(result.is_success()) << result.describe();
    EXPECT_EQ(call_code(result.address()), number_of(name));
  }
  static std::string error_of(const JitResult& result) {
    const auto* const error = std::get_if<JitCompilationError>(&result);
    EXPECT_NE(error, nullptr) << result.describe();
    return error == nullptr ? "" : error->message;
  }

  std::string folder_;
  std::shared_ptr<NumberingCompiler> numbering_ = std::make_shared<NumberingCompiler>();
};

}  // namespace smf
