#include "runtime/exec/thread_blocks.h"

#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>

namespace smf::internal {
namespace {

struct Registry {
  std::mutex mutex{};
  std::map<std::uint64_t, BlockMap*> maps{};
  std::uint64_t next = 1;
  const pid_t process = ::getpid();
};

// Never destroyed: threads may end after the program's own objects.
Registry& registry() {
  static auto* const kRegistry = new Registry();
  return *kRegistry;
}

std::atomic<std::uint32_t> next_thread{0};

// Set when the thread's last objects go: from then on nothing is kept.
constinit thread_local bool is_gone = false;

void give_back(ThreadBlocks& own) {
  Registry& all = registry();
  // A forked child has no use for it, and maybe a lock that nobody holds any more.
  if (own.owner == 0 || own.kept_granules == 0 || all.process != ::getpid()) return;
  const std::lock_guard lock(all.mutex);
  const auto known = all.maps.find(own.owner);
  if (known != all.maps.end()) own.give_back_to(*known->second);
}

}  // namespace

constinit thread_local std::array<ThreadBlocks, 2> ThreadBlocksOf::blocks{};

struct ThreadEnd {
  ~ThreadEnd() {
    for (ThreadBlocks& own : ThreadBlocksOf::blocks) {
      give_back(own);
      own = ThreadBlocks();
    }
    is_gone = true;
  }
};

void ThreadBlocks::give_back_to(BlockMap& map) {
  for (unsigned count = 1; count != BlockCursor::kSizes; ++count) {
    for (Granule first = take(count); first != kNoGranule; first = take(count)) {
      map.set_state(first, {});
      map.give(first, count);
    }
  }
}

std::uint64_t register_map(BlockMap& map) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.maps.emplace(all.next, &map);
  return all.next++;
}

void unregister_map(std::uint64_t number) {
  Registry& all = registry();
  if (all.process != ::getpid()) return;
  const std::lock_guard lock(all.mutex);
  all.maps.erase(number);
}

void ThreadBlocksOf::turn_to(ThreadBlocks& own, std::uint64_t number) {
  if (!is_gone) {
    thread_local ThreadEnd end;
    static_cast<void>(end);
  }
  give_back(own);
  own = ThreadBlocks();
  own.owner = number;
  own.cursor.next.fill(own_word());
  if (is_gone) own.kept_granules = ThreadBlocks::kMaxKept;
}

std::uint32_t own_word() {
  thread_local const std::uint32_t thread = next_thread.fetch_add(1, std::memory_order_relaxed);
  return thread * 8;
}

}  // namespace smf::internal
