// The one place where the library calls the kernel.
//
// Every wrapper in this package goes through a SystemCalls object, so that a test can make the n-th
// call fail, or return short, and see that nothing leaks and no file is left half written. The base
// class forwards to the kernel; a test derives from it. Results and errno are the kernel's own:
// -1 or MAP_FAILED with errno set. Implementations must be thread-safe.
//
// Rejected: link-time interposition (catches libraries' own calls too, and differs between static
// and shared builds), a table of function pointers (no state for the test without a global).
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>

namespace smf::os {

class SystemCalls {
 public:
  virtual ~SystemCalls() = default;

  virtual int open(const char* path, int flags, mode_t mode);
  virtual int close(int fd);
  virtual int fstat(int fd, struct stat* out);
  virtual int stat(const char* path, struct stat* out);
  virtual ssize_t readlink(const char* path, char* target, size_t size);
  virtual int fchmod(int fd, mode_t mode);
  virtual int fchown(int fd, uid_t user, gid_t group);
  virtual ssize_t read(int fd, void* out, size_t size);
  virtual ssize_t pread(int fd, void* out, size_t size, off_t offset);
  virtual ssize_t write(int fd, const void* data, size_t size);
  virtual ssize_t pwrite(int fd, const void* data, size_t size, off_t offset);
  virtual int fsync(int fd);
  virtual int fdatasync(int fd);
  virtual int flock(int fd, int operation);
  virtual ssize_t listxattr(const char* path, char* names, size_t size);
  virtual ssize_t getxattr(const char* path, const char* name, void* value, size_t size);
  virtual int fsetxattr(int fd, const char* name, const void* value, size_t size);
  virtual int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags);
  virtual int rename(const char* from, const char* to);
  virtual int unlink(const char* path);
  virtual int mkdir(const char* path, mode_t mode);
  virtual void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset);
  virtual int munmap(void* address, size_t size);
  virtual int madvise(void* address, size_t size, int advice);
  virtual int mlock(const void* address, size_t size);
  virtual int munlock(const void* address, size_t size);
  virtual int msync(void* address, size_t size, int flags);
  virtual int mincore(void* address, size_t size, unsigned char* resident);
  virtual int sigaction(int signal, const struct sigaction* next, struct sigaction* previous);
  virtual int inotify_init1(int flags);
  virtual int inotify_add_watch(int fd, const char* path, std::uint32_t mask);
  virtual int inotify_rm_watch(int fd, int watch);
  virtual int memfd_create(const char* name, unsigned flags);
  virtual int ftruncate(int fd, off_t size);
  virtual int add_seals(int fd, int seals);  // fcntl(F_ADD_SEALS)
  virtual int mprotect(void* address, size_t size, int protection);
  virtual void* mremap(void* address, size_t old_size, size_t size, int flags, void* wanted);
  virtual int mseal(void* address, size_t size);  // Linux 6.10
  virtual ssize_t getrandom(void* out, size_t size);

  // The kernel itself.
  static SystemCalls& kernel();
};

}  // namespace smf::os
