// For tests: the kernel's system calls, with a record of which were made and what is still held.
//
// Under a FaultCallsOver it records the calls that reach the kernel, not those that were made to
// fail.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "runtime/os/system_calls.h"

namespace smf::os {

// Not thread-safe.
class RecordingCalls : public SystemCalls {
 public:
  std::vector<std::string_view> names{};  // in order; only of what is below
  int open_descriptors = 0;
  std::size_t mapped_bytes = 0;

  int open(const char* path, int flags, mode_t mode) override {
    names.emplace_back("open");
    const int fd = SystemCalls::open(path, flags, mode);
    if (fd >= 0) ++open_descriptors;
    return fd;
  }
  int close(int fd) override {
    names.emplace_back("close");
    --open_descriptors;
    return SystemCalls::close(fd);
  }
  int fstat(int fd, struct stat* out) override {
    names.emplace_back("fstat");
    return SystemCalls::fstat(fd, out);
  }
  int stat(const char* path, struct stat* out) override {
    names.emplace_back("stat");
    return SystemCalls::stat(path, out);
  }
  ssize_t read(int fd, void* out, size_t size) override {
    names.emplace_back("read");
    return SystemCalls::read(fd, out, size);
  }
  ssize_t pread(int fd, void* out, size_t size, off_t offset) override {
    names.emplace_back("pread");
    return SystemCalls::pread(fd, out, size, offset);
  }
  ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) override {
    names.emplace_back("pwrite");
    return SystemCalls::pwrite(fd, data, size, offset);
  }
  void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) override {
    names.emplace_back("mmap");
    void* const mapped = SystemCalls::mmap(address, size, protection, flags, fd, offset);
    if (mapped != MAP_FAILED) mapped_bytes += size;
    return mapped;
  }
  int munmap(void* address, size_t size) override {
    names.emplace_back("munmap");
    const int result = SystemCalls::munmap(address, size);
    if (result == 0) mapped_bytes -= size;
    return result;
  }
  int madvise(void* address, size_t size, int advice) override {
    names.emplace_back("madvise");
    return SystemCalls::madvise(address, size, advice);
  }
};

}  // namespace smf::os
