// What AsyncLoad and get_async() are made of: a request of the pool, or a result that was there.
#include "runtime/base/check.h"
#include "runtime/cache/cache.h"
#include "runtime/cache/cache_state.h"
#include "runtime/cache/load_pool.h"

namespace smf {

bool AsyncLoad::is_ready() const {
  return request_ == nullptr || request_->is_done.load(std::memory_order_acquire);
}

void AsyncLoad::wait() const {
  if (!is_ready()) request_->pool->wait(*request_);
}

bool AsyncLoad::wait_for(std::chrono::nanoseconds timeout) const {
  return is_ready() || request_->pool->wait_for(*request_, timeout);
}

bool AsyncLoad::cancel() { return !is_ready() && request_->pool->cancel(request_); }

Result<ModuleRef> AsyncLoad::get() {
  SMF_CHECK(has_result_);
  has_result_ = false;
  if (request_ == nullptr) return std::move(result_);
  wait();
  return std::move(request_->result);
}

AsyncLoad SmfCache::get_async(std::string_view path) {
  if (ModuleRef found = state_->hit(path)) return AsyncLoad(Result<ModuleRef>(std::move(found)));
  LoadCallback none;
  auto request = pool_->request(path, none);
  if (!request) return AsyncLoad(Result<ModuleRef>(std::unexpected(std::move(request).error())));
  return AsyncLoad(*std::move(request));
}

AsyncLoad SmfCache::get_async(std::string_view path, LoadCallback callback) {
  SMF_CHECK(callback != nullptr);
  AsyncLoad load;
  if (ModuleRef found = state_->hit(path)) {
    callback(std::move(found));
    return load;
  }
  auto request = pool_->request(path, callback);
  if (request)
    load.request_ = *std::move(request);
  else
    callback(std::unexpected(std::move(request).error()));
  return load;
}

}  // namespace smf
