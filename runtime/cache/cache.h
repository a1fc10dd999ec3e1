// SmfCache: modules that are open, found by their paths.
//
//     SMF_ASSIGN(SmfCache cache, SmfCache::create({.max_files = 1000}));
//     SMF_ASSIGN(const ModuleRef module, cache.get("lib/list.smf"));
//     use(module.view());
//
// The first get() of a path opens, reads or maps, and checks the module; whoever asks meanwhile
// waits for that one load. Later ones find it: hash the path, probe a table, compare the path,
// count the pin in a cell of the calling thread (thread_cells.h). They take no lock, make no
// system call (but to see whether something changed, as `revalidation` says) and write nothing that
// threads share.
//
// **A ModuleRef pins its module**: the bytes stay while anyone holds it, also after the module was
// evicted, invalidated, or replaced on the disk. What leaves the cache no longer counts against its
// capacity; stats() says how much of it is still held.
//
// **Two names of one file share it**: the file is known by device, inode, size and times. Paths are
// keys as they are given. With `share_content`, so do two files whose bytes are equal: the content
// hash that they store finds the other, and a comparison decides. A note that is updated in place
// in one of them shows through the other's name until that is noticed.
//
// **A changed file is noticed** when its path is asked for, as often as `revalidation` says. One
// that was replaced (another inode, or another size) is loaded anew, and old pins keep the old
// bytes. One of which only the times differ, with an equal header, section table and module_hash,
// had its note updated in place: a mapping shows that by itself and stays; what was read is read
// again. A file that has gone, or is no module any more, is an error, and its entry goes.
//
// **Who does not want to wait** has prefetch(), for one path or many, and get_async(), which loads
// on threads of the cache's own (load_pool.h).
//
// **Compressed sections** are decompressed when they are asked for: whole ones once, for all who
// ask, and kept with their module; of seekable ones that are read in part, frames, which have a
// limit and an LRU of their own (section_content.h). No hash covers uncompressed content: what is
// checked is what verify_module() checks of it, each frame's own checksum and the sizes.
//
// Capacity is in files and in bytes: of files, of what is decompressed, and of frames. To make room
// for more, modules go by `eviction` (eviction.h), pinned or not. One that is larger than all of
// `max_bytes` is kept alone.
//
// Thread-safe throughout. Methods return errors, and change nothing when memory runs out.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/cache/eviction.h"
#include "runtime/cache/module_file.h"
#include "runtime/format/compression.h"
#include "runtime/format/view.h"
#include "runtime/os/mapped_file.h"
#include "runtime/os/system_calls.h"

namespace smf {

namespace internal {
class CachedModule;
class CacheState;
class LoadPool;
struct LoadRequest;
}  // namespace internal

enum class Revalidation : std::uint8_t {
  kAlways,    // a stat() at each hit
  kInterval,  // one at a hit, when the last is `interval` ago
  kNever,     // until evict() or invalidate()
  kWatch,     // when the system tells of a change, asked once an `interval` for all files at once;
              // what it does not tell of, and how prompt it is: name_watch.h
};

struct CacheOptions {
  std::uint64_t max_files = 4096;                    // at least 1, at most kMaxFilesCeiling
  std::uint64_t max_bytes = std::uint64_t{4} << 30;  // of files and of what is decompressed
  std::uint64_t max_frame_bytes = 64u << 20;         // of those, of frames: see kFrameEntryBytes
  DecompressionLimits decompression{};
  EvictionKind eviction = EvictionKind::kLru;
  Revalidation revalidation = Revalidation::kInterval;
  std::chrono::milliseconds interval{100};  // by the coarse clock, which ticks every 1 to 10 ms
  Placement placement = Placement::kBySize;
  bool share_content = false;  // one module for files of equal bytes; costs a comparison a load
  std::uint64_t map_from = 0;  // bytes, by size; 0: as measured on this machine (crossover.h)
  os::SystemCalls* calls = nullptr;  // nullptr: the kernel

  // Of get_async(): threads, which begin when they are needed first, and requests that are not
  // done.
  unsigned load_workers = 0;        // 0: as many as processors, up to kDefaultLoadWorkers
  std::uint32_t load_queue = 1024;  // at least 1

