#include "runtime/exec/thread_blocks.h"

#include <unistd.h>

#include <bit>
#include <map>
#include <mutex>

namespace smf::internal {
namespace {

struct Known {
  BlockMap* map = nullptr;
  std::uint64_t places = 0;  // a bit for each of the first 64 that a thread has
};

struct Registry {
  std::mutex mutex{};
  std::map<std::uint64_t, Known> maps{};
  std::uint64_t next = 1;
  const pid_t process = ::getpid();
};

// Never destroyed: threads may end after the program's own objects.
Registry& registry() {
  static auto* const kRegistry = new Registry();
  return *kRegistry;
}

// Set when the thread's last objects go: from then on nothing is kept.
constinit thread_local bool is_gone = false;

constexpr std::uint32_t kMostPlaces = ThreadBlocks::kMostPlaces;

// The map's entry, if there is such a map and this is the process that made it. A forked child has
// no use for it, and maybe a lock that nobody holds any more.
template <typename Use>
void with_known(std::uint64_t number, const Use& use) {
  Registry& all = registry();
  if (all.process != ::getpid()) return;
  const std::lock_guard lock(all.mutex);
  const auto known = all.maps.find(number);
  if (known != all.maps.end()) use(known->second);
}

std::uint32_t enter(std::uint64_t number) {
  std::uint32_t place = 0;
  with_known(number, [&](Known& known) {
    place = static_cast<std::uint32_t>(std::countr_one(known.places));
    if (place == kMostPlaces) return;
    known.places |= std::uint64_t{1} << place;
  });
  return place;
}

void leave(ThreadBlocks& own) {
  if (own.owner == 0) return;
  with_known(own.owner, [&](Known& known) {
    own.give_back_to(*known.map);
    if (own.place != kMostPlaces) known.places &= ~(std::uint64_t{1} << own.place);
  });
}

}  // namespace

constinit thread_local std::array<ThreadBlocks, 2> ThreadBlocksOf::blocks{};

struct ThreadEnd {
  ~ThreadEnd() {
    for (ThreadBlocks& own : ThreadBlocksOf::blocks) {
      leave(own);
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
  all.maps.emplace(all.next, Known{.map = &map});
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
  leave(own);
  own = ThreadBlocks();
  own.owner = number;
  if (is_gone) {
    own.place = kMostPlaces;
    own.kept_granules = ThreadBlocks::kMaxKept;
    return;
  }
  own.place = enter(number);
  own.cursor.next.fill(own.first_word());
}

}  // namespace smf::internal
