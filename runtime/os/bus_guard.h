// A mapped file that becomes shorter must not kill the process.
//
// An access to a mapped page that lies past the end of its file raises SIGBUS. Code that parses a
// span knows nothing of that and cannot check each load. So the ranges that are mapped are known to
// a handler, which puts pages of zeros there, notes it, and lets the access go on: the reader reads
// zeros, rejects them or not, and whoever holds the range sees is_truncated() and throws away what
// was read. A module that is published by renaming is never truncated; this is for the rest.
//
//     SMF_ASSIGN(const GuardedRange range, GuardedRange::add(mapped));
//     const ReadGuard guard(range);
//     ... read ...
//     if (!guard.ok()) ... what was read is void ...
//
// What it does not see:
//   * The rest of the last page. The kernel itself shows zeros between the end of a file and the
//     end of the page, and raises nothing. Who must know compares the file's size afterwards.
//   * System calls that are given the span (write(2), for one): they fail with EFAULT.
//   * A thread that has SIGBUS blocked: the kernel ends the process then.
//   * Accesses after somebody else's handler took the place of ours: signal_chain.h.
// An input error of the disk raises the same signal, and is treated in the same way: the range has
// lost its content, the process has not. Memory that the machine found broken (BUS_MCEERR_*) and
// misaligned accesses are not ours: they go to the handler that was there before.
//
// Zeros go from the page that was hit to the end of the range, not only into that page. A file is
// cut at its end, so the pages behind are gone too; a scan through them then costs one signal (10
// µs) in place of one a page, and the range never splits into more than two mappings, while one
// page at a time could run the process into vm.max_map_count, where the next mmap fails for
// everybody. If the file grows again meanwhile, the zeros stay: the range is void from the first
// hit on.
//
// A ReadGuard costs a pointer and a load: ok() asks whether the range was ever hit, not whether
// it was hit since, because zeros that an earlier access put there are read without a signal.
// Rejected: sigsetjmp in each scope, which is as cheap but jumps over the destructors of the code
// that holds the span; a check of the file's size before each read, which costs a system call and
// is void at once; reading by userfaultfd(2), which does not cover mapped files.
#pragma once

#include <cstdint>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf::os {

struct GuardSlot;  // where the handler looks; never freed

// A mapping of a file, guarded as long as this object lives. Move-only. is_truncated() may be asked
// from any thread; moving and removing take one thread, and no other that still reads the range.
// After fork() the child's ranges are guarded as the parent's are.
class GuardedRange {
 public:
  static constexpr std::size_t kMostRanges = 65'536;  // Linux allows a process 65,530 mappings

  enum class Access : std::uint8_t {
    kRead,
    kReadWrite,  // what is written past the end goes nowhere
  };

  // `mapped`, not empty, is memory that the caller mapped from a file; it is extended to whole
  // pages. It overlaps no other range. The first call installs the handler. Fails with kSystem,
  // kOutOfMemory, or kLimit where there are kMostRanges.
  static Result<GuardedRange> add(Bytes mapped, Access access = Access::kRead,
                                  SystemCalls& calls = SystemCalls::kernel());

  // Whether the handler that the process has now is ours: false where another came later.
  static Result<bool> is_handler_in_front(SystemCalls& calls = SystemCalls::kernel());

  GuardedRange() = default;
  ~GuardedRange() { remove(); }
  GuardedRange(GuardedRange&& other) noexcept;
  GuardedRange& operator=(GuardedRange&& other) noexcept;

  // Before the memory is unmapped: afterwards a handler that is still at work might put zeros over
  // whatever is mapped there next. Waits for such handlers. Without effect where there is nothing.
  void remove();

  explicit operator bool() const { return slot_ != nullptr; }

  // Whether an access found no file behind a page of the range. Everything that was read from the
  // range before this call is covered by the answer. False where there is nothing.
  bool is_truncated() const { return hits() != 0; }
  std::uint64_t hits() const;  // signals that were taken in the range

 private:
  GuardSlot* slot_ = nullptr;
};

// A stretch of reading, whose answer covers all that it read. Any number at once, in any thread.
class ReadGuard {
 public:
  explicit ReadGuard(const GuardedRange& range) : range_(&range) {}
  ReadGuard(const ReadGuard&) = delete;
  ReadGuard& operator=(const ReadGuard&) = delete;

  // Whether what has been read by now came from the file.
  bool ok() const { return !range_->is_truncated(); }
  // The same as a result, for the end of a function that returns one.
  Result<void> check() const;

 private:
  const GuardedRange* range_;
};

}  // namespace smf::os
