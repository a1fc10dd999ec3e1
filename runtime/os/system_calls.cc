#include "runtime/os/system_calls.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>

namespace smf::os {

int SystemCalls::open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags | O_CLOEXEC, mode);
}
int SystemCalls::close(int fd) { return ::close(fd); }
int SystemCalls::fstat(int fd, struct stat* out) { return ::fstat(fd, out); }
int SystemCalls::stat(const char* path, struct stat* out) { return ::stat(path, out); }
ssize_t SystemCalls::readlink(const char* path, char* target, size_t size) {
  return ::readlink(path, target, size);
}
int SystemCalls::fchmod(int fd, mode_t mode) { return ::fchmod(fd, mode); }
int SystemCalls::fchown(int fd, uid_t user, gid_t group) { return ::fchown(fd, user, group); }
ssize_t SystemCalls::read(int fd, void* out, size_t size) { return ::read(fd, out, size); }
ssize_t SystemCalls::pread(int fd, void* out, size_t size, off_t offset) {
  return ::pread(fd, out, size, offset);
}
ssize_t SystemCalls::write(int fd, const void* data, size_t size) {
  return ::write(fd, data, size);
}
ssize_t SystemCalls::pwrite(int fd, const void* data, size_t size, off_t offset) {
  return ::pwrite(fd, data, size, offset);
}
int SystemCalls::fsync(int fd) { return ::fsync(fd); }
int SystemCalls::fdatasync(int fd) { return ::fdatasync(fd); }
int SystemCalls::flock(int fd, int operation) { return ::flock(fd, operation); }
ssize_t SystemCalls::listxattr(const char* path, char* names, size_t size) {
  return ::listxattr(path, names, size);
}
ssize_t SystemCalls::getxattr(const char* path, const char* name, void* value, size_t size) {
  return ::getxattr(path, name, value, size);
}
int SystemCalls::fsetxattr(int fd, const char* name, const void* value, size_t size) {
  return ::fsetxattr(fd, name, value, size, 0);
}
int SystemCalls::linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) {
  return ::linkat(from_dir, from, to_dir, to, flags);
}
int SystemCalls::rename(const char* from, const char* to) { return std::rename(from, to); }
int SystemCalls::unlink(const char* path) { return ::unlink(path); }
int SystemCalls::mkdir(const char* path, mode_t mode) { return ::mkdir(path, mode); }
void* SystemCalls::mmap(void* address, size_t size, int protection, int flags, int fd,
                        off_t offset) {
  return ::mmap(address, size, protection, flags, fd, offset);
}
int SystemCalls::munmap(void* address, size_t size) { return ::munmap(address, size); }
int SystemCalls::madvise(void* address, size_t size, int advice) {
  return ::madvise(address, size, advice);
}
int SystemCalls::mlock(const void* address, size_t size) { return ::mlock(address, size); }
int SystemCalls::munlock(const void* address, size_t size) { return ::munlock(address, size); }
int SystemCalls::msync(void* address, size_t size, int flags) {
  return ::msync(address, size, flags);
}
int SystemCalls::mincore(void* address, size_t size, unsigned char* resident) {
  return ::mincore(address, size, resident);
}
int SystemCalls::sigaction(int signal, const struct sigaction* next, struct sigaction* previous) {
  return ::sigaction(signal, next, previous);
}
int SystemCalls::inotify_init1(int flags) { return ::inotify_init1(flags | IN_CLOEXEC); }
int SystemCalls::inotify_add_watch(int fd, const char* path, std::uint32_t mask) {
  return ::inotify_add_watch(fd, path, mask);
}
int SystemCalls::inotify_rm_watch(int fd, int watch) { return ::inotify_rm_watch(fd, watch); }
int SystemCalls::memfd_create(const char* name, unsigned flags) {
  return ::memfd_create(name, flags);
}
int SystemCalls::ftruncate(int fd, off_t size) { return ::ftruncate(fd, size); }
int SystemCalls::add_seals(int fd, int seals) { return ::fcntl(fd, F_ADD_SEALS, seals); }
int SystemCalls::mprotect(void* address, size_t size, int protection) {
  return ::mprotect(address, size, protection);
}
void* SystemCalls::mremap(void* address, size_t old_size, size_t size, int flags, void* wanted) {
  return ::mremap(address, old_size, size, flags, wanted);
}
int SystemCalls::mseal(void* address, size_t size) {
  constexpr long kMseal = 462;  // which C libraries of before 2024 do not name
  return static_cast<int>(::syscall(kMseal, address, size, 0));
}
ssize_t SystemCalls::getrandom(void* out, size_t size) { return ::getrandom(out, size, 0); }

SystemCalls& SystemCalls::kernel() {
  static SystemCalls instance;
  return instance;
}

}  // namespace smf::os
