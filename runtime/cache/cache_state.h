// The innards of a cache. One lock for everything but hits and letting pins go.
//
// What leaves goes in two steps. First it is unlinked: no reader finds it. Then, when every reader
// that may still have it in its hands has left its section, it is freed if nobody pins it, and
// otherwise kept in `left_` until the last pin is let go. The releaser counts, fences, and looks at
// `has_left`; the evictor sets `has_left`, fences, and sums the counts: one of them sees the other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/cache/cache.h"
#include "runtime/cache/cached_module.h"
#include "runtime/cache/chain.h"
#include "runtime/cache/identity_table.h"
#include "runtime/cache/module_table.h"
#include "runtime/cache/name_watch.h"
#include "runtime/cache/path_table.h"
#include "runtime/cache/section_content.h"
#include "runtime/cache/slabs.h"
#include "runtime/cache/thread_cells.h"

namespace smf::internal {

class CacheState : public std::enable_shared_from_this<CacheState> {
 public:
  explicit CacheState(const CacheOptions& options);  // throws std::bad_alloc
  ~CacheState();

  Result<ModuleRef> get(std::string_view path);
  // A hit; an empty one where there is none, or it is due for revalidation.
  ModuleRef hit(std::string_view path);
  ModuleRef find(std::string_view path);
  bool evict(std::string_view path);
  bool invalidate(std::string_view path);
  void clear();
  // Clears, and lets go what is the system's.
  void close();
  CacheStats stats();

  FileIdentity identity_of(const CachedModule& module) const;
  bool pin(CachedModule& module);
  void let_go(CachedModule& module);

  SectionContents& contents() { return contents_; }
  // Counts memory of a pinned module beside its file's bytes, until it is freed. Others go for it.
  void charge(CachedModule& module, std::uint64_t bytes);
  // Puts a frame of a pinned module into the cache of frames; other frames and modules go for it.
  // Throws std::bad_alloc, and then the frame is not kept.
  void keep_frame(const CachedModule& module, const FrameCache::Key& key,
                  const FrameCache::Frame& frame);

 private:
  using Lock = std::unique_lock<std::mutex>;
  using ContentHash = std::pair<std::uint64_t, std::uint64_t>;

  // A path that is being loaded or revalidated, and who waits for it.
  struct Load {
    bool is_done = false;
    bool is_stale = false;  // invalidated meanwhile
    std::optional<Error> error{};
  };

  // Coming into the cache is no use of a module yet: SIEVE tells the two apart.
  enum class Found : std::uint8_t { kThere, kNew };

  // What was unlinked and not yet freed.
  struct Garbage {
    Chain<CachedModule> modules{};
    Chain<Name> names{};
    Chain<PathTable::Slots> tables{};
    bool is_empty() const { return modules.is_empty() && names.is_empty() && tables.is_empty(); }
  };

  // The same, with a pin; nullptr where there is none.
  CachedModule* hit(std::uint64_t hash, std::string_view path);
  bool is_due(const Name& name) const;
  // Outside of a section.
  void poll_watch(CellsOfThread& mine);

  // These hold the lock, but while they call the system.
  Result<ModuleRef> get_slowly(std::uint64_t hash, const std::string& path);
  Result<Found> load_or_wait(Lock& lock, std::uint64_t hash, const std::string& path);
  Result<Found> bring_up_to_date(Lock& lock, std::uint64_t hash, const std::string& path);
  Result<Found> load(Lock& lock, std::uint64_t hash, const std::string& path);

  // Under the lock.
  void settle_watch(std::uint64_t hash, const std::string& path);
  void count_load_time(std::uint64_t ns);
  Found enter(ModuleFile file, std::uint64_t hash, const std::string& path);
  CachedModule& add(ModuleFile file, std::string_view path);
  // The module whose bytes are equal, if that is wanted.
  CachedModule* find_equal(const ModuleFile& file) const;
  void remember_content(CachedModule& module);
  void forget_content(const CachedModule& module);
  bool is_of_other_file(const Name& name) const;
  FileIdentity identity_of(const Name& name) const;
  void unlink_other_files(CachedModule& module);
  bool is_note_update(const CachedModule& module, const ModuleFile& file) const;
  void set_identity(CachedModule& module, const FileIdentity& identity);
  // Modules go until there is room for so many files and bytes more, but not `kept`; then frames.
  void make_room(std::uint64_t files, std::uint64_t bytes, const CachedModule* kept = nullptr);
  void unlink(CachedModule& module);
  void unlink_name(Name& name);
  void discard(Name* name);
  // The next get() asks the file. False if the path is not there.
  bool make_due(std::uint64_t hash, std::string_view path);
  void unwatch(const Name& name);
  std::uint32_t pins(const CachedModule& module) const;
  // Frees what was unlinked and nobody pins; the rest waits in left_. Needs no memory.
  void collect() noexcept;
  void free(CachedModule* module);
  void release_left(CachedModule* module);
  void let_go_elsewhere(CachedModule& module);

  const CacheOptions options_;
  os::SystemCalls& calls_;
  Slabs slabs_;                          // what small modules are read into
  SectionContents contents_;             // its frames count too, beside bytes_
  std::uint64_t files_ = 0, bytes_ = 0;  // in the cache
  const std::shared_ptr<ThreadCells> cells_;
  PathTable table_;
  const std::unique_ptr<NameWatch> watch_;  // with kWatch

  mutable std::mutex mutex_;
  std::condition_variable loaded_;
  std::map<std::string, std::shared_ptr<Load>, std::less<>> loads_;
  IdentityTable by_identity_;
  ModuleTable modules_;  // those in the cache
  // With CacheOptions::share_content: modules by the hash that they store of their content, and
  // names that lead to a module of another file.
  std::multimap<ContentHash, CachedModule*> by_content_;
  std::map<const Name*, FileIdentity> other_files_;
  Chain<CachedModule> left_;            // pinned
  std::shared_ptr<CacheState> keeper_;  // as long as there are any
  std::unique_ptr<Eviction> eviction_;
  Garbage garbage_;
  CacheStats counts_;  // the sums and what happens under the lock
};

}  // namespace smf::internal
