// For tests: system calls of which a chosen one fails, and that can be made to do things by halves.
#pragma once

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "runtime/os/system_calls.h"

namespace smf::os {

// What a file holds; nothing where it does not open.
inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Open descriptors of this process.
inline int descriptor_count() {
  int count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// Mappings of this process whose file has a path that contains `part`.
inline std::size_t mapping_count(std::string_view part) {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.contains(part) ? 1 : 0;
  return count;
}

// Over the calls of `Base`: the kernel's, or those of a file system in memory (memory_calls.h).
template <typename Base>
class FaultCallsOver : public Base {
 public:
  int fail_at = -1;           // the call, counted from 0, that fails with `error`
  bool stays_broken = false;  // all calls after it fail too, as if the process were gone
  int die_at = -1;            // the call, counted from 0, in front of which the process is killed
  int error = EIO;
  bool halves = false;  // reads and writes do at most `step` bytes, every other time EINTR
  std::size_t step = 7;
  bool has_unnamed_files = true;
  int calls = 0;

  int open(const char* path, int flags, mode_t mode) override {
    if (!has_unnamed_files && (flags & kTmpFileBit) != 0) {
      errno = EOPNOTSUPP;
      return -1;
    }
    return fails() ? -1 : Base::open(path, flags, mode);
  }
  int close(int fd) override {  // close() frees the descriptor even when it reports an error
    const bool failed = fails();
    const int result = Base::close(fd);
    if (failed) errno = error;
    return failed ? -1 : result;
  }
  int fstat(int fd, struct stat* out) override { return fails() ? -1 : Base::fstat(fd, out); }
  int stat(const char* path, struct stat* out) override {
    return fails() ? -1 : Base::stat(path, out);
  }
  ssize_t readlink(const char* path, char* target, size_t size) override {
    return fails() ? -1 : Base::readlink(path, target, size);
  }
  int fchmod(int fd, mode_t mode) override { return fails() ? -1 : Base::fchmod(fd, mode); }
  ssize_t read(int fd, void* out, size_t size) override {
    return fails() || interrupted() ? -1 : Base::read(fd, out, part(size));
  }
  ssize_t pread(int fd, void* out, size_t size, off_t offset) override {
    return fails() || interrupted() ? -1 : Base::pread(fd, out, part(size), offset);
  }
  ssize_t write(int fd, const void* data, size_t size) override {
    return fails() || interrupted() ? -1 : Base::write(fd, data, part(size));
  }
  ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) override {
    return fails() || interrupted() ? -1 : Base::pwrite(fd, data, part(size), offset);
  }
  int fdatasync(int fd) override { return fails() ? -1 : Base::fdatasync(fd); }
  int flock(int fd, int operation) override {
    return fails() || interrupted() ? -1 : Base::flock(fd, operation);
  }
  ssize_t listxattr(const char* path, char* names, size_t size) override {
    return fails() ? -1 : Base::listxattr(path, names, size);
  }
  ssize_t getxattr(const char* path, const char* name, void* value, size_t size) override {
    return fails() ? -1 : Base::getxattr(path, name, value, size);
  }
  int fsetxattr(int fd, const char* name, const void* value, size_t size) override {
    return fails() ? -1 : Base::fsetxattr(fd, name, value, size);
  }
  int fsync(int fd) override { return fails() ? -1 : Base::fsync(fd); }
  int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) override {
    return fails() ? -1 : Base::linkat(from_dir, from, to_dir, to, flags);
  }
  int rename(const char* from, const char* to) override {
    return fails() ? -1 : Base::rename(from, to);
  }
  int mkdir(const char* path, mode_t mode) override {
    return fails() ? -1 : Base::mkdir(path, mode);
  }
  void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) override {
    return fails() ? reinterpret_cast<void*>(-1)
                   : Base::mmap(address, size, protection, flags, fd, offset);
  }
  int munmap(void* address, size_t size) override {  // done even when it reports an error
    const bool failed = fails();
    const int result = Base::munmap(address, size);
    if (failed) errno = error;
    return failed ? -1 : result;
  }
  int madvise(void* address, size_t size, int advice) override {
    return fails() ? -1 : Base::madvise(address, size, advice);
  }
  int mlock(const void* address, size_t size) override {
    return fails() ? -1 : Base::mlock(address, size);
  }
  int munlock(const void* address, size_t size) override {
    return fails() ? -1 : Base::munlock(address, size);
  }
  int msync(void* address, size_t size, int flags) override {
    return fails() ? -1 : Base::msync(address, size, flags);
  }
  int mincore(void* address, size_t size, unsigned char* resident) override {
    return fails() ? -1 : Base::mincore(address, size, resident);
  }
  int sigaction(int signal, const struct sigaction* next, struct sigaction* previous) override {
    return fails() ? -1 : Base::sigaction(signal, next, previous);
  }
  int inotify_init1(int flags) override { return fails() ? -1 : Base::inotify_init1(flags); }
  int inotify_add_watch(int fd, const char* path, std::uint32_t mask) override {
    return fails() ? -1 : Base::inotify_add_watch(fd, path, mask);
  }
  int inotify_rm_watch(int fd, int watch) override {
    return fails() ? -1 : Base::inotify_rm_watch(fd, watch);
  }
  int memfd_create(const char* name, unsigned flags) override {
    return fails() ? -1 : Base::memfd_create(name, flags);
  }
  int ftruncate(int fd, off_t size) override { return fails() ? -1 : Base::ftruncate(fd, size); }
  int add_seals(int fd, int seals) override { return fails() ? -1 : Base::add_seals(fd, seals); }
  int mprotect(void* address, size_t size, int protection) override {
    return fails() ? -1 : Base::mprotect(address, size, protection);
  }
  void* mremap(void* address, size_t old_size, size_t size, int flags, void* wanted) override {
    return fails() ? reinterpret_cast<void*>(-1)
                   : Base::mremap(address, old_size, size, flags, wanted);
  }
  int mseal(void* address, size_t size) override {
    return fails() ? -1 : Base::mseal(address, size);
  }
  ssize_t getrandom(void* out, size_t size) override {
    return fails() ? -1 : Base::getrandom(out, size);
  }

 private:
  static constexpr int kTmpFileBit = 020000000;  // O_TMPFILE without O_DIRECTORY

  bool fails() {
    if (calls == die_at) static_cast<void>(std::raise(SIGKILL));
    const int number = calls++;
    if (number != fail_at && !(stays_broken && fail_at >= 0 && number > fail_at)) return false;
    errno = error;
    return true;
  }
  bool interrupted() {
    is_interrupted_ = halves && !is_interrupted_;
    if (is_interrupted_) errno = EINTR;
    return is_interrupted_;
  }
  std::size_t part(std::size_t size) const { return halves ? std::min(size, step) : size; }

  bool is_interrupted_ = false;
};

using FaultCalls = FaultCallsOver<SystemCalls>;

}  // namespace smf::os
