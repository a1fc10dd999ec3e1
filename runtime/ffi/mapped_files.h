// The mappings that foreign code made, found again by any address in them.
//
// Foreign code holds addresses, and may hand in any number for one. So nothing here is read,
// advised or unmapped on the word of an address: it is looked up among the live mappings, which are
// ordered by address and never overlap, and what it stands for has to lie in one of them, whole.
//
// Two locks. The table's is held for a look-up and a count, never for a system call or a copy of
// bytes. It is a plain mutex: a reader goes on to allocate and copy, which takes longer, so readers
// rarely meet; and std::shared_mutex prefers readers, so those that overlap could keep out whoever
// maps or unmaps for as long as they like. Rejected: a table that is read without a lock, which
// needs a way to free old tables while someone may be reading them, to save what the copy hides.
//
// Each mapping has the other, shared by those who use it. A use begins under the table's lock, and
// who unmaps takes the mapping out of the table first: so it then waits for the uses that began
// before, and for no others, and when unmap() returns the memory is gone. Rejected: letting the
// mapping go with its last reader, where nobody is left whom a failing munmap(2) could be told.
//
// A mapping is an os::MappedFile, of files and of no file alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/ffi/allocation.h"
#include "runtime/ffi/arguments.h"
#include "runtime/os/mapped_file.h"
#include "runtime/os/system_calls.h"

namespace smf::ffi {

// Of a mapping: `size` is what was asked for, or the rest of the file; not whole pages.
struct MappedRange {
  std::int64_t address = 0;
  std::int64_t size = 0;
};

// Numbers are as foreign code passes them, and may be anything; what cannot be is
// kInvalidArgument, and the message says which value. All functions may be called from several
// threads at once. Throws std::bad_alloc, with nothing changed.
class MappedFiles {
 public:
  static constexpr std::size_t kMaxPathBytes = ffi::kMaxPathBytes;

  // Bits of `protection` and `flags`, and numbers of advice, as the language has them.
  static constexpr std::int64_t kRead = 1, kWrite = 2, kExecute = 4;
  static constexpr std::int64_t kShared = 1, kPrivate = 2, kFixed = 0x10, kAnonymous = 0x20;

  explicit MappedFiles(os::SystemCalls& calls = os::SystemCalls::kernel()) : calls_(&calls) {}
  MappedFiles(const MappedFiles&) = delete;
  MappedFiles& operator=(const MappedFiles&) = delete;

  Result<MappedRange> map(std::string_view path, std::int64_t protection, std::int64_t flags,
                          std::int64_t offset, std::int64_t length);

  // What map() gave, both. Waits for those who use the mapping. Where munmap(2) itself fails, the
  // memory stays, and is unknown here all the same.
  Result<void> unmap(std::int64_t address, std::int64_t size);

  // A copy of `length` bytes from `offset` after the address, which may be any in the mapping.
  // Fails with kInvalidInput where the file was found truncated: the bytes would be zeros.
  Result<Allocation> read_bytes(std::int64_t address, std::int64_t offset, std::int64_t length);

  // The same of bytes up to a zero, the end of the mapping, or `max_length` of them unless it is 0.
  Result<Allocation> read_text(std::int64_t address, std::int64_t offset, std::int64_t max_length);

  // The bytes themselves, which last as long as the mapping.
  Result<Bytes> view(std::int64_t address, std::int64_t offset, std::int64_t length);

  // Of the pages that the range touches, as those of os::MappedFile. The range is not empty.
  Result<void> sync(std::int64_t address, std::int64_t size, os::Sync how);
  Result<void> lock(std::int64_t address, std::int64_t size);
  Result<void> unlock(std::int64_t address, std::int64_t size);
  Result<void> advise(std::int64_t address, std::int64_t size, std::int64_t advice);

  // Of a regular file, in bytes.
  Result<std::int64_t> file_size(std::string_view path);

  std::size_t count();

 private:
  struct Mapping;
  class Use;

  // Of the mapping that holds the address, at that place; the others hold so many bytes behind.
  Result<Use> find(std::int64_t address);
  Result<Use> find_range(std::int64_t address, std::int64_t size);
  Result<Use> find_readable(std::int64_t address, std::int64_t offset, std::int64_t length);

  os::SystemCalls* calls_;
  std::mutex mutex_{};
  std::map<std::uint64_t, std::shared_ptr<Mapping>> mappings_{};  // by first address
};

}  // namespace smf::ffi
