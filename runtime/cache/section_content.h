// Uncompressed content of the compressed sections of a cache's modules.
//
// All of a section is decompressed once, into memory that belongs to its module: it counts against
// the cache's capacity, stays as long as the module, and goes with it. Parts of a seekable section
// cost the frames they touch, which are kept in a FrameCache; its seek table is read once and kept
// like content, since reading it is linear in the frames. Whoever asks for what another thread is
// decompressing waits for that.
//
// A module has a slot for each section, made when it is first asked for compressed content, so that
// what is there is found without a lock. Decompression runs without one, and memory is counted when
// it has gone well, as that of modules is when they are loaded: meanwhile the process holds more by
// the sections that threads are decompressing. (Making room first would let a damaged section empty
// the cache each time it is asked for.)
//
// Locks: a SingleFlight's or the cache's, never both, and FrameCache's within either.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/cache/frame_cache.h"
#include "runtime/cache/single_flight.h"
#include "runtime/format/compression.h"
#include "runtime/format/frame_decoder.h"
#include "runtime/format/frame_table.h"
#include "runtime/format/tables.h"

namespace smf::internal {

class CachedModule;
class CacheState;

// What of one module's sections is in memory. What a slot has stays as long as the module.
class ModuleContent {
 public:
  // Of a section as the caller had it: a mapping may say something else by now.
  struct Whole {
    smf::Section section{};
    std::unique_ptr<std::byte[]> data{};
    Bytes bytes() const { return {data.get(), section.virtual_size}; }
  };
  struct Frames {
    smf::Section section{};
    FrameTable table;
  };
  struct Slot {
    std::atomic<const Whole*> whole{nullptr};
    std::atomic<const Frames*> frames{nullptr};
  };

  // Throws std::bad_alloc.
  ModuleContent(std::uint32_t sections, std::uint64_t its_serial, FrameCache& cache)
      : serial(its_serial),
        cache_(cache),
        count_(sections),
        slots_(std::make_unique<Slot[]>(sections)) {}
  ~ModuleContent();
  ModuleContent(const ModuleContent&) = delete;
  ModuleContent& operator=(const ModuleContent&) = delete;

  const std::uint64_t serial;  // of no other module of the cache, ever
  std::uint64_t charged = 0;   // bytes of it that are counted; under the cache's lock
  Slot& slot(std::uint32_t section) { return slots_[section]; }
  // Frames of its sections leave the cache of frames.
  void drop_frames() { cache_.erase_module(serial); }

 private:
  FrameCache& cache_;
  const std::uint32_t count_;
  const std::unique_ptr<Slot[]> slots_;
};

// A ModuleContent that is made when it is needed first.
class LazyContent {
 public:
  LazyContent() = default;
  ~LazyContent() { delete content_.load(std::memory_order_relaxed); }
  LazyContent(const LazyContent&) = delete;
  LazyContent& operator=(const LazyContent&) = delete;

  // nullptr where it was not needed yet.
  ModuleContent* get() const { return content_.load(std::memory_order_acquire); }
  // Several threads may at once: one's stays. Gives that.
  ModuleContent& set(std::unique_ptr<ModuleContent> made);

 private:
  std::atomic<ModuleContent*> content_{nullptr};
};

// Reads sections, for all modules of one cache. The module is pinned by whoever calls. Thread-safe.
class SectionContents {
 public:
  SectionContents(CacheState& state, const DecompressionLimits& limits,
                  std::uint64_t max_frame_bytes)
      : state_(state), limits_(limits), frames_(max_frame_bytes) {}

  // The section's uncompressed bytes, which stay as long as the module.
  Result<Bytes> whole(CachedModule& module, const smf::Section& section);
  // Fills `out` from `offset` of the section's content.
  Result<void> read(CachedModule& module, const smf::Section& section, std::uint64_t offset,
                    std::span<std::byte> out);

  FrameCache& frames() { return frames_; }
  struct Counts {
    std::uint64_t decompressions, frame_hits, frame_misses;
  };
  Counts counts() const;

 private:
  using Whole = ModuleContent::Whole;
  using Frames = ModuleContent::Frames;

  ModuleContent& content_of(CachedModule& module);
  Result<const Whole*> find_or_decompress(CachedModule& module, const smf::Section& section);
  Result<const Whole*> decompress(CachedModule& module, const smf::Section& section);
  Result<const Frames*> find_or_read_frames(CachedModule& module, const smf::Section& section);
  Result<const Frames*> read_frames(CachedModule& module, const smf::Section& section);
  Result<void> read_by_frames(CachedModule& module, const Frames& frames, std::uint64_t offset,
                              std::span<std::byte> out);
  Result<FrameCache::Frame> find_or_decode(CachedModule& module, const Frames& frames,
                                           std::size_t index);
  Result<FrameCache::Frame> decode(CachedModule& module, const Frames& frames, std::size_t index);

  // A decoder that no other thread has, and back again.
  FrameDecoder take_decoder();
  void give_back(FrameDecoder decoder);

  CacheState& state_;
  const DecompressionLimits limits_;
  FrameCache frames_;
  std::atomic<std::uint64_t> last_serial_{0};
  std::atomic<std::uint64_t> decompressions_{0}, frame_hits_{0}, frame_misses_{0};
  SingleFlight<const ModuleContent::Slot*, const Whole*> wholes_in_flight_{};
  SingleFlight<const ModuleContent::Slot*, const Frames*> tables_in_flight_{};
  SingleFlight<FrameCache::Key, FrameCache::Frame> frames_in_flight_{};
  std::mutex mutex_;
  std::vector<FrameDecoder> idle_{};  // under mutex_
};

}  // namespace smf::internal
