#include "runtime/codegen/compiler.h"

#include <new>
#include <utility>
#include <vector>

#include "runtime/codegen/allocation.h"
#include "runtime/codegen/lowering.h"
#include "runtime/codegen/optimiser.h"

namespace smf::codegen {

struct Compiler::State {
  State(mir::Program& program, mir::Layouts& layouts, const CompilerOptions& options)
      : is_optimised(options.is_optimised),
        lowering(program, layouts,
                 {.machine = options.machine,
                  .features = options.encoding.features,
                  .is_inlining = options.is_optimised}),
        target(make_target(options.machine, options.encoding)) {}

  void prepare(std::size_t count) {
    while (functions.size() < count) functions.push_back(std::make_unique<Function>());
    while (allocations.size() < count) allocations.push_back(std::make_unique<Allocation>());
  }
  Result<Code> finish(std::size_t count) {
    functions_to_encode.clear();
    allocations_to_encode.clear();
    listing.clear();
    for (std::size_t i = 0; i != count; ++i) {
      if (is_optimised) {
        optimiser.optimise(*functions[i]);
      } else {
        optimiser.order_blocks(*functions[i]);
      }
      if (is_listing) listing += describe(*functions[i]);
      allocator.allocate(*functions[i], *target, *allocations[i]);
      functions_to_encode.push_back(functions[i].get());
      allocations_to_encode.push_back(allocations[i].get());
    }
    Code code;
    SMF_TRY(target->encode(functions_to_encode, allocations_to_encode, code));
    return code;
  }

  const bool is_optimised;
  bool is_listing = false;
  Lowering lowering;
  Optimiser optimiser{};
  Allocator allocator{};
  std::unique_ptr<Target> target;
  std::vector<std::unique_ptr<Function>> functions{};
  std::vector<std::unique_ptr<Allocation>> allocations{};
  std::vector<const Function*> functions_to_encode{};
  std::vector<const Allocation*> allocations_to_encode{};
  std::string listing{};
};

Compiler::Compiler(mir::Program& program, mir::Layouts& layouts, const CompilerOptions& options)
    : state_(std::make_unique<State>(program, layouts, options)) {
  state_->is_listing = options.keeps_listing;
}
Compiler::~Compiler() = default;

Result<Code> Compiler::compile(std::span<const mir::FunctionId> functions) try {
  state_->prepare(functions.size());
  for (std::size_t i = 0; i != functions.size(); ++i)
    state_->lowering.lower(functions[i], functions, *state_->functions[i]);
  return state_->finish(functions.size());
} catch (NotCompiled& refused) {
  return fail(refused.code, std::move(refused.message));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to compile");
}

Result<Code> Compiler::compile_caller(mir::TypeId signature) try {
  state_->prepare(1);
  state_->lowering.lower_caller(signature, *state_->functions[0]);
  return state_->finish(1);
} catch (NotCompiled& refused) {
  return fail(refused.code, std::move(refused.message));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to compile");
}

const std::string& Compiler::listing() const { return state_->listing; }

}  // namespace smf::codegen
