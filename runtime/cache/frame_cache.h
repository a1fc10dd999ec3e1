// Decompressed frames of seekable sections, of all modules of a cache.
//
// Who reads a page of a large section gets the frame it lies in (256 KiB as we write them), and
// the next read nearby finds it. A hit costs a lock and two look-ups in a map of some hundred
// entries, and then copies KiBs; a miss costs 100 us or more for decompressing. So this is the
// textbook's list and map under one mutex, and exact.
//
// Frames are known by a serial number of their module that is never used again: what an old module
// left behind can never be taken for a new one's. Whoever got a frame has it as long as he likes;
// it is counted only while it is here.
//
// Rejected: stamps for each thread as hits of modules leave them (nothing that costs a copy of KiBs
// needs it); frames in the modules themselves (the limit is one for all of them).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "runtime/base/bytes.h"

namespace smf::internal {

// Thread-safe.
class FrameCache {
 public:
  struct Key {
    std::uint64_t module = 0;  // serial number
    std::uint32_t section = 0;
    std::uint64_t frame = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  struct Frame {
    std::shared_ptr<const std::byte[]> data{};
    std::size_t size = 0;  // bytes
    explicit operator bool() const { return data != nullptr; }
    Bytes bytes() const { return {data.get(), size}; }
    std::uint64_t cost() const;  // bytes that are counted for it
  };

  explicit FrameCache(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // The frame, which is the most recently used one from now on; an empty one where it is not here.
  Frame find(const Key& key);
  // Enters a frame that is not here, as the most recently used one; the least recently used ones go
  // for it. One that is over the limit by itself is not kept. Throws std::bad_alloc, and nothing is
  // changed then.
  void insert(const Key& key, const Frame& frame);
  // Lets least recently used ones go until the rest costs no more than that.
  void shrink(std::uint64_t max_bytes);
  void erase_section(std::uint64_t module, std::uint32_t section);
  void erase_module(std::uint64_t module);

  std::uint64_t bytes() const;  // what all of them cost
  std::uint64_t max_bytes() const { return max_bytes_; }
  std::uint64_t evictions() const;  // for want of room

 private:
  struct Entry;
  using Order = std::list<Entry>;
  using Places = std::map<Key, Order::iterator>;
  struct Entry {
    Places::iterator place{};
    Frame frame{};
  };

  // Under the lock.
  void shrink_to(std::uint64_t max_bytes);
  void erase(Places::iterator place);
  void erase_range(const Key& first, const Key& last);

  const std::uint64_t max_bytes_;
  mutable std::mutex mutex_;
  Order order_{};  // the most recently used in front
  Places places_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t evictions_ = 0;
};

}  // namespace smf::internal
