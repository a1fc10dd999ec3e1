#include "runtime/cache/load_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/cache/module_files.h"

namespace smf {
namespace {

constexpr std::chrono::hours kForEver{1};

// Files that cannot be opened before they are let go; counts what is opened.
class HoldingCalls : public os::SystemCalls {
 public:
  int open(const char* path, int flags, mode_t mode) override {
    {
      std::unique_lock lock(mutex_);
      ++opens_[path];
      changed_.notify_all();
      changed_.wait(lock, [&] { return !is_holding_; });
    }
    return SystemCalls::open(path, flags, mode);
  }
  void hold() { set(true); }
  void let_go() { set(false); }
  // Until so many files have been opened, or wait to be.
  void wait_for_opens(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return opens_.size() >= count; });
  }
  int opens(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return opens_[path];
  }

 private:
  void set(bool is_holding) {
    const std::lock_guard lock(mutex_);
    is_holding_ = is_holding;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_holding_ = false;
  std::map<std::string, int> opens_;
};

// What a callback was given, how often and where.
struct Called {
  std::atomic<int> times = 0;
  std::thread::id thread{};
  Result<ModuleRef> result{};

  LoadCallback callback() {
    return [this](Result<ModuleRef> given) {
      result = std::move(given);
      thread = std::this_thread::get_id();
      ++times;
    };
  }
};

class AsyncLoads : public ModuleFiles {
 protected:
  AsyncLoads() {
    for (std::size_t i = 0; i < 4; ++i) write(i, fmt::format("code {}", i));
  }
  // The opening of anything that is not in the cache yet waits.
  SmfCache make_held(unsigned workers, std::uint32_t queue = 1024) {
    SmfCache cache = make({.load_workers = workers, .load_queue = queue}, calls_);
    calls_.hold();
    return cache;
  }

