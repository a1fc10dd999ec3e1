// SmfCache: modules that are open, found by their paths.
//
//     SMF_ASSIGN(SmfCache cache, SmfCache::create({.max_files = 1000}));
//     SMF_ASSIGN(const ModuleRef module, cache.get("lib/list.smf"));
//     use(module.view());
//
// The first get() of a path opens, reads or maps, and checks the module; whoever asks meanwhile
// waits for that one load. Later ones find it: hash the path, probe a table, compare the path,
// count the pin in a cell of the calling thread (thread_cells.h). They take no lock, make no
// system call (but with Revalidation::kAlways) and write nothing that threads share.
//
// **A ModuleRef pins its module**: the bytes stay while anyone holds it, also after the module was
// evicted, invalidated, or replaced on the disk. What leaves the cache no longer counts against its
// capacity; stats() says how much of it is still held.
//
// **Two names of one file share it**: the file is known by device, inode, size and times. Paths are
// keys as they are given.
//
// **A changed file is noticed** when its path is asked for, as often as `revalidation` says. One
// that was replaced (another inode, or another size) is loaded anew, and old pins keep the old
// bytes. One of which only the times differ, with an equal header, section table and module_hash,
// had its note updated in place: a mapping shows that by itself and stays; what was read is read
// again. A file that has gone, or is no module any more, is an error, and its entry goes.
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

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/cache/eviction.h"
#include "runtime/cache/module_file.h"
#include "runtime/format/compression.h"
#include "runtime/format/view.h"
#include "runtime/os/system_calls.h"

namespace smf {

namespace internal {
class CachedModule;
class CacheState;
}  // namespace internal

enum class Revalidation : std::uint8_t {
  kAlways,    // a stat() at each hit
  kInterval,  // one at a hit, when the last is `interval` ago
  kNever,     // until evict() or invalidate()
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
  os::SystemCalls* calls = nullptr;  // nullptr: the kernel

  static constexpr std::uint64_t kMaxFilesCeiling = 500'000;
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
  std::uint64_t misses = 0;           // gets that loaded, or waited for a load
  std::uint64_t evictions = 0;        // for want of capacity
  std::uint64_t revalidations = 0;    // files that were asked whether they changed
  std::uint64_t replacements = 0;     // and had been replaced
  std::uint64_t note_updates = 0;     // and had their note updated in place
  std::uint64_t errors = 0;           // gets that failed
  std::uint64_t decompressions = 0;   // of whole sections
  std::uint64_t frame_hits = 0;       // frames found, or got from who was decompressing them
  std::uint64_t frame_misses = 0;     // frames decompressed
  std::uint64_t frame_evictions = 0;  // frames that went for want of room
};

class SectionContent;

// A pin of a module. Move-only; copy() takes another. It may be used and destroyed by any thread,
// one at a time, and outlive the cache.
class ModuleRef {
 public:
  ModuleRef() = default;
  ModuleRef(ModuleRef&& other) noexcept;
  ModuleRef& operator=(ModuleRef&& other) noexcept;
  ~ModuleRef();

  explicit operator bool() const { return module_ != nullptr; }
  const SmfView& view() const;
  // Of the file when it was loaded.
  const FileIdentity& identity() const;
  bool is_mapped() const;
  // False once bytes of a mapped file were read behind the end of a file that became shorter: they
  // were read as zeros, and what was made of them is void. Asked after reading, it covers all that
  // was read before.
  bool ok() const;
  // Another pin of the same module, without a look-up: it counts as a use of the module.
  // kOutOfMemory.
  Result<ModuleRef> copy() const;
  void reset();

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
  internal::CachedModule* module_ = nullptr;
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

class SmfCache {
 public:
  // kInvalidArgument for options out of range.
  static Result<SmfCache> create(const CacheOptions& options = {});
  SmfCache(SmfCache&&) noexcept;
  SmfCache& operator=(SmfCache&&) noexcept;
  ~SmfCache();

  // The module at `path`, loaded if need be. Errors are those of loading.
  Result<ModuleRef> get(std::string_view path);
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
  explicit SmfCache(std::shared_ptr<internal::CacheState> state);
  std::shared_ptr<internal::CacheState> state_;
};

}  // namespace smf