  static constexpr std::uint64_t kMaxFilesCeiling = 500'000;
  static constexpr unsigned kMaxLoadWorkers = 256;
  static constexpr unsigned kDefaultLoadWorkers = 4;
  // Bytes that a frame counts beside its content: its places in a map and a list, and heads of
  // memory.
  static constexpr std::uint64_t kFrameEntryBytes = 192;
};

struct CacheStats {
  std::uint64_t files = 0;               // modules in the cache
  std::uint64_t names = 0;               // paths that lead to them
  std::uint64_t bytes_read = 0;          // of modules in the cache that were read
  std::uint64_t bytes_mapped = 0;        // of those that are mapped
  std::uint64_t bytes_decompressed = 0;  // sections of modules in the cache, and seek tables
  std::uint64_t bytes_frames = 0;        // frames that are kept, with kFrameEntryBytes each
  std::uint64_t held_files = 0;          // modules that have left and are still pinned
  std::uint64_t held_bytes = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;           // gets that loaded, or waited for a load; get_async(): loads
  std::uint64_t evictions = 0;        // for want of capacity
  std::uint64_t revalidations = 0;    // files that were asked whether they changed
  std::uint64_t replacements = 0;     // and had been replaced
  std::uint64_t note_updates = 0;     // and had their note updated in place
  std::uint64_t errors = 0;           // gets that failed
  std::uint64_t decompressions = 0;   // of whole sections
  std::uint64_t frame_hits = 0;       // frames found, or got from who was decompressing them
  std::uint64_t frame_misses = 0;     // frames decompressed
  std::uint64_t frame_evictions = 0;  // frames that went for want of room
  std::uint64_t unwatched = 0;        // paths that kWatch cannot watch, and asks each interval

  // How long loads took that went well: open, read or map, and check. load_times[i] counts those of
  // 2^i microseconds and more, and less than 2^(i+1); the first all that were shorter as well, the
  // last all that were longer (1.05 s and more).
  static constexpr std::size_t kLoadTimes = 21;
  std::array<std::uint64_t, kLoadTimes> load_times{};
  std::uint64_t load_time_ns = 0;  // of all of them together
  // Which of load_times counts a load of so many nanoseconds.
  static constexpr std::size_t load_time_index(std::uint64_t ns) {
    return std::min<std::size_t>(std::bit_width(ns / 1000 | 1) - 1, kLoadTimes - 1);
  }
};

class SectionContent;

// A pin of a module. Move-only; copy() takes another. It may be used and destroyed by any thread,
// one at a time, and outlive the cache.
class ModuleRef {
 public:
  ModuleRef() = default;
  ModuleRef(ModuleRef&& other) noexcept : module_(std::exchange(other.module_, nullptr)) {}
  ModuleRef& operator=(ModuleRef&& other) noexcept {
    std::swap(module_, other.module_);
    return *this;
  }
  ~ModuleRef() { reset(); }

  explicit operator bool() const { return module_ != nullptr; }
  // To be kept while it is used: where the file was read, each call makes it anew, in some 40 ns.
  SmfView view() const;
  // Of the file when it was last asked for changes, or loaded. Takes the cache's lock.
  FileIdentity identity() const;
  bool is_mapped() const;
  // False once bytes of a mapped file were read behind the end of a file that became shorter: they
  // were read as zeros, and what was made of them is void. Asked after reading, it covers all that
  // was read before.
  bool ok() const;
  // Of a mapped file, as MappedFile::advise(); nothing to do for one that was read.
  Result<void> advise(os::Advice advice) const;
  // Another pin of the same module, without a look-up: it counts as a use of the module.
  // kOutOfMemory.
  Result<ModuleRef> copy() const;
  void reset() {
    if (module_ != nullptr) let_go(std::exchange(module_, nullptr));
  }

  // The uncompressed content of a section of view(), which counts as a use of the module. Of a
  // section stored uncompressed these are the bytes in the module (so ok() is to be asked after
  // reading them), and none of Bss. A compressed one is decompressed if nobody has done so yet.
  // Errors carry path, section and offset: kLimit for what is over CacheOptions::decompression,
  // kInvalidInput for what is damaged, or in a file that was truncated, kInvalidArgument for a
  // section of another module, kOutOfMemory. The next call tries again.
  Result<SectionContent> content(const Section& section) const;
  // Fills `out` with the content from `offset`. Of a seekable section, unless content() has all of
  // it, only the frames that it touches are decompressed; of other compressed ones all, as by
  // content(). kInvalidArgument where that is not within the section; else as content(), and an
  // error where the file was truncated. Then `out` holds anything.
  Result<void> read(const Section& section, std::uint64_t offset, std::span<std::byte> out) const;

