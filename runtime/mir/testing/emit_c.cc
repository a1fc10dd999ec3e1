#include "runtime/mir/testing/emit_c.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "runtime/mir/testing/emit_c_function.h"
#include "runtime/mir/verify.h"

namespace smf::mir {

Result<EmittedC> emit_c(Program& program, Layouts& layouts, std::string_view prefix,
                        std::span<const FunctionId> entries) try {
  EmittedC emitted;
  std::set<FunctionId> known(entries.begin(), entries.end());
  emitted.functions.assign(known.begin(), known.end());
  for (std::size_t i = 0; i != emitted.functions.size(); ++i) {
    const FunctionId id = emitted.functions[i];
    if (program.is_general(id)) return fail(ErrorCode::kUnsupported, "a general function as C");
    SMF_TRY(verify(program, layouts, id));
    for (const Callee& callee : std::vector(program.dependencies(id))) {
      if (!program.has(callee.name)) continue;
      SMF_ASSIGN(const FunctionId made, program.make(callee));
      if (known.insert(made).second) emitted.functions.push_back(made);
    }
  }
  CDeclarations declarations(program, layouts, prefix);
  std::string heads, bodies;
  for (const FunctionId id : emitted.functions) {
    const Function function = program.unit().functions[id];
    heads += declarations.head(declarations.function_name(id), function.signature) + ";\n";
    CFunction written(declarations, id);
    bodies += written.write();
    if (std::ranges::find(entries, id) != entries.end()) bodies += written.wrapper();
  }
  emitted.code =
      declarations.types.code() + declarations.code + heads + declarations.thunks + bodies;
  emitted.natives = std::move(declarations.natives);
  emitted.globals.assign(declarations.globals.begin(), declarations.globals.end());
  return emitted;
} catch (const NoC& refused) {
  return fail(ErrorCode::kUnsupported, refused.message);
}

}  // namespace smf::mir