  HoldingCalls calls_;
};

TEST_F(AsyncLoads, AMissIsLoadedByAnotherThread) {
  SmfCache cache = make({}, calls_);
  Called called;
  AsyncLoad load = cache.get_async(path(0), called.callback());
  load.wait();
  EXPECT_TRUE(load.is_ready());
  EXPECT_EQ(called.times, 1);
  EXPECT_NE(called.thread, std::this_thread::get_id());
  EXPECT_EQ(code_of(*called.result), "code 0");
  EXPECT_EQ(code_of(*cache.get_async(path(1)).get()), "code 1");
  EXPECT_TRUE(cache.is_cached(path(0)) && cache.is_cached(path(1)));
}

TEST_F(AsyncLoads, AHitIsReadyAtOnceOnTheCallingThread) {
  SmfCache cache = make({}, calls_);
  ASSERT_TRUE(cache.get(path(0)));
  calls_.hold();
  AsyncLoad load = cache.get_async(path(0));
  EXPECT_TRUE(load.is_ready());
  EXPECT_FALSE(load.cancel());
  EXPECT_EQ(code_of(*load.get()), "code 0");
  Called called;
  EXPECT_TRUE(cache.get_async(path(0), called.callback()).is_ready());
  EXPECT_EQ(called.times, 1);
  EXPECT_EQ(called.thread, std::this_thread::get_id());
  EXPECT_EQ(cache.stats().hits, 2u);
}

TEST_F(AsyncLoads, ErrorsAreThoseOfLoading) {
  write_file(path(5), "this is no module");
  SmfCache cache = make({}, calls_);
  const auto missing = cache.get_async(path(9)).get();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kSystem);
  EXPECT_EQ(missing.error().path, path(9));
  Called called;
  cache.get_async(path(5), called.callback()).wait();
  EXPECT_EQ(called.result.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(cache.stats().errors, 2u);
}

TEST_F(AsyncLoads, RequestsForOnePathShareItsLoadAndItsThread) {
  SmfCache cache = make_held(2);
  Called called;
  std::vector<AsyncLoad> loads;
  loads.reserve(5);
  for (int i = 0; i < 3; ++i) loads.push_back(cache.get_async(path(0)));
  loads.push_back(cache.get_async(path(1)));
  calls_.wait_for_opens(2);  // so path(0) has not taken both threads
  loads.push_back(cache.get_async(path(0)));
  const AsyncLoad last = cache.get_async(path(0), called.callback());
  for (const AsyncLoad& load : loads) EXPECT_FALSE(load.is_ready());
  calls_.let_go();
  last.wait();
  std::vector<ModuleRef> modules;
  modules.reserve(loads.size());
  for (AsyncLoad& load : loads) modules.push_back(*load.get());
  for (const std::size_t i : {0u, 1u, 2u, 4u})
    EXPECT_EQ(modules[i].view().file().data(), called.result->view().file().data());
  EXPECT_EQ(code_of(modules[3]), "code 1");
  EXPECT_EQ(calls_.opens(path(0)), 1);
  EXPECT_EQ(cache.stats().misses, 2u);
}

TEST_F(AsyncLoads, WhatHasNotBegunCanBeCalledOff) {
  SmfCache cache = make_held(1);
  Called stays, goes;
  AsyncLoad running = cache.get_async(path(0));
  calls_.wait_for_opens(1);
  AsyncLoad joined = cache.get_async(path(0));
  AsyncLoad shared = cache.get_async(path(1));
  AsyncLoad other = cache.get_async(path(1), stays.callback());
  AsyncLoad alone = cache.get_async(path(2), goes.callback());
  EXPECT_FALSE(running.cancel());
  EXPECT_FALSE(joined.cancel());
  EXPECT_TRUE(shared.cancel());
  EXPECT_FALSE(shared.cancel());
  EXPECT_TRUE(shared.is_ready());
  const auto cancelled = shared.get();
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(cancelled.error().path, path(1));
  EXPECT_TRUE(alone.cancel());
  EXPECT_EQ(goes.times, 1);
  EXPECT_EQ(goes.thread, std::this_thread::get_id());
  EXPECT_EQ(goes.result.error().code, ErrorCode::kCancelled);
  calls_.let_go();
  EXPECT_EQ(code_of(*running.get()), "code 0");
  EXPECT_EQ(code_of(*joined.get()), "code 0");
  other.wait();
  EXPECT_EQ(code_of(*stays.result), "code 1");
  EXPECT_EQ(code_of(*cache.get_async(path(3)).get()), "code 3");  // all before it is done
  EXPECT_EQ(calls_.opens(path(2)), 0);
  EXPECT_EQ(stays.times, 1);
  EXPECT_EQ(goes.times, 1);
  // And may be asked for again.
  EXPECT_EQ(code_of(*cache.get_async(path(2)).get()), "code 2");
}

TEST_F(AsyncLoads, LettingAHandleGoCallsNothingOff) {
  SmfCache cache = make_held(1);
  static_cast<void>(cache.get_async(path(0)));
  AsyncLoad later = cache.get_async(path(1));
  calls_.let_go();
  ASSERT_TRUE(later.get());
  EXPECT_TRUE(cache.is_cached(path(0)));
}

TEST_F(AsyncLoads, WaitingEndsWithItsTime) {
  SmfCache cache = make_held(1);
  AsyncLoad load = cache.get_async(path(0));
  EXPECT_FALSE(load.wait_for(std::chrono::nanoseconds(1)));
  calls_.let_go();
  EXPECT_TRUE(load.wait_for(kForEver));
  EXPECT_TRUE(load.wait_for(std::chrono::nanoseconds::max()));
  EXPECT_TRUE(load.get());
}

TEST_F(AsyncLoads, TooManyRequestsAreRefusedAtOnce) {
  SmfCache cache = make({.load_workers = 1, .load_queue = 2}, calls_);
  ASSERT_TRUE(cache.get(path(3)));
  calls_.hold();
  AsyncLoad first = cache.get_async(path(0)), second = cache.get_async(path(1));
  Called called;
  AsyncLoad third = cache.get_async(path(1));
  EXPECT_TRUE(third.is_ready());
  const auto refused = third.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  EXPECT_EQ(refused.error().path, path(1));
  EXPECT_TRUE(cache.get_async(path(2), called.callback()).is_ready());
  EXPECT_EQ(called.times, 1);
  EXPECT_EQ(called.thread, std::this_thread::get_id());
  EXPECT_EQ(called.result.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(cache.get_async(path(3)).get());  // a hit needs no place
  EXPECT_TRUE(second.cancel());
  AsyncLoad fourth = cache.get_async(path(2));
  calls_.let_go();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(fourth.get());
  EXPECT_EQ(calls_.opens(path(1)), 0);
}

TEST_F(AsyncLoads, TheEndOfTheCacheCancelsWhatHasNotBegunAndWaitsForTheRest) {
  std::optional<SmfCache> cache = make_held(1);
  Called running, queued;
  AsyncLoad first = cache->get_async(path(0));
  const AsyncLoad second = cache->get_async(path(0), running.callback());
  calls_.wait_for_opens(1);
  AsyncLoad third = cache->get_async(path(1));
  const AsyncLoad fourth = cache->get_async(path(2), queued.callback());
  std::thread end([&] { cache.reset(); });
  fourth.wait();
  EXPECT_EQ(third.get().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(queued.result.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(first.is_ready());
  calls_.let_go();
  end.join();
  EXPECT_TRUE(first.is_ready() && second.is_ready());
  EXPECT_FALSE(first.cancel());
  EXPECT_EQ(code_of(*running.result), "code 0");
  EXPECT_EQ(running.times, 1);
  EXPECT_EQ(queued.times, 1);
  EXPECT_EQ(calls_.opens(path(1)) + calls_.opens(path(2)), 0);
  running.result = ModuleRef();
  EXPECT_EQ(code_of(*first.get()), "code 0");
}

TEST_F(AsyncLoads, ACallbackMayAskForMore) {
  SmfCache cache = make({.load_workers = 1}, calls_);
  std::mutex mutex;
  std::condition_variable changed;
  int loaded = 0;
  std::function<void(std::size_t)> ask = [&](std::size_t i) {
    static_cast<void>(cache.get_async(path(i), [&, i](Result<ModuleRef> module) {
      EXPECT_EQ(code_of(*module), fmt::format("code {}", i));
      if (i < 3) ask(i + 1);
      const std::lock_guard lock(mutex);
      ++loaded;
      changed.notify_all();
    }));
  };
  ask(0);
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return loaded == 4; });
}

TEST_F(AsyncLoads, SignalsOfTheProcessAreNotForTheirThreads) {
  SmfCache cache = make({}, calls_);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  cache
      .get_async(path(0),
                 [&](const Result<ModuleRef>&) { ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked); })
      .wait();
  EXPECT_EQ(::sigismember(&blocked, SIGTERM), 1);
  EXPECT_EQ(::sigismember(&blocked, SIGPROF), 1);
  EXPECT_EQ(::sigismember(&blocked, SIGBUS), 0);
  sigset_t own;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &own);
  EXPECT_EQ(::sigismember(&own, SIGTERM), 0);
}

