// A folder for the files of a benchmark, which go whatever becomes of it.
//
// A gigabyte of files is not to stay behind when somebody presses ^C or a check fails. So the work
// is done by a child process, and the parent does nothing but wait and remove the folder. Rejected:
// removing it in a signal handler, which may not walk a folder; a thread that waits for signals,
// which makes each read(2) of a file dearer, since the descriptors are then shared.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace smf::bench {

struct Place {
  std::string folder;
  std::string file_system;  // "ext", "xfs", "tmpfs", …
  bool is_on_disk = false;  // not in memory
};

// `folder`, or if that is empty the first that can be written to and is on a disk, of $TEST_TMPDIR,
// $TMPDIR, /var/tmp and /tmp; failing that, the first that can be written to.
Place find_place(const std::string& folder);

// Calls `work` with a new folder in `place`, in a child process, and returns what it returned.
// Where a signal ended the child, the same signal ends this process. Called while the process has
// one thread.
int run_in_temporary_folder(const Place& place, const std::function<int(const std::string&)>& work);

// What `path` is on, as in Place.
std::string file_system_of(const std::string& path);

// Where temporary files go: $TEST_TMPDIR, which is a test's alone, or the system's folder for them.
std::string folder_for_temporary_files();

// A path there that is this process's alone: `name` and the process's number. Where this variable
// names a folder that is, it is `name` in that, so that what is hashed of paths is the same from
// run to run.
inline constexpr const char* kOwnFolderVariable = "SMF_BENCH_OWN_FOLDER";
std::string own_path(std::string_view name);

}  // namespace smf::bench
