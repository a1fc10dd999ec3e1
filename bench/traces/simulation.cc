#include "bench/traces/simulation.h"

#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/base/check.h"

namespace smf::bench {

std::uint64_t simulate(const Trace& trace, std::size_t capacity, EvictionKind kind) {
  SMF_CHECK(capacity > 0);
  const auto eviction = Eviction::create(kind);
  std::unordered_map<Key, ModuleNumber> cached;
  std::vector<Key> keys;      // by number
  std::vector<Stamp> stamps;  // by number
  const Eviction::ReadStamp read = [&](ModuleNumber number) { return stamps[number]; };
  Stamp now = 0;
  std::uint64_t hits = 0;
  for (const Key key : trace) {
    ++now;
    if (const auto found = cached.find(key); found != cached.end()) {
      stamps[found->second] = now;
      ++hits;
      continue;
    }
    auto number = static_cast<ModuleNumber>(keys.size());
    if (cached.size() < capacity) {
      keys.push_back(key);
      stamps.push_back(now);
    } else {
      number = eviction->evict(read);
      cached.erase(keys[number]);
      keys[number] = key;
      stamps[number] = now;
    }
    eviction->insert(number, now);
    cached.emplace(key, number);
  }
  return hits;
}

std::uint64_t optimum(const Trace& trace, std::size_t capacity) {
  SMF_CHECK(capacity > 0);
  // When the key of each place is asked for next.
  std::vector<std::size_t> next(trace.size());
  std::unordered_map<Key, std::size_t> seen;
  for (std::size_t at = trace.size(); at-- > 0;) {
    const auto [place, is_last] = seen.try_emplace(trace[at], at);
    // Keys that never come again differ, so that a set holds them all.
    next[at] = is_last ? trace.size() + at : std::exchange(place->second, at);
  }
  std::set<std::pair<std::size_t, Key>> by_next;
  std::unordered_map<Key, std::size_t> cached;  // to its place in `by_next`
  std::uint64_t hits = 0;
  for (std::size_t at = 0; at < trace.size(); ++at) {
    const Key key = trace[at];
    if (const auto found = cached.find(key); found != cached.end()) {
      ++hits;
      by_next.erase({found->second, key});
    } else if (cached.size() == capacity) {
      const auto latest = std::prev(by_next.end());
      cached.erase(latest->second);
      by_next.erase(latest);
    }
    cached[key] = next[at];
    by_next.emplace(next[at], key);
  }
  return hits;
}

}  // namespace smf::bench
