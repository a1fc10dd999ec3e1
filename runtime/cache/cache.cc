#include "runtime/cache/cache.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/cache/cache_state.h"

namespace smf {

void ModuleRef::let_go(internal::CachedModule* module) { module->state->let_go(*module); }

const SmfView& ModuleRef::view() const {
  SMF_CHECK(module_ != nullptr);
  return module_->file.view();
}

const FileIdentity& ModuleRef::identity() const {
  SMF_CHECK(module_ != nullptr);
  return module_->file.identity();
}

bool ModuleRef::is_mapped() const {
  SMF_CHECK(module_ != nullptr);
  return module_->file.is_mapped();
}

bool ModuleRef::ok() const {
  SMF_CHECK(module_ != nullptr);
  return !module_->file.is_truncated();
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
  return SmfCache(std::make_shared<internal::CacheState>(options));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a cache");
}

SmfCache::SmfCache(std::shared_ptr<internal::CacheState> state) : state_(std::move(state)) {}
SmfCache::SmfCache(SmfCache&&) noexcept = default;

SmfCache& SmfCache::operator=(SmfCache&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

SmfCache::~SmfCache() {
  if (state_) state_->clear();
}

Result<ModuleRef> SmfCache::get(std::string_view path) { return state_->get(path); }
ModuleRef SmfCache::find(std::string_view path) const { return state_->find(path); }
bool SmfCache::evict(std::string_view path) { return state_->evict(path); }
bool SmfCache::invalidate(std::string_view path) { return state_->invalidate(path); }
void SmfCache::clear() { state_->clear(); }
CacheStats SmfCache::stats() const { return state_->stats(); }

}  // namespace smf