TEST_F(AsyncLoads, OptionsOutOfRangeAreRefused) {
  EXPECT_EQ(SmfCache::create({.load_queue = 0}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(SmfCache::create({.load_workers = CacheOptions::kMaxLoadWorkers + 1}).error().code,
            ErrorCode::kInvalidArgument);
}

// The pool by itself, where threads can be made to fail.
class LoadPools : public AsyncLoads {
 protected:
  using Pool = internal::LoadPool;

  LoadPools() : cache_(make({}, calls_)) {}
  void TearDown() override { pool_->close(); }

  void open_pool(unsigned workers) {
    pool_ = std::make_shared<Pool>([this](const std::string& path) { return cache_.get(path); },
                                   Pool::Limits{.workers = workers, .requests = 100},
                                   [this](std::function<void()> run) {
                                     if (starts_ >= most_threads_)
                                       throw std::system_error(EAGAIN, std::generic_category());
                                     ++starts_;
                                     return internal::start_thread(std::move(run));
                                   });
  }
  auto request(std::size_t i) { return pool_->request(path(i), none_); }

  SmfCache cache_;
  int most_threads_ = 100, starts_ = 0;
  LoadCallback none_{};
  std::shared_ptr<Pool> pool_{};
};

TEST_F(LoadPools, ThreadsBeginWhenTheyAreNeededAndNotMoreThanAllowed) {
  open_pool(2);
  EXPECT_EQ(starts_, 0);
  calls_.hold();
  std::vector<std::shared_ptr<internal::LoadRequest>> requests;
  for (const int expected : {1, 2, 2, 2}) {
    requests.push_back(*request(requests.size()));
    EXPECT_EQ(starts_, expected);
  }
  ASSERT_TRUE(request(0));
  calls_.let_go();
  for (const auto& request : requests) pool_->wait(*request);
  EXPECT_EQ(starts_, 2);
}

TEST_F(LoadPools, WithoutAnyThreadARequestIsRefused) {
  most_threads_ = 0;
  open_pool(2);
  Called called;
  LoadCallback callback = called.callback();
  const auto refused = pool_->request(path(0), callback);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kSystem);
  EXPECT_EQ(refused.error().system_errno, EAGAIN);
  EXPECT_EQ(refused.error().path, path(0));
  EXPECT_TRUE(callback);
  EXPECT_EQ(called.times, 0);
  most_threads_ = 1;
  const auto taken = pool_->request(path(0), callback);
  ASSERT_TRUE(taken);
  pool_->wait(**taken);
  EXPECT_FALSE(callback);
  EXPECT_EQ(called.times, 1);
}

TEST_F(LoadPools, WhereNoMoreThreadsCanBeStartedOneLoadsAll) {
  most_threads_ = 1;
  open_pool(4);
  calls_.hold();
  const auto first = request(0), second = request(1);
  ASSERT_TRUE(first && second);
  calls_.let_go();
  pool_->wait(**second);
  EXPECT_EQ(code_of(*(*second)->result), "code 1");
  EXPECT_EQ(starts_, 1);
}

TEST_F(LoadPools, WantOfMemoryIsTheErrorOfItsLoad) {
  pool_ = std::make_shared<Pool>(
      [this](const std::string& path) -> Result<ModuleRef> {
        if (path == this->path(0)) throw std::bad_alloc();
        return cache_.get(path);
      },
      Pool::Limits{.workers = 1, .requests = 100});
  const auto first = request(0), second = request(1);
  ASSERT_TRUE(first && second);
  pool_->wait(**second);
  EXPECT_EQ((*first)->result.error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(code_of(*(*second)->result), "code 1");
}

TEST_F(LoadPools, AClosedPoolTakesNothing) {
  open_pool(1);
  pool_->close();
  EXPECT_EQ(request(0).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(starts_, 0);
}

}  // namespace
}  // namespace smf
