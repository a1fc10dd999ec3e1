// Work done on several threads, its results taken in order.
//
// ordered_map() calls produce(i, worker) for i = 0 .. count-1 on up to `workers` threads, and
// consume(i, result) on the calling thread, for each i in order. At most `window` results exist at
// a time, so memory stays bounded however large `count` is. The first error, of either function,
// ends everything and is returned; produce must be safe to call from several threads, with a
// different `worker` in each (0 .. workers-1), so that it may keep state for each of them. Where
// threads cannot be started, fewer do the same; one worker is the calling thread itself.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/error.h"

namespace smf {

template <typename T>
class OrderedMap {
 public:
  template <typename Produce, typename Consume>
  static Result<void> run(std::uint64_t count, unsigned workers, std::uint64_t window,
                          const Produce& produce, const Consume& consume) {
    OrderedMap map(count, std::max<std::uint64_t>(window, 1));
    std::vector<std::jthread> threads;
    const auto wanted = std::min<std::uint64_t>(workers, count);
    if (wanted > 1) {
      try {
        for (unsigned worker = 0; worker < wanted; ++worker)
          threads.emplace_back([&map, &produce, worker] { map.work(produce, worker); });
      } catch (const std::system_error&) {
        // The limit on threads: those that started do the work.
      } catch (const std::bad_alloc&) {
      }
    }
    if (threads.empty()) return run_here(count, produce, consume);
    const StopOnExit stop{map};  // before the threads are joined, also when consume throws
    return map.collect(consume);
  }

 private:
  OrderedMap(std::uint64_t count, std::uint64_t window) : count_(count), window_(window) {}

  struct StopOnExit {
    OrderedMap& map;
    ~StopOnExit() { map.stop(); }
  };

  template <typename Produce>
  static Result<T> guarded(const Produce& produce, std::uint64_t i, unsigned worker) {
    try {
      return produce(i, worker);
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::kOutOfMemory, "not enough memory");
    }
  }

  template <typename Produce, typename Consume>
  static Result<void> run_here(std::uint64_t count, const Produce& produce,
                               const Consume& consume) {
    for (std::uint64_t i = 0; i < count; ++i) {
      SMF_ASSIGN(T value, guarded(produce, i, 0));
      SMF_TRY(consume(i, std::move(value)));
    }
    return {};
  }

  template <typename Produce>
  void work(const Produce& produce, unsigned worker) {
    std::unique_lock lock(mutex_);
    for (;;) {
      room_.wait(lock, [this] { return stopped_ || next_ == count_ || next_ < taken_ + window_; });
      if (stopped_ || next_ == count_) return;
      const std::uint64_t i = next_++;
      lock.unlock();
      Result<T> value = guarded(produce, i, worker);
      lock.lock();
      ready_.emplace(i, std::move(value));
      if (i == taken_) arrived_.notify_one();
    }
  }

  template <typename Consume>
  Result<void> collect(const Consume& consume) {
    std::unique_lock lock(mutex_);
    while (taken_ < count_) {
      arrived_.wait(lock, [this] { return ready_.contains(taken_); });
      auto node = ready_.extract(taken_);
      lock.unlock();
      if (!node.mapped()) return std::unexpected(std::move(node.mapped()).error());
      SMF_TRY(consume(node.key(), *std::move(node.mapped())));
      lock.lock();
      ++taken_;
      room_.notify_all();
    }
    return {};
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    room_.notify_all();
  }

  const std::uint64_t count_;
  const std::uint64_t window_;
  std::mutex mutex_;
  std::condition_variable room_;     // a worker may start the next item
  std::condition_variable arrived_;  // the result that is to be consumed next is there
  std::map<std::uint64_t, Result<T>> ready_;
  std::uint64_t next_ = 0;   // the first item nobody has started
  std::uint64_t taken_ = 0;  // the first item not consumed
  bool stopped_ = false;
};

// See above; `T` is what produce gives: Result<T> produce(i, worker), Result<void> consume(i, T).
template <typename T, typename Produce, typename Consume>
Result<void> ordered_map(std::uint64_t count, unsigned workers, std::uint64_t window,
                         const Produce& produce, const Consume& consume) {
  return OrderedMap<T>::run(count, workers, window, produce, consume);
}

}  // namespace smf
