#include "runtime/cache/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <thread>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/cache/cache_state.h"
#include "runtime/cache/load_pool.h"
#include "runtime/cache/prefetch.h"

namespace smf {
namespace {

unsigned load_workers(const CacheOptions& options) {
  if (options.load_workers != 0) return options.load_workers;
  return std::clamp(std::thread::hardware_concurrency(), 1u, CacheOptions::kDefaultLoadWorkers);
}

}  // namespace

void ModuleRef::let_go(internal::CachedModule* module) { module->state->let_go(*module); }

SmfView ModuleRef::view() const {
  SMF_CHECK(module_ != nullptr);
  return module_->file.view();
}

FileIdentity ModuleRef::identity() const {
  SMF_CHECK(module_ != nullptr);
  return module_->state->identity_of(*module_);
}

bool ModuleRef::is_mapped() const {
  SMF_CHECK(module_ != nullptr);
  return module_->file.is_mapped();
}

bool ModuleRef::ok() const {
  SMF_CHECK(module_ != nullptr);
  return !module_->file.is_truncated();
}

Result<void> ModuleRef::advise(os::Advice advice) const {
  SMF_CHECK(module_ != nullptr);
  return module_->file.advise(advice);
}

Result<ModuleRef> ModuleRef::copy() const {
  SMF_CHECK(module_ != nullptr);
  if (!module_->state->pin(*module_))
    return fail(ErrorCode::kOutOfMemory, "not enough memory to hold the module");
  return ModuleRef(module_);
}

Result<SmfCache> SmfCache::create(const CacheOptions& options) try {
  if (options.max_files == 0 || options.max_files > CacheOptions::kMaxFilesCeiling) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a cache holds 1 to {} files, not {}", CacheOptions::kMaxFilesCeiling,
                            options.max_files));
  }
  if (options.interval.count() < 0)
    return fail(ErrorCode::kInvalidArgument, "the interval of revalidation is below 0");
  if (options.load_queue == 0)
    return fail(ErrorCode::kInvalidArgument, "a cache that loads for others has requests for it");
  if (options.load_workers > CacheOptions::kMaxLoadWorkers) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a cache loads with at most {} threads, not {}",
                            CacheOptions::kMaxLoadWorkers, options.load_workers));
  }
  auto state = std::make_shared<internal::CacheState>(options);
  auto pool = std::make_shared<internal::LoadPool>(
      [state](const std::string& path) { return state->get(path); },
      internal::LoadPool::Limits{.workers = load_workers(options), .requests = options.load_queue});
  return SmfCache(std::move(state), std::move(pool));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a cache");
}

SmfCache::SmfCache(std::shared_ptr<internal::CacheState> state,
                   std::shared_ptr<internal::LoadPool> pool)
    : state_(std::move(state)), pool_(std::move(pool)) {}
SmfCache::SmfCache(SmfCache&&) noexcept = default;

SmfCache& SmfCache::operator=(SmfCache&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(pool_, other.pool_);
  return *this;
}

SmfCache::~SmfCache() {
  if (state_ == nullptr) return;
  pool_->close();
  state_->close();
}

Result<ModuleRef> SmfCache::get(std::string_view path) { return state_->get(path); }
Result<void> SmfCache::prefetch(std::string_view path, os::Advice advice) {
  SMF_TRY(internal::prefetch(*state_, path, advice));
  return {};
}
Result<PrefetchReport> SmfCache::prefetch_parallel(std::span<const std::string> paths,
                                                   unsigned workers, os::Advice advice) {
  return internal::prefetch_all(paths, workers, [&](const std::string& path) {
    return internal::prefetch(*state_, path, advice);
  });
}
ModuleRef SmfCache::find(std::string_view path) const { return state_->find(path); }
bool SmfCache::evict(std::string_view path) { return state_->evict(path); }
bool SmfCache::invalidate(std::string_view path) { return state_->invalidate(path); }
void SmfCache::clear() { state_->clear(); }
CacheStats SmfCache::stats() const { return state_->stats(); }

}  // namespace smf
