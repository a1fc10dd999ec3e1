// Files that are read: by position, or as one span of bytes.
//
// InputFile reads by position and is what large inputs go through: memory stays flat however large
// the file. FileBytes is the whole file as a span, for code that wants to look around in it: up to
// kReadWholeBytes it is read into memory (cheaper than faulting pages in, and immune to a
// truncation meanwhile), above it is mapped privately and read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(int fd, SystemCalls& calls) : fd_(fd), calls_(&calls) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  SystemCalls& calls() const { return *calls_; }
  void reset();

 private:
  int fd_ = -1;
  SystemCalls* calls_ = nullptr;
};

// A regular file opened for reading. read_at() may be called from several threads at once.
class InputFile {
 public:
  // Fails with kSystem where the path cannot be opened, kInvalidInput where it is no regular file.
  static Result<InputFile> open(std::string path, SystemCalls& calls = SystemCalls::kernel());

  const std::string& path() const { return path_; }
  const struct stat& status() const { return status_; }  // when it was opened
  std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }  // bytes
  int descriptor() const { return descriptor_.get(); }
  SystemCalls& calls() const { return descriptor_.calls(); }
  std::uint32_t mode() const { return status_.st_mode & 07777; }  // permission bits

  // Fills `out` from `offset`. A file that has become shorter is an error, not a short read.
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  Descriptor descriptor_;
  std::string path_;
  struct stat status_{};
};

// The bytes of a whole file. The span stays where it is when the object is moved.
class FileBytes {
 public:
  static constexpr std::uint64_t kReadWholeBytes = 4u << 20;

  // "-" is standard input; pipes and devices are read to their end. At most `limit` bytes.
  static Result<FileBytes> load(const std::string& path, std::uint64_t limit = UINT64_MAX,
                                SystemCalls& calls = SystemCalls::kernel());

  // A regular file, always mapped, whatever its size; an empty one is refused.
  static Result<FileBytes> map(const std::string& path, SystemCalls& calls = SystemCalls::kernel());
  // The same of a file that is open; the mapping does not need it any longer.
  static Result<FileBytes> map(const InputFile& from);
  static Result<FileBytes> map(int descriptor, std::uint64_t size, const std::string& path,
                               SystemCalls& calls);

  // A file that is open, always read; one that has become shorter is an error.
  static Result<FileBytes> read(const InputFile& from);

  FileBytes() = default;
  ~FileBytes();
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;

  Bytes bytes() const { return mapped_ ? Bytes(mapped_, mapped_size_) : Bytes(read_); }
  bool is_mapped() const { return mapped_ != nullptr; }

 private:
  Result<void> map_whole(int fd, std::uint64_t size, const std::string& path, SystemCalls& calls);

  ByteVector read_;
  const std::byte* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  SystemCalls* calls_ = nullptr;
};

}  // namespace smf::os
