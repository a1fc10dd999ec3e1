#include "runtime/codegen/testing/native_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/codegen/runtime_functions.h"
#include "runtime/exec/unwinding.h"
#include "runtime/mir/verify.h"

namespace smf::codegen {
namespace {

[[noreturn]] void throw_trap(void* /*context*/, const TrapRecord* record) {
  throw mir::Trap{.kind = static_cast<mir::Trap::Kind>(record->kind),
                  .function = std::string(record->function()),
                  .block = record->block,
                  .message = std::string(record->message())};
}

}  // namespace

NativeProgram::NativeProgram(mir::Program& program, mir::Layouts& layouts,
                             const NativeProgramOptions& options)
    : program_(program),
      layouts_(layouts),
      options_(options),
      compiler_(program, layouts, options.compiler) {
  CodeMemoryOptions memory{.region_bytes = std::size_t{1} << 24};
  memory.listeners = {std::make_shared<Unwinding>()};
  auto created = CodeMemory::create(memory);
  if (created) memory_.emplace(*std::move(created));
}

std::string NativeProgram::name_of(mir::FunctionId function) const {
  return std::string(program_.unit().string(program_.unit().functions[function].name));
}

Result<void> NativeProgram::gather(mir::FunctionId function, std::vector<mir::FunctionId>& all) {
  if (std::ranges::find(all, function) != all.end() || functions_.contains(name_of(function)))
    return {};
  SMF_TRY(mir::verify(program_, layouts_, function));
  all.push_back(function);
  const std::vector<mir::Callee> callees = program_.dependencies(function);
  for (const mir::Callee& callee : callees) {
    if (!program_.has(callee.name)) continue;
    SMF_ASSIGN(const mir::FunctionId made, program_.make(callee));
    SMF_TRY(gather(made, all));
  }
  return {};
}

Result<const void*> NativeProgram::address_of(const Symbol& symbol) const {
  const void* found = nullptr;
  switch (symbol.kind) {
    case Symbol::Kind::kFunction: {
      const auto known = functions_.find(symbol.name);
      if (known != functions_.end()) found = known->second;
      break;
    }
    case Symbol::Kind::kGlobal: {
      const auto known = globals_.find(static_cast<mir::Symbol>(std::stoul(symbol.name)));
      if (known != globals_.end()) found = known->second;
      break;
    }
    case Symbol::Kind::kRuntime:
      if (symbol.name == kTrapContext) return nullptr;
      found = symbol.name == kTrapFunction ? reinterpret_cast<const void*>(&throw_trap)
                                           : runtime_function(symbol.name);
      break;
  }
  if (found == nullptr) return fail(ErrorCode::kNotFound, "there is no " + symbol.name);
  return found;
}

Result<NativeProgram::Placed> NativeProgram::put(const Code& code) {
  SMF_CHECK(memory_.has_value());
  SMF_ASSIGN(CodeWriter writer, memory_->begin(code.bytes.size()));
  std::ranges::copy(code.bytes, writer.bytes().begin());
  code_bytes_ += code.bytes.size();
  SMF_ASSIGN(const void* placed, writer.commit());
  return Placed{.code = placed, .relocations = code.relocations};
}

Result<void> NativeProgram::resolve(const Placed& placed) {
  for (const Relocation& relocation : placed.relocations) {
    SMF_ASSIGN(const void* address, address_of(relocation.symbol));
    SMF_TRY(memory_->write(placed.code, relocation.offset, std::as_bytes(std::span(&address, 1))));
  }
  return {};
}

Result<const void*> NativeProgram::place(mir::FunctionId function) {
  if (const auto known = functions_.find(name_of(function)); known != functions_.end())
    return known->second;
  std::vector<mir::FunctionId> all;
  SMF_TRY(gather(function, all));
  std::vector<Placed> pieces;
  const std::size_t size = options_.is_one_piece ? all.size() : 1;
  listing_.clear();
  for (std::size_t i = 0; i != all.size(); i += size) {
    const auto group = std::span(all).subspan(i, size);
    SMF_ASSIGN(const Code code, compiler_.compile(group));
    listing_ += compiler_.listing();
    SMF_ASSIGN(Placed placed, put(code));
    for (std::size_t n = 0; n != size; ++n) {
      const auto* const entry = static_cast<const std::byte*>(placed.code) + code.entries[n].offset;
      functions_[name_of(group[n])] = entry;
    }
    pieces.push_back(std::move(placed));
  }
  for (const Placed& placed : pieces) SMF_TRY(resolve(placed));
  return functions_.at(name_of(function));
}

std::expected<void, mir::Trap> NativeProgram::call(mir::FunctionId function,
                                                   std::span<const void* const> arguments,
                                                   void* result) {
  const auto refuse = [](const Error& error) {
    return std::unexpected(
        mir::Trap{.kind = mir::Trap::Kind::kInvalid, .message = error.describe()});
  };
  const auto placed = place(function);
  if (!placed) return refuse(placed.error());
  const mir::TypeId signature = program_.unit().functions[function].signature;
  const void*& caller = callers_[signature];
  if (caller == nullptr) {
    const auto code = compiler_.compile_caller(signature);
    if (!code) return refuse(code.error());
    const auto put_there = put(*code);
    if (!put_there) return refuse(put_there.error());
    caller = static_cast<const std::byte*>(put_there->code) + code->entries[0].offset;
  }
  using Caller = void (*)(const void* function, const void* const* arguments, void* result);
  try {
    reinterpret_cast<Caller>(const_cast<void*>(caller))(*placed, arguments.data(), result);
  } catch (mir::Trap& trap) {
    return std::unexpected(std::move(trap));
  }
  return {};
}

}  // namespace smf::codegen
