// A part of a file, mapped into memory.
//
// By default the mapping is private, read-only and guarded: should the file be truncated while it
// is mapped, reads give zeros and is_truncated() says so (bus_guard.h), and no signal kills the
// process. Private does not mean a copy: what another process writes into the file shows in a
// private mapping as well, until the page has been written here.
//
// Whether to map at all is a question of size: here a mapping costs two system calls and a fault
// (tens of µs on a virtual machine) before the first byte, so small files are cheaper read
// (FileBytes in input_file.h). The advice is for who knows the order of the accesses:
//   kRandom      no reading ahead: a cold random access costs an eighth
//   kSequential  much reading ahead: a cold scan is three times as fast
//   kWillNeed    starts to read ahead; makes no page table entries, so each page still faults
//   kPopulate    reads, and makes the entries, in one call: a tenth of the price of faulting
//                each page; the only one that reports a page that cannot be read
//   kDontNeed    gives the pages back to the system; the next access fetches them from the file
//   kHugePage    asks for huge pages, which few file systems have
// Rejected for populating: MAP_POPULATE, which does the same but keeps silent where a page is
// missing, so that the signal comes later.
//
// No mapping is writable and executable, and there is no way to make one so: a protection cannot be
// changed, and the one that would be both has no name. Executable ones exist for programs that ask
// for them through the C interface; the library's own code goes through code memory. A mapping that
// is shared and writable is for who changes a file in place.
//
// Memory of no file is here too, because a caller who was given a range wants to give the same
// advice, locks and unmapping to either. It starts as zeros, has no path, and no guard: nothing can
// be truncated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/os/bus_guard.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

struct MapOptions {
  // Bits 1, 2 and 4; bytes() may be read where the first is set.
  enum class Protection : std::uint8_t {
    kNone = 0,
    kRead = 1,
    kWrite = 2,  // which processors take for kReadWrite, as a rule
    kReadWrite = kRead | kWrite,
    kExecute = 4,
    kReadExecute = kRead | kExecute,
  };
  enum class Sharing : std::uint8_t {
    kPrivate,  // what is written here stays here
    kShared,   // and here goes into the file
  };

  std::uint64_t offset = 0;  // bytes; any, not only whole pages
  std::uint64_t length = 0;  // bytes; 0: to the end of the file
  Protection protection = Protection::kRead;
  Sharing sharing = Sharing::kPrivate;
  bool populate = false;  // Advice::kPopulate at once; its failure is the mapping's
  bool guard = true;      // false: truncation raises SIGBUS, for processes that want no handler
};

enum class Advice : std::uint8_t {
  kNormal,
  kRandom,
  kSequential,
  kWillNeed,
  kDontNeed,
  kPopulate,
  kHugePage,
};

enum class Sync : std::uint8_t {
  kWait,   // returns when the bytes are on the disk
  kStart,  // returns at once
};

// Bytes of a mapping, counted from its first. Advice and the like go by pages: those that the part
// touches. A part that ends outside the mapping is kInvalidArgument.
struct MappedPart {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // 0: to the end
};

// Move-only; the bytes stay where they are when the object is moved. Calls that are const may come
// from several threads at once. Errors name the path; a refusing system is kSystem.
class MappedFile {
 public:
  // Fails with kInvalidInput where the path is no regular file, or ends before the part does, or
  // where the part is empty, which no mapping can be.
  static Result<MappedFile> open(std::string path, const MapOptions& options = {},
                                 SystemCalls& calls = SystemCalls::kernel());
  // Of a file that is open, for reading or, where the mapping is shared and writable, for both. The
  // mapping does not need the descriptor any longer. `path` is for messages.
  static Result<MappedFile> map(int descriptor, std::string path, const MapOptions& options = {},
                                SystemCalls& calls = SystemCalls::kernel());
  // Memory of no file: options.length bytes, and no offset.
  static Result<MappedFile> anonymous(const MapOptions& options,
                                      SystemCalls& calls = SystemCalls::kernel());

  MappedFile() = default;
  ~MappedFile() { discard(); }
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  // Begins at MapOptions::offset. Empty where nothing is mapped.
  Bytes bytes() const { return {pages_ + skip_, size_}; }
  // The mapping must have been made writable.
  std::span<std::byte> writable_bytes();

  MapOptions::Protection protection() const { return protection_; }
  const std::string& path() const { return path_; }
  const GuardedRange& guard() const { return guard_; }  // for ReadGuard; empty without a guard
  bool is_truncated() const { return guard_.is_truncated(); }

  // kDontNeed of a private writable mapping would undo what was written: kInvalidArgument.
  // kPopulate past the end of the file is kSystem with EFAULT. Before Linux 5.14, populating is
  // done by reading a byte of each page, and needs a guard: without one it is kSystem with EINVAL.
  Result<void> advise(Advice advice, MappedPart part = {}) const;

  // Keeps the pages in memory, which RLIMIT_MEMLOCK limits; and no longer.
  Result<void> lock(MappedPart part = {}) const;
  Result<void> unlock(MappedPart part = {}) const;

  // Of a mapping that is shared and writable; else kInvalidArgument.
  Result<void> sync(Sync how, MappedPart part = {}) const;

  // How many pages are in memory, mapped by this process or not. Of files that the caller neither
  // owns nor may write, the system calls every page resident.
  Result<std::uint64_t> resident_pages(MappedPart part = {}) const;

  // As the destructor does, which cannot report a failure. Nothing is mapped afterwards.
  Result<void> unmap();

 private:
  struct Pages {
    std::byte* begin;
    std::size_t size;  // bytes
  };

  Result<void> make(int descriptor, const MapOptions& options);
  Result<void> map_pages(int descriptor, std::size_t length, const MapOptions& options);
  Result<void> add_guard();
  Result<Pages> pages_of(MappedPart part) const;
  Result<void> populate(Pages pages) const;
  Result<void> touch(Pages pages) const;
  int discard();  // as munmap

  std::byte* pages_ = nullptr;  // the mapping, from the page that holds the first byte
  std::size_t skip_ = 0;        // from there to the first byte
  std::size_t size_ = 0;        // from there to the last
  MapOptions::Protection protection_ = MapOptions::Protection::kRead;
  MapOptions::Sharing sharing_ = MapOptions::Sharing::kPrivate;
  std::string path_;
  SystemCalls* calls_ = nullptr;
  GuardedRange guard_;
};

}  // namespace smf::os
