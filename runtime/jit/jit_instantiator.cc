#include "runtime/jit/jit_instantiator.h"

#include <dlfcn.h>

#include <new>
#include <utility>

#include "runtime/jit/jit_state.h"

namespace smf {
namespace {

std::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the instantiator");
}

}  // namespace

SymbolSource dlsym_source() {
  return [](std::string_view symbol) -> const void* {
    return ::dlsym(RTLD_DEFAULT, std::string(symbol).c_str());
  };
}

JitInstantiator::JitInstantiator(std::unique_ptr<internal::JitState> state)
    : state_(std::move(state)) {}

Result<std::unique_ptr<JitInstantiator>> JitInstantiator::create(JitOptions options) try {
  auto state = std::make_unique<internal::JitState>(std::move(options));
  SMF_TRY(state->open());
  return std::unique_ptr<JitInstantiator>(new JitInstantiator(std::move(state)));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

JitInstantiator::~JitInstantiator() { static_cast<void>(flush()); }

const JitOptions& JitInstantiator::options() const { return state_->options; }

Result<void> JitInstantiator::load_metadata(std::string_view path) try {
  return state_->load(path);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<void> JitInstantiator::unload(std::string_view path) try {
  if (state_->metadata.remove(path)) return {};
  return std::unexpected(Error{.code = ErrorCode::kNotFound,
                               .message = "the module is not loaded",
                               .path = std::string(path)});
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

std::optional<JitMetadata> JitInstantiator::metadata(std::string_view path) const try {
  return state_->metadata.describe(path);
} catch (const std::bad_alloc&) {
  return std::nullopt;
}

JitResult JitInstantiator::try_jit_instantiate(std::string_view symbol) try {
  return state_->request(symbol);
} catch (const std::bad_alloc&) {
  return JitCompilationError{"not enough memory"};
}

bool JitInstantiator::can_jit_instantiate(std::string_view symbol) const try {
  if (!state_->options.enabled) return false;
  const auto found = state_->metadata.find(internal::hash_name(symbol), symbol);
  return found && *found;
} catch (const std::bad_alloc&) {
  return false;
}

std::optional<JitPossible> JitInstantiator::find_possible(std::string_view symbol) const try {
  const auto found = state_->metadata.find(internal::hash_name(symbol), symbol);
  if (!found || !*found) return std::nullopt;
  return JitPossible{.module = found->module->path, .row = internal::describe_row(*found->row)};
} catch (const std::bad_alloc&) {
  return std::nullopt;
}

Result<void> JitInstantiator::register_symbol(std::string_view symbol, const void* address) try {
  const std::lock_guard lock(state_->registered_mutex);
  state_->registered.set(internal::hash_name(symbol), symbol, address);
  state_->metadata.renew();
  return {};
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

const void* JitInstantiator::registered_symbol(std::string_view symbol) const {
  return state_->registered.value(internal::hash_name(symbol), symbol);
}

bool JitInstantiator::forget(std::string_view symbol) { return state_->forget(symbol); }

std::optional<JitFunction> JitInstantiator::function_at(const void* address) const try {
  return state_->function_at(address);
} catch (const std::bad_alloc&) {
  return std::nullopt;
}

Result<void> JitInstantiator::flush() try {
  auto written = state_->persisting_->flush();
  auto moved = state_->updates_->flush(state_->options.on_update_failed);
  return written ? moved : written;
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<void> JitInstantiator::update_note(std::string_view path, std::string_view symbol) try {
  if (state_->options.update_mode == UpdateMode::kOff) return {};
  const internal::FoundRow row = state_->metadata.possible_in(path, symbol);
  if (!row) return {};
  return state_->updates_->move(std::span(&row, 1));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

JitStats JitInstantiator::stats() const {
  const internal::Counters& counters = state_->counters;
  const CacheStats cache = state_->cache->stats();
  return {.cached_count = counters.cached.load(std::memory_order_relaxed),
          .loaded_smf_count = state_->metadata.size(),
          .smf_cache_hits = cache.hits,
          .smf_cache_misses = cache.misses,
          .smf_files_mapped = cache.files,
          .smf_memory_mapped = cache.bytes_read + cache.bytes_mapped,
          .compiled = counters.compiled.load(std::memory_order_relaxed),
          .shared = counters.shared.load(std::memory_order_relaxed),
          .persisted_hits = counters.persisted_hits.load(std::memory_order_relaxed),
          .compile_ns = counters.compile_ns.load(std::memory_order_relaxed),
          .code_bytes = counters.code_bytes.load(std::memory_order_relaxed),
          .waits = counters.waits.load(std::memory_order_relaxed)};
}

}  // namespace smf
