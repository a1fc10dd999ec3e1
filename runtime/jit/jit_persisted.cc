// What another process has compiled and left in a module (persisting.h).
#include <utility>

#include "runtime/jit/jit_state.h"
#include "runtime/jit/placing.h"
#include "runtime/mir/type_expression.h"
#include "runtime/note/names.h"

namespace smf::internal {

std::shared_ptr<Module> JitState::home_of(const Wanted& one) const {
  auto module = one.row                 ? one.row.module
                : one.record == nullptr ? nullptr
                                        : metadata.find_module(one.record->module());
  return module == nullptr || module->room == nullptr ? nullptr : module;
}

// A copy: what the checksum was right for is what is used, and `instances` are the names in it that
// stand for instantiations.
std::optional<codegen::Code> JitState::take_code(const PersistedCode& found,
                                                 std::vector<std::string>& instances) const {
  const auto function = found.function(found.found());
  if (!function) return std::nullopt;
  codegen::Code code{.bytes = {found.code().begin(), found.code().end()},
                     .entries = {{.offset = function->offset, .size = function->size}}};
  for (std::uint32_t i = 0; i != found.relocation_count(); ++i) {
    const auto relocation = found.relocation(i);
    if (!relocation || relocation->kind > kInstanceRelocation) return std::nullopt;
    const bool is_instance = relocation->kind == kInstanceRelocation;
    const auto kind = is_instance ? codegen::Symbol::Kind::kFunction
                                  : static_cast<codegen::Symbol::Kind>(relocation->kind);
    code.relocations.push_back({.offset = relocation->offset,
                                .symbol = {.kind = kind, .name = std::string(relocation->name)}});
    if (is_instance) instances.emplace_back(relocation->name);
  }
  if (!check_code(code, 1)) return std::nullopt;
  return code;
}

// The address of `max<i64>`, made if it has to be; nullptr where it cannot.
const void* JitState::bring(const std::string& instance) {
  const mir::CalleeExpression callee = mir::split_callee(instance);
  std::string args;
  for (const std::string_view one : callee.arguments) {
    if (!args.empty()) args += ',';
    args += canonical_type(one);
  }
  Arguments& arguments = metadata.intern(args);
  std::string usual = mangled_name(callee.name, split_type_args(args));
  if (const void* const own = registered.value(hash_name(usual), usual)) return own;
  for (const Frame* frame = Chain::innermost(); frame != nullptr; frame = frame->outer)
    if (frame->owner == this && frame->usual == usual) return nullptr;
  if (depth_of(this) >= options.max_depth) return nullptr;
  auto wanted = wanted_pair(std::move(usual), std::string(callee.name), arguments);
  if (!wanted || !*wanted) return nullptr;
  auto known = find_compiled(**wanted);
  if (!known) return nullptr;
  if (*known != nullptr) return (*known)->address();
  {
    const InProgressHere in_progress(this, (*wanted)->symbol, (*wanted)->usual);
    auto persisted = find_persisted(**wanted);
    if (!persisted) return nullptr;
    if (*persisted != nullptr) {
      if ((*wanted)->row) {
        const FoundRow rows[] = {(*wanted)->row};
        static_cast<void>(promote((*wanted)->symbol, rows));
      }
      return (*persisted)->address();
    }
  }
  return instantiate(**wanted).address();
}

// Made for this target; or for any processor of its kind.
std::optional<PersistedCode> JitState::find_in_room(const Module& home, const Wanted& one) const {
  const std::uint32_t shape = one.arguments->shape_in(metadata.meanings());
  if (shape == 0) return std::nullopt;
  const auto source =
      source_hash(metadata, *one.record, one.arguments->text, shape_of_number(shape));
  if (!source) return std::nullopt;
  for (const Hash128& target : targets_) {
    auto found = home.room->reader.find(persisted_key(*source, target));
    if (found) return found;
  }
  return std::nullopt;
}

Made<const Compiled*> JitState::find_persisted(const Wanted& one) {
  if (one.record == nullptr) return nullptr;
  const auto home = home_of(one);
  if (home == nullptr || !home->room->is_trusted ||
      home->room->reader.index().function_count() == 0)
    return nullptr;
  const auto found = find_in_room(*home, one);
  if (!found) return nullptr;
  std::vector<std::string> instances;
  const auto code = take_code(*found, instances);
  if (!code || !home->ref.ok()) return nullptr;
  std::map<std::string, const void*, std::less<>> brought;
  for (std::string& instance : instances) {
    const void* const address = bring(instance);
    if (address == nullptr) return nullptr;
    brought.emplace(std::move(instance), address);
  }
  const std::string_view names[] = {one.usual};
  auto placed = place_code(*memory, *code, names, [&](const codegen::Symbol& symbol) {
    const auto known = brought.find(symbol.name);
    const bool is_brought =
        symbol.kind == codegen::Symbol::Kind::kFunction && known != brought.end();
    return is_brought ? Result<const void*>(known->second) : find_address(symbol, one.symbol);
  });
  if (!placed) return nullptr;  // what is missing, compiling will tell
  keep_block(placed->block);
  if (one.row && one.row.module == home)
    one.row.row->is_persisted.store(true, std::memory_order_release);
  counters.persisted_hits.fetch_add(1, std::memory_order_relaxed);
  counters.code_bytes.fetch_add(placed->size, std::memory_order_relaxed);
  return publish(one, {.template_name = one.template_name,
                       .arguments = one.arguments,
                       .code = {placed->block + code->entries[0].offset, code->entries[0].size},
                       .record = one.record->id()});
}

}  // namespace smf::internal
