// What the verifier accepts, the interpreter runs without a fault of ours: any text or bytes, each
// function of them in its general form and for i64, with arguments of zeros. And where a template
// is verified, its demands say of its functions what the verifier does.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/check.h"
#include "runtime/mir/binary.h"
#include "runtime/mir/demands.h"
#include "runtime/mir/interpreter.h"
#include "runtime/mir/text.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

void run(Program& program, Layouts& layouts, FunctionId function) {
  if (!verify(program, layouts, function)) return;
  const auto parts = program.unit().parts(program.unit().functions[function].signature);
  const std::vector<TypeId> types(parts.begin(), parts.end());
  std::vector<std::vector<std::byte>> values;
  for (const TypeId type : types) {
    const auto layout = type == kNone ? Layout{} : layouts.of(type);
    if (!layout || layout->size > (1u << 16)) return;
    values.emplace_back(layout->size + 1);
  }
  std::vector<const void*> arguments;
  for (std::size_t i = 1; i != values.size(); ++i) arguments.push_back(values[i].data());
  Interpreter interpreter(
      program, layouts,
      {.is_checked = true, .max_steps = 2'000, .max_memory = 1u << 20, .max_calls = 20});
  static_cast<void>(interpreter.run(function, arguments, values[0].data()));
}

void compare(Program& program, Layouts& layouts, const Unit& unit, const Function& template_) {
  const auto demands = verify_template(program, layouts, unit, template_);
  if (!demands) return;
  for (const TypeKind kind : {TypeKind::kI8, TypeKind::kU64, TypeKind::kF32, TypeKind::kBool}) {
    const Callee callee{.name = std::string(unit.string(template_.name)),
                        .arguments = std::vector(template_.parameters.count, primitive(kind))};
    const auto made = program.make(callee);
    if (!made) continue;
    SMF_CHECK(verify(program, layouts, *made, *demands, callee.arguments).has_value() ==
              verify(program, layouts, *made).has_value());
  }
}

void use(Unit unit) {
  std::vector<std::pair<std::string, std::size_t>> functions;
  for (const Function& one : unit.functions)
    functions.emplace_back(unit.string(one.name), one.parameters.count);
  Program program;
  Layouts layouts(program);
  if (!program.add(Unit(unit))) return;
  for (const Function& one : unit.functions) compare(program, layouts, unit, one);
  for (const auto& [name, parameters] : functions) {
    const auto general = program.check(name);
    if (general) static_cast<void>(verify(program, layouts, *general));
    const auto made = program.make(
        {.name = name, .arguments = std::vector<TypeId>(parameters, primitive(TypeKind::kI64))});
    if (made) run(program, layouts, *made);
  }
}

}  // namespace
}  // namespace smf::mir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(data);
  if (auto unit = smf::mir::read_binary({bytes, size})) {
    smf::mir::use(*std::move(unit));
  } else if (auto text = smf::mir::read_text({reinterpret_cast<const char*>(data), size})) {
    smf::mir::use(*std::move(text));
  }
  return 0;
}
