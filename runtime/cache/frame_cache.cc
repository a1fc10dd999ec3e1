#include "runtime/cache/frame_cache.h"

#include "runtime/base/check.h"
#include "runtime/cache/cache.h"

namespace smf::internal {

std::uint64_t FrameCache::Frame::cost() const { return size + CacheOptions::kFrameEntryBytes; }

FrameCache::Frame FrameCache::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return {};
  order_.splice(order_.begin(), order_, place->second);
  return place->second->frame;
}

void FrameCache::insert(const Key& key, const Frame& frame) {
  if (frame.cost() > max_bytes_) return;
  Order entry(1, Entry{.frame = frame});
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = places_.emplace(key, entry.begin());
  SMF_CHECK(is_new);
  entry.front().place = place;
  shrink_to(max_bytes_ - frame.cost());
  order_.splice(order_.begin(), entry);
  bytes_ += frame.cost();
}

void FrameCache::shrink(std::uint64_t max_bytes) {
  const std::lock_guard lock(mutex_);
  shrink_to(max_bytes);
}

void FrameCache::shrink_to(std::uint64_t max_bytes) {
  while (bytes_ > max_bytes) {
    erase(order_.back().place);
    ++evictions_;
  }
}

void FrameCache::erase(Places::iterator place) {
  bytes_ -= place->second->frame.cost();
  order_.erase(place->second);
  places_.erase(place);
}

void FrameCache::erase_section(std::uint64_t module, std::uint32_t section) {
  erase_range({module, section, 0}, {module, section, UINT64_MAX});
}

void FrameCache::erase_module(std::uint64_t module) {
  erase_range({module, 0, 0}, {module, UINT32_MAX, UINT64_MAX});
}

void FrameCache::erase_range(const Key& first, const Key& last) {
  const std::lock_guard lock(mutex_);
  for (auto place = places_.lower_bound(first); place != places_.end() && place->first <= last;)
    erase(place++);
}

std::uint64_t FrameCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::uint64_t FrameCache::evictions() const {
  const std::lock_guard lock(mutex_);
  return evictions_;
}

}  // namespace smf::internal
