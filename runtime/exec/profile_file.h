// A file that a profiler reads: whole records, appended by one process.
//
// Written to in pieces of 64 KiB, because a write() a record would cost more than publishing what
// the record is about ten times over. What cannot be written ends the file: it is cut back to its
// last whole piece, so that what is there can be read; nothing more is written, since a file with a
// hole in the middle would lie; and status() tells. A forked child has a copy of the buffer, whose
// bytes are the parent's to write: there nothing is ever written.
//
// append() and flush() neither throw nor allocate: they are called where neither may be.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/os/input_file.h"
#include "runtime/os/system_calls.h"

namespace smf::internal {

// For one thread at a time.
class ProfileFile {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

  // Empty, readable and writable by its owner only. A file of this user's that is there is emptied.
  // The usual places are folders in which everybody may put things, so what is at the end of a
  // symbolic link, another user's, or has a second name, or is no file, is left alone (EPERM; for
  // the link ELOOP). kSystem, kOutOfMemory.
  static Result<ProfileFile> create(std::string path, os::SystemCalls& calls);
  ProfileFile(ProfileFile&&) noexcept = default;
  ProfileFile& operator=(ProfileFile&&) = delete;
  ~ProfileFile() { flush(); }

  // A record, in two parts.
  void append(Bytes head, Bytes body = {}) noexcept;
  void flush() noexcept;
  // kSystem: the file ended early.
  Result<void> status() const;

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_.get(); }

 private:
  ProfileFile() = default;
  // Whether all of it was written; else nothing is from then on.
  bool write(Bytes bytes) noexcept;

  std::string path_{};
  os::Descriptor descriptor_{};
  pid_t owner_ = 0;
  ByteVector buffer_{};         // of fixed capacity
  std::uint64_t complete_ = 0;  // bytes of the file that are whole records
  int error_ = 0;               // errno of what ended the file
};

}  // namespace smf::internal
