#include "runtime/cache/load_pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <new>
#include <system_error>
#include <utility>

#include "runtime/base/check.h"

namespace smf::internal {
namespace {

// Longer than anyone waits, and short enough to be added to a clock.
constexpr std::chrono::hours kLongestWait{24 * 365};

// With as much of the text as there is memory for.
Error error_about(ErrorCode code, std::string_view message, std::string_view path) noexcept {
  Error error{.code = code};
  try {
    error.message = message;
    error.path = path;
  } catch (const std::bad_alloc&) {
    error.path.clear();
  }
  return error;
}

Result<ModuleRef> cancelled(std::string_view path) noexcept {
  return std::unexpected(
      error_about(ErrorCode::kCancelled, "was called off before it was loaded", path));
}

Result<ModuleRef> copy_of(const Result<ModuleRef>& result) noexcept {
  try {
    if (result) return result->copy();
    return std::unexpected(result.error());
  } catch (const std::bad_alloc&) {
    return std::unexpected(error_about(ErrorCode::kOutOfMemory, "no memory", {}));
  }
}

}  // namespace

std::thread start_thread(std::function<void()> run) {
  sigset_t blocked, before;
  ::sigfillset(&blocked);
  for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
    ::sigdelset(&blocked, fault);
  // The new thread takes over what its maker has.
  ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
  struct Restore {
    const sigset_t& mask;
    ~Restore() { ::pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } const restore{before};
  return std::thread(std::move(run));
}

LoadPool::LoadPool(LoadFunction load, Limits limits, StartThread start)
    : load_(std::move(load)), limits_(limits), start_(std::move(start)) {
  threads_.reserve(limits.workers);
}

LoadPool::~LoadPool() { SMF_CHECK(threads_.empty()); }

Result<std::shared_ptr<LoadRequest>> LoadPool::request(std::string_view path,
                                                       LoadCallback& callback) try {
  auto request = std::make_shared<LoadRequest>(shared_from_this());
  const Lock lock(mutex_);
  if (is_closed_) return std::unexpected(cancelled(path).error());
  if (pending_ >= limits_.requests) {
    return std::unexpected(
        error_about(ErrorCode::kLimit, "too many loads are waited for already", path));
  }
  if (const auto known = jobs_.find(path); known != jobs_.end()) {
    known->second->requests.push_back(request);
    request->job = known->second;
    request->is_queued = !request->job->has_begun;
  } else {
    SMF_TRY(add_worker_if_needed(path));
    std::list<LoadJob> fresh;
    fresh.push_back({.path = std::string(path)});
    request->job = fresh.begin();
    request->job->requests.push_back(request);
    jobs_.emplace(request->job->path, request->job);
    queued_.splice(queued_.end(), fresh);
    work_.notify_one();
  }
  request->callback = std::exchange(callback, nullptr);
  ++pending_;
  return request;
} catch (const std::bad_alloc&) {
  return std::unexpected(
      error_about(ErrorCode::kOutOfMemory, "not enough memory to load the module", path));
}

// One at most. That there is none to be had matters only where there is no other.
Result<void> LoadPool::add_worker_if_needed(std::string_view path) {
  if (queued_.size() < idle_ || threads_.size() == limits_.workers) return {};
  try {
    threads_.push_back(start_([this] { work(); }));
  } catch (const std::system_error& refused) {
    if (threads_.empty())
      return fail_system("start a thread to load modules", std::string(path),
                         refused.code().value());
  } catch (const std::bad_alloc&) {
    if (threads_.empty()) throw;
  }
  return {};
}

void LoadPool::work() {
  ::pthread_setname_np(::pthread_self(), "smf-load");
  Lock lock(mutex_);
  while (true) {
    ++idle_;
    work_.wait(lock, [&] { return is_closed_ || !queued_.empty(); });
    --idle_;
    if (queued_.empty()) return;
    const auto job = queued_.begin();
    running_.splice(running_.end(), queued_, job);
    job->has_begun = true;
    for (const auto& request : job->requests) request->is_queued = false;
    lock.unlock();
    {
      const Result<ModuleRef> result = load(job->path);
      lock.lock();
      const auto requests = std::move(job->requests);
      forget(running_, job);
      lock.unlock();
      deliver(requests, result);
    }
    lock.lock();
  }
}

Result<ModuleRef> LoadPool::load(const std::string& path) try {
  return load_(path);
} catch (const std::bad_alloc&) {
  return std::unexpected(
      error_about(ErrorCode::kOutOfMemory, "not enough memory to load the module", path));
}

// Under the lock.
void LoadPool::forget(std::list<LoadJob>& jobs, std::list<LoadJob>::iterator job) {
  jobs_.erase(jobs_.find(job->path));
  jobs.erase(job);
}

void LoadPool::deliver(std::span<const std::shared_ptr<LoadRequest>> requests,
                       const Result<ModuleRef>& result) noexcept {
  std::size_t callbacks = 0;
  for (const auto& request : requests) {
    if (request->callback) {
      ++callbacks;
      continue;
    }
    request->result = copy_of(result);
    finish(*request);
  }
  for (const auto& request : requests) {
    if (callbacks == 0) break;
    if (!request->callback) continue;
    --callbacks;
    std::exchange(request->callback, nullptr)(copy_of(result));
    finish(*request);
  }
}

void LoadPool::finish(LoadRequest& request) {
  {
    const Lock lock(mutex_);
    --pending_;
    request.is_done.store(true, std::memory_order_release);
  }
  request.done.notify_all();
}

bool LoadPool::cancel(const std::shared_ptr<LoadRequest>& request) {
  Result<ModuleRef> result;
  {
    const Lock lock(mutex_);
    if (!request->is_queued) return false;
    request->is_queued = false;
    result = cancelled(request->job->path);
    std::erase(request->job->requests, request);
    if (request->job->requests.empty()) forget(queued_, request->job);
  }
  deliver({&request, 1}, result);
  return true;
}

void LoadPool::wait(LoadRequest& request) {
  Lock lock(mutex_);
  request.done.wait(lock, [&] { return request.is_done.load(std::memory_order_relaxed); });
}

bool LoadPool::wait_for(LoadRequest& request, std::chrono::nanoseconds timeout) {
  Lock lock(mutex_);
  return request.done.wait_for(lock, std::min<std::chrono::nanoseconds>(timeout, kLongestWait),
                               [&] { return request.is_done.load(std::memory_order_relaxed); });
}

void LoadPool::close() {
  std::list<LoadJob> dropped;
  {
    const Lock lock(mutex_);
    for (const std::thread& thread : threads_)
      SMF_CHECK(thread.get_id() != std::this_thread::get_id());
    is_closed_ = true;
    dropped.swap(queued_);
    for (const LoadJob& job : dropped) {
      jobs_.erase(jobs_.find(job.path));
      for (const auto& request : job.requests) request->is_queued = false;
    }
  }
  work_.notify_all();
  for (const LoadJob& job : dropped) deliver(job.requests, cancelled(job.path));
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  load_ = nullptr;
}

}  // namespace smf::internal
