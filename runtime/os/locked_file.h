// A file that several processes write: one at a time, and never one that was replaced meanwhile.
//
// A file is changed in place, or replaced by renaming another over it. Whoever waits for the lock
// of a file that is being replaced gets the lock of a file that has no name any more; so after
// locking, the path is looked at again, and if it names another file, that one is locked instead.
// Every writer does that, also the one that replaces the file, which holds the lock of the old one
// until the new one has the name. Readers take no lock.
//
// The lock is flock(2). It belongs to the open file, so threads that opened the file themselves
// exclude each other as processes do, and the kernel releases it when the process dies, however it
// dies. Rejected: fcntl(2) record locks, which belong to the process (threads do not exclude each
// other) and vanish when anything in the process closes any descriptor of the file; open file
// description locks, which are the same as flock for a whole file, but not everywhere; a lock file
// beside the module, which stays behind after a crash and is no use to whoever may not write the
// folder. Over NFS, Linux turns flock into a lock of the server's.
#pragma once

#include <sys/stat.h>

#include <string>

#include "runtime/base/error.h"
#include "runtime/os/input_file.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

// Move-only; not thread-safe. A child process made by fork() shares the lock.
class LockedFile {
 public:
  enum class Access : std::uint8_t {
    kRead,       // for a writer that replaces the file
    kReadWrite,  // for one that changes it in place
  };

  LockedFile(std::string path, Access access, SystemCalls& calls = SystemCalls::kernel())
      : path_(std::move(path)), access_(access), calls_(&calls) {}

  // Waits for the lock of the file that the path names. True where that is another file than at
  // the last lock(), or the first: whatever was known of it is void. A file that stays open here
  // keeps its inode, so a new file is never taken for the old one.
  // Fails with kSystem, or with kInvalidInput where the path names no regular file.
  Result<bool> lock();
  // Without effect where there is no lock.
  void unlock();

  bool is_locked() const { return is_locked_; }
  const std::string& path() const { return path_; }
  // Of the file locked last; below 0 before.
  int descriptor() const { return descriptor_.get(); }
  std::uint64_t size() const { return size_; }  // at the last lock()
  SystemCalls& calls() const { return *calls_; }

  ~LockedFile() { unlock(); }
  LockedFile(LockedFile&& other) noexcept;
  LockedFile& operator=(LockedFile&& other) noexcept;

  // While locked. A file that ends within the range is an error.
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const;
  Result<void> write_at(std::uint64_t offset, Bytes bytes) const;
  Result<void> sync_data() const;  // fdatasync

 private:
  Result<void> open();
  Result<void> wait();

  std::string path_;
  Access access_;
  SystemCalls* calls_;
  Descriptor descriptor_{};
  std::uint64_t size_ = 0;
  bool is_locked_ = false;
};

}  // namespace smf::os
