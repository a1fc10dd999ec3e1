// Threads that load modules for those who do not want to wait, and what waits for these threads.
//
// A *request* is one who asks; a *job* is one path that is to be loaded, with all requests for it.
// Jobs begin in the order in which they came. A request for a path that has a job joins it, whether
// the job has begun or not: ten requests for one path take one thread and one load, and all get the
// result of that load, each a pin of its own. (The cache itself would load once as well, but nine
// threads would wait for it.)
//
//   bounds      at most `workers` threads, which begin as jobs come and nobody is idle, and stay
//               until the pool is closed; at most `requests` that are not done. What comes then is
//               refused at once: whoever asks for more than the disk gives must be told, and
//               blocking him is what he wanted to avoid.
//   cancelling  a request whose job has not begun leaves it, and a job that all have left goes. A
//               load that runs ends: a read(2) cannot be called off, and others may want the
//               module.
//   callbacks   run on the thread that loaded, after the futures of the same job are ready, without
//               a lock; those of requests that are cancelled on the thread that cancels. Each is
//               called once and destroyed before its request is done.
//   closing     cancels what has not begun, lets what runs end, and joins the threads. Requests,
//               and with them the pool's mutex, stay as long as anyone holds them.
//
// Rejected: std::async (a thread a load, and futures that block when they go), a queue for each
// thread (loads cost microseconds at least, one lock for all costs nothing beside), priorities
// (none asked for), coroutines (an executor that the embedder did not choose; they are made of
// callbacks).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/cache/cache.h"

namespace smf::internal {

// Throws as std::thread does: std::system_error, std::bad_alloc.
using StartThread = std::function<std::thread(std::function<void()> run)>;
// A thread that no signal of the process interrupts: those are for the embedder's threads. What a
// thread does itself (SIGBUS and its like) still comes to it; bus_guard.h needs that.
std::thread start_thread(std::function<void()> run);

class LoadPool;
struct LoadRequest;

struct LoadJob {
  std::string path;
  std::vector<std::shared_ptr<LoadRequest>> requests{};
  bool has_begun = false;
};

struct LoadRequest {
  explicit LoadRequest(std::shared_ptr<LoadPool> its_pool) : pool(std::move(its_pool)) {}

  const std::shared_ptr<LoadPool> pool;
  LoadCallback callback{};     // of whoever delivers; empty: the result stays here
  Result<ModuleRef> result{};  // of the asker, once it is done
  std::atomic<bool> is_done{false};
  std::condition_variable done{};

  // Under the pool's lock.
  bool is_queued = true;  // its job has not begun
  std::list<LoadJob>::iterator job{};
};

// Thread-safe; held by std::shared_ptr. Whoever made it closes it.
class LoadPool : public std::enable_shared_from_this<LoadPool> {
 public:
  using LoadFunction = std::function<Result<ModuleRef>(const std::string& path)>;
  struct Limits {
    unsigned workers = 1;
    std::size_t requests = 1;
  };

  // Throws std::bad_alloc.
  LoadPool(LoadFunction load, Limits limits, StartThread start = start_thread);
  ~LoadPool();  // closed
  LoadPool(const LoadPool&) = delete;
  LoadPool& operator=(const LoadPool&) = delete;

  // Takes the callback, if there is one, only if it succeeds. kLimit where there are too many
  // requests, kCancelled after close(), kSystem where there is no thread and none can be started,
  // kOutOfMemory.
  Result<std::shared_ptr<LoadRequest>> request(std::string_view path, LoadCallback& callback);
  // Whether the request had not begun; it is done then.
  bool cancel(const std::shared_ptr<LoadRequest>& request);
  void wait(LoadRequest& request);
  // Whether it is done.
  bool wait_for(LoadRequest& request, std::chrono::nanoseconds timeout);

  // Not from a callback. What is requested later is cancelled.
  void close();

 private:
  using Lock = std::unique_lock<std::mutex>;

  Result<void> add_worker_if_needed(std::string_view path);
  void work();
  Result<ModuleRef> load(const std::string& path);
  void forget(std::list<LoadJob>& jobs, std::list<LoadJob>::iterator job);
  void deliver(std::span<const std::shared_ptr<LoadRequest>> requests,
               const Result<ModuleRef>& result) noexcept;
  void finish(LoadRequest& request);

  LoadFunction load_;
  const Limits limits_;
  const StartThread start_;

  std::mutex mutex_;
  std::condition_variable work_;
  std::list<LoadJob> queued_, running_;
  std::map<std::string_view, std::list<LoadJob>::iterator> jobs_;  // of both, by path
  std::size_t pending_ = 0;                                        // requests that are not done
  std::size_t idle_ = 0;                                           // threads
  bool is_closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace smf::internal