 private:
  friend class internal::CacheState;
  explicit ModuleRef(internal::CachedModule* module) : module_(module) {}
  static void let_go(internal::CachedModule* module);
  internal::CachedModule* module_ = nullptr;
};

// Called once, with what get() would return. It must not throw, nor wait for other loads by
// get_async(), whose threads it may be on, nor destroy the cache.
using LoadCallback = std::move_only_function<void(Result<ModuleRef>)>;

// A load that get_async() was asked for. Letting it go calls nothing off. Move-only; it may outlive
// the cache. cancel(), and what is const, may be called by several threads at once.
class AsyncLoad {
 public:
  // Whether the result is there; with a callback, whether that has returned.
  bool is_ready() const;
  // Until it is ready.
  void wait() const;
  // The same; false if it takes longer than `timeout`.
  bool wait_for(std::chrono::nanoseconds timeout) const;
  // Calls the load off if it has not begun: then it is ready with kCancelled, and a callback has
  // been called by this thread. Others who asked for the same module still get it. False if it has
  // begun, or is ready.
  bool cancel();
  // Waits for the result, and gives it once. Not where there is a callback.
  Result<ModuleRef> get();

  AsyncLoad(AsyncLoad&&) noexcept = default;
  AsyncLoad& operator=(AsyncLoad&&) noexcept = default;
  ~AsyncLoad() = default;

 private:
  friend class SmfCache;
  explicit AsyncLoad(std::shared_ptr<internal::LoadRequest> request)
      : request_(std::move(request)), has_result_(true) {}
  explicit AsyncLoad(Result<ModuleRef> result) : result_(std::move(result)), has_result_(true) {}
  AsyncLoad() = default;

  std::shared_ptr<internal::LoadRequest> request_{};  // nullptr: it was ready at once
  Result<ModuleRef> result_{};                        // then
  bool has_result_ = false;                           // that get() has not given yet
};

// Content of a section, and a pin of its module, without which it would not last. Move-only;
// another one is had from ModuleRef::content(), which shares the bytes.
class SectionContent {
 public:
  SectionContent() = default;
  Bytes bytes() const { return bytes_; }
  const ModuleRef& module() const { return module_; }

 private:
  friend class ModuleRef;
  SectionContent(ModuleRef module, Bytes bytes) : module_(std::move(module)), bytes_(bytes) {}

  ModuleRef module_{};
  Bytes bytes_{};
};

struct PrefetchReport {
  struct Failure {
    std::string path{};
    Error error{};
  };
  std::uint64_t loaded = 0;         // were not there, and are now
  std::uint64_t already_there = 0;  // and not asked whether they changed
  std::vector<Failure> failures{};  // in the order of the paths
};

class SmfCache {
 public:
  // kInvalidArgument for options out of range.
  static Result<SmfCache> create(const CacheOptions& options = {});
  SmfCache(SmfCache&&) noexcept;
  SmfCache& operator=(SmfCache&&) noexcept;
  ~SmfCache();

  // The module at `path`, loaded if need be. Errors are those of loading.
  Result<ModuleRef> get(std::string_view path);

  // The same, without waiting. What is a hit is ready at once. Else it waits for its turn: kLimit
  // if `load_queue` requests do already, kSystem if no thread can be started, kOutOfMemory;
  // kCancelled if cancel(), or the end of the cache, comes before its turn.
  AsyncLoad get_async(std::string_view path);
  // `callback` gets the result: of a hit, and of what is refused, at once on this thread; else on a
  // thread of the cache, or on the one that cancels the load or destroys the cache.
  AsyncLoad get_async(std::string_view path, LoadCallback callback);

  // Loads the module into the cache if it is not there, and keeps no pin; one that is there is not
  // asked whether it changed. `advice` is for a mapped file: kWillNeed starts to read it and does
  // not wait, kPopulate waits until all of it is in memory. Errors are those of loading, and of
  // advice other than kWillNeed.
  Result<void> prefetch(std::string_view path, os::Advice advice = os::Advice::kWillNeed);
  // All of them, by `workers` threads (0: as many as processors), of which the calling one is the
  // first; where no more can be started, by fewer. Does not stop at what fails. kOutOfMemory if
  // there is not enough for the report.
  Result<PrefetchReport> prefetch_parallel(std::span<const std::string> paths, unsigned workers = 0,
                                           os::Advice advice = os::Advice::kWillNeed);

  // The module if it is in the cache, as it is: nothing is loaded, revalidated or counted.
  ModuleRef find(std::string_view path) const;
  bool is_cached(std::string_view path) const { return static_cast<bool>(find(path)); }

  // Takes the module at `path` out, with all its names. False if it was not there.
  bool evict(std::string_view path);
  // The next get() of `path` asks the file whether it changed. False if it is not there.
  bool invalidate(std::string_view path);
  void clear();

  CacheStats stats() const;

 private:
  SmfCache(std::shared_ptr<internal::CacheState> state, std::shared_ptr<internal::LoadPool> pool);
  std::shared_ptr<internal::CacheState> state_;
  std::shared_ptr<internal::LoadPool> pool_;
};

}  // namespace smf
