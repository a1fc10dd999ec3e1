// Which of a cache's names are due to be asked for changes, by what the system tells of their files
// (os/file_watch.h): Revalidation::kWatch.
//
// Nobody waits for the system's word. Once an `interval` the first get() that comes reads what has
// been queued, in one read(2) for all files (0.4 of what a stat(2) costs when there is nothing),
// and marks the names that it is about; all other hits compare a clock, as with kInterval. So a
// change is noticed as late as with kInterval, but a cache of 10,000 files makes ten reads a second
// instead of 100,000 stats. The kernel queues an event before the call that caused it returns: with
// an interval of 0 each get() reads the queue, under a lock, and sees whatever was done before it
// (but for a load of the same path that began earlier and whose result it shares, as always). If
// nobody gets anything, nothing is read; should the kernel's queue run over, all names are due.
//
//   rejected    a thread that blocks in poll(2) and marks: hits save the clock (2 ns of about 12),
//               and changes are seen in a thread's wake-up instead of an interval; but then nothing
//               gives "after rename() has returned", and an embedder has one more thread and
//               descriptor for each cache.
//   links       a path is resolved here, and each symbolic link on the way is watched as well as
//               the file where it leads: a link `current` that is switched to another folder makes
//               all names that go through it due.
//   unwatched   what the system will not watch (a limit, mostly) is asked each interval, and then
//               it is tried again.
//
// What is not noticed: what file_watch.h says inotify does not report (writes through a shared
// mapping or through a hard link in another folder, changes by other machines), and a folder that
// is renamed, if it is not the file's own; kInterval sees all of that. Resolving costs a
// readlink(2) for each part of the path when a module is loaded or asked for changes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/os/file_watch.h"
#include "runtime/os/system_calls.h"

namespace smf::internal {

// For Name::checked, besides times in milliseconds.
constexpr std::int64_t kNeverChecked = INT64_MIN;  // due
constexpr std::int64_t kWatched = INT64_MAX;       // not due until it is told otherwise

// Symbolic links that lead from a path to its file, each by a path without links before its last
// part, and then the file itself. Ends where nothing is; at most 40 links, or kSystem with ELOOP.
Result<std::vector<std::string>> links_and_file(std::string_view path, os::SystemCalls& calls);

// Thread-safe. Its lock may be taken under the cache's, not the other way round.
class NameWatch {
 public:
  NameWatch(os::SystemCalls& calls, std::chrono::milliseconds interval)
      : calls_(calls), interval_(interval.count()) {}

  // Changes of `path` from now on are noticed, if the system can watch it. To be called before the
  // file is looked at. Throws std::bad_alloc.
  void add(const std::string& path);
  // After the file was looked at: sets Name::checked, which is the time of that, to kWatched, or to
  // kNeverChecked if a change was noticed since add(); where nothing can be noticed it stays.
  void settle(std::string_view path, std::atomic<std::int64_t>& checked) const;
  void remove(std::string_view path);
  // Ends all watches, and does not begin any more.
  void close();

  // Called with each path that has become due. Must not throw, nor call this object.
  using Mark = std::function<void(const std::string& path)>;
  // Times in milliseconds of the cache's clock.
  bool is_due(std::int64_t now) const { return now >= next_.load(std::memory_order_relaxed); }
  // Reads what happened since the last time; if it cannot, all may have changed. Leaves that to
  // another thread that is at it, unless the interval is 0.
  void poll(std::int64_t now, const Mark& mark);

  std::uint64_t unwatched() const;  // paths

 private:
  using Points = std::vector<std::string>;
  struct Entry {
    bool is_watched = false;
    bool is_refused = false;   // when it was last tried to watch it
    bool has_changed = false;  // since add()
    Points points{};           // what is watched for it: links_and_file()
  };
  struct Less {
    using is_transparent = void;
    using View = std::pair<std::string_view, std::string_view>;
    bool operator()(const auto& a, const auto& b) const { return View(a) < View(b); }
  };
  using Lock = std::unique_lock<std::mutex>;

  // Under the lock. What is to be watched for a path is so, if add_points() succeeds.
  bool add_points(const std::string& path, Entry& entry, const Points& points);
  void give_up(std::string_view path, Entry& entry);
  void drop_points(std::string_view path, Entry& entry);
  void end_watch(const std::string& point) noexcept;
  void take(const os::FileWatch::Change& change, const Mark& mark);
  void take_all(const Mark& mark);

  os::SystemCalls& calls_;
  const std::int64_t interval_;  // ms
  std::atomic<std::int64_t> next_{0};

  mutable std::mutex mutex_;
  std::optional<os::FileWatch> watch_;
  std::map<std::string, Entry, std::less<>> entries_;               // by path
  std::set<std::pair<std::string, std::string>, Less> dependents_;  // point, path
  bool is_closed_ = false;
};

}  // namespace smf::internal
