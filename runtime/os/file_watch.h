// Files by name, watched for changes: so that whoever keeps something of a file need not ask for
// its state (stat(2), 1.8 µs) each time, but only once something happened.
//
// What is watched is the folder, by inotify(7): a file that is replaced by renaming another over it
// has its old inode, and a watch of that, left behind. So a change is about a name: what stands
// under it was written, or is another file now, or none. A change says "look again"; it does not
// say what is there, and may come twice, or late.
//
// What inotify does not report, and a cache that relies on it alone would not see:
//   * writes through a shared mapping, and writes through another hard link in another folder;
//   * writes on other machines, where the file system is a network's;
//   * a symbolic link's target, if only the link's folder is watched: give the resolved path;
//   * that a folder further up was renamed, so that the path leads elsewhere now.
//
// Rejected: a watch of each file (its name is not watched, and there is a limit on watches:
// fs.inotify.max_user_watches); fanotify(7), which wants a privilege for anything by name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/os/input_file.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

// Move-only; not thread-safe. One descriptor, of which a process may have
// fs.inotify.max_user_instances.
class FileWatch {
 public:
  struct Change {
    enum class Kind : std::uint8_t {
      kContent,     // written, or closed by a writer
      kAttributes,  // mode, owner, times, number of links
      kName,        // created, removed, or renamed from or to: another file, or none
      kUnwatched,   // the folder is gone or moved: add the path again, or give it up
      kEverything,  // changes were lost: any file may have changed. `path` is empty
    };
    Kind kind;
    std::string path{};  // as it was given to add()

    friend bool operator==(const Change&, const Change&) = default;
  };

  static Result<FileWatch> create(SystemCalls& calls = SystemCalls::kernel());

  // Changes from now on are reported. The folder has to be there, the file need not. A path that is
  // watched already stays so. Fails with kSystem; then nothing has changed.
  Result<void> add(const std::string& path);
  // Changes that have not been polled yet are dropped with it. Without effect where the path is not
  // watched. The folder's watch ends with its last file.
  Result<void> remove(const std::string& path);
  std::size_t size() const { return watches_.size(); }  // paths

  // Calls `changed` for what has happened since the last call, in order, the same change in a row
  // once; does not wait. Takes at most a megabyte of events, the rest by the next call. `changed`
  // may add and remove. After a failure the next call that succeeds reports kEverything.
  Result<void> poll_changes(const std::function<void(const Change&)>& changed);

  // Becomes readable when there is something to poll; for poll(2) and its relatives.
  int descriptor() const { return descriptor_.get(); }

 private:
  // Paths by the name that they have in the folder; several paths may lead to one name.
  using Folder = std::multimap<std::string, std::string, std::less<>>;

  Result<void> read_events(std::vector<Change>& out);
  void take(int watch, std::uint32_t mask, std::string_view name, std::vector<Change>& out);
  void forget(int watch, std::vector<Change>& out);

  Descriptor descriptor_;
  std::map<int, Folder> folders_;       // by the kernel's number of the watch
  std::map<std::string, int> watches_;  // of each path
  bool has_lost_ = false;
};

}  // namespace smf::os
