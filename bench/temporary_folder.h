// A folder for the files of a benchmark, which go whatever becomes of it.
//
// A gigabyte of files is not to stay behind when somebody presses ^C or a check fails. So the work
// is done by a child process, and the parent does nothing but wait and remove the folder. Rejected:
// removing it in a signal handler, which may not walk a folder; a thread that waits for signals,
// which makes each read(2) of a file dearer, since the descriptors are then shared.
#pragma once

#include <functional>
#include <string>

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

}  // namespace smf::bench
