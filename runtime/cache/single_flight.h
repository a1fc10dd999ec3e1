// Many ask for the same thing at once; one makes it, and the others wait for that one.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "runtime/base/error.h"

namespace smf::internal {

// Value is default-constructible, cheap to copy, and false where there is none. A failure goes to
// all who waited for it, and is not remembered. Thread-safe.
template <typename Key, typename Value>
class SingleFlight {
 public:
  // What find() has, which is asked under a lock, so it must not wait; else what work() makes, by
  // this thread or by another that is at it. work() puts it where find() sees it, and runs without
  // the lock; a std::bad_alloc of its is kOutOfMemory. Throws std::bad_alloc.
  template <typename Find, typename Work>
  Result<Value> run(const Key& key, const Find& find, const Work& work) {
    std::unique_lock lock(mutex_);
    if (Value there = find()) return there;
    if (const auto running = flights_.find(key); running != flights_.end()) {
      const std::shared_ptr<Flight> flight = running->second;
      flight->landed.wait(lock, [&] { return flight->is_done; });
      lock.unlock();
      return flight->result;
    }
    const auto flight = std::make_shared<Flight>();
    const auto place = flights_.emplace(key, flight).first;
    lock.unlock();
    try {
      flight->result = work();
    } catch (const std::bad_alloc&) {
      // As it was made.
    }
    lock.lock();
    flight->is_done = true;
    flights_.erase(place);
    flight->landed.notify_all();
    lock.unlock();
    return flight->result;
  }

 private:
  struct Flight {
    std::condition_variable landed{};
    bool is_done = false;
    // The message is so short that it takes no memory.
    Result<Value> result =
        std::unexpected(Error{.code = ErrorCode::kOutOfMemory, .message = "out of memory"});
  };

  std::mutex mutex_;
  std::map<Key, std::shared_ptr<Flight>> flights_{};
};

}  // namespace smf::internal
