// For tests: a file system in memory that remembers what was done to it, in order.
//
// Files are here and nowhere else, so a test can run thousands of updates in the time a disk takes
// for one, look at a file between any two calls, and ask what a power cut would leave
// (power_cut.h). A mapping is the file's own bytes: what is written shows in it at once, as it does
// in the kernel's. One folder without a name holds everything; paths are opaque.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/os/system_calls.h"

namespace smf::os {

// Not thread-safe. What the library does not call fails with ENOSYS.
class MemoryCalls : public SystemCalls {
 public:
  struct File {
    ino_t number = 0;
    std::string bytes{};
    int mappings = 0;
  };

  struct Event {
    enum class Kind : std::uint8_t {
      kWrite,       // `data` at `offset` of `file`
      kSync,        // of `file`
      kName,        // `path` names `file` from now on
      kRemove,      // `path` names nothing
      kSyncFolder,  // names are on the disk
    };
    Kind kind;
    ino_t file = 0;
    std::size_t offset = 0;
    std::string data{};
    std::string path{};
    // Of what is written or gets another name: somebody holds its lock (of a name, the lock of the
    // file that had it).
    bool is_locked = false;
  };

  // A file that is on the disk already: no event. Gives its number.
  ino_t put(const std::string& path, std::string bytes);
  // The bytes of the file; dies where there is none.
  const std::string& bytes(const std::string& path) const;
  std::size_t file_count() const { return names_.size(); }
  std::size_t descriptor_count() const { return descriptors_.size(); }

  const std::vector<Event>& events() const { return events_; }
  void forget_events() { events_.clear(); }

  int open(const char* path, int flags, mode_t mode) override;
  int close(int fd) override;
  int fstat(int fd, struct stat* out) override;
  int stat(const char* path, struct stat* out) override;
  ssize_t readlink(const char* path, char* target, size_t size) override;
  int fchmod(int fd, mode_t mode) override;
  int fchown(int fd, uid_t user, gid_t group) override;
  ssize_t read(int fd, void* out, size_t size) override;
  ssize_t pread(int fd, void* out, size_t size, off_t offset) override;
  ssize_t write(int fd, const void* data, size_t size) override;
  ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) override;
  int fsync(int fd) override;
  int fdatasync(int fd) override;
  int flock(int fd, int operation) override;
  ssize_t listxattr(const char* path, char* names, size_t size) override;
  ssize_t getxattr(const char* path, const char* name, void* value, size_t size) override;
  int fsetxattr(int fd, const char* name, const void* value, size_t size) override;
  int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) override;
  int rename(const char* from, const char* to) override;
  int unlink(const char* path) override;
  int mkdir(const char* path, mode_t mode) override;
  void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) override;
  int munmap(void* address, size_t size) override;
  int madvise(void* address, size_t size, int advice) override;
  int mlock(const void* address, size_t size) override;
  int munlock(const void* address, size_t size) override;
  int msync(void* address, size_t size, int flags) override;
  int mincore(void* address, size_t size, unsigned char* resident) override;
  int inotify_init1(int flags) override;
  int inotify_add_watch(int fd, const char* path, std::uint32_t mask) override;
  int inotify_rm_watch(int fd, int watch) override;

 private:
  using FilePointer = std::shared_ptr<File>;
  struct Open {
    FilePointer file;  // null for the folder
    std::size_t position = 0;
    bool is_locked = false;
  };

  FilePointer make_file() { return std::make_shared<File>(File{.number = ++last_number_}); }
  int add_descriptor(FilePointer file);
  // Null, with errno set, where there is none, or it is the folder.
  Open* find_open(int fd);
  FilePointer find_named(std::string_view path);
  void give_name(const std::string& path, FilePointer file);
  bool is_locked(const FilePointer& file) const;

  std::map<std::string, FilePointer, std::less<>> names_;
  std::map<int, Open> descriptors_;
  std::multimap<const void*, FilePointer> mappings_;
  std::vector<Event> events_;
  ino_t last_number_ = 0;
};

}  // namespace smf::os
