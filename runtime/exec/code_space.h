// Where code lives: ranges of addresses, what memory is behind them, and who may do what there.
//
// A region is a range of 64 MiB, reserved without memory within 2 GiB of the program's own code, so
// that calls in both directions are direct ones. Memory comes in segments of 16 KiB to 1 MiB. In
// front of and behind each region is a page that nobody can touch.
//
// Dual mapping. The memory of a segment is a memfd, mapped twice: read and execute in the region,
// read and write at the same offset of a second range, at a random address. So publishing a
// function is a copy, and nothing is ever writable and executable at one address.
//   * The executable view is mapped from a descriptor that was opened for reading, so the kernel
//     never lets it become writable; the memfd is sealed against further writable mappings
//     (F_SEAL_FUTURE_WRITE), against changes of its size and of its seals, and no descriptor stays.
//   * The writable view is in no core dump and in no forked child, and nothing in the executable
//     one tells where it is: the distance is kept outside of both, in memory that a child finds
//     wiped, so that there the first write is refused.
//   * hide() takes the writable view away from everybody until show(): it becomes inaccessible,
//     rather than unmapped, because mapping it anew would need a descriptor or an unsealed file.
//   * All pages are there before the first write: 1.5 us a page for both views together, where a
//     page fault costs some 12 us on a virtual machine.
// A small step instead of one memfd a region, because a memfd sealed like this gives no page back
// (hole punching is a write): what is empty is returned by unmapping it.
//
// Page protection, for where the kernel refuses that (no memfd that may be executed, SELinux), or
// where it does not work (emulators that do not see code change through another address: Erlang
// and QEMU know each other from this). A block has pages of its own, writable until it is
// published, executable after. Each change costs system calls, some 10 us a pair, and a function
// at least a page. Which of the two it is is tried, by writing, calling, overwriting and calling a
// function, not guessed.
//
// Rejected: one mapping that is RWX (what this replaces), protection keys (execution cannot be
// revoked by a key, and most machines have none), a view a write (.NET had it, and its compiler
// became slower until the views were cached), huge pages (a memfd has none unless the administrator
// says so).
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf {

// How memory is kept from being writable and executable at once.
enum class CodeProtection : std::uint8_t {
  kDualMapping,     // two views of the same memory
  kPageProtection,  // a page is first writable, then executable
};

namespace internal {

class CodeSpace {
 public:
  struct Options {
    std::optional<CodeProtection> protection{};  // nullopt: what works here
    const void* near = nullptr;                  // nullptr: this library's code, if there is room
    std::size_t region_size = 0;                 // bytes; a power of two from kMaxSegment
    unsigned max_regions = 0;                    // at most kMaxRegions
    os::SystemCalls* calls = nullptr;
  };
  // What a page may be used for; page protection only.
  enum class Access : std::uint8_t { kNone, kWrite, kExecute };

  static constexpr std::size_t kMinSegment = std::size_t{16} << 10;
  static constexpr std::size_t kMaxSegment = std::size_t{1} << 20;
  static constexpr unsigned kMaxRegions = 128;
  // rel32 reaches 2 GiB; code and data of the program are this large at most.
  static constexpr std::uint64_t kReach = (std::uint64_t{1} << 31) - (std::uint64_t{64} << 20);

  // Finds out which protection works, unless one is asked for. kSystem where none does.
  static Result<CodeSpace> create(const Options& options);
  CodeSpace(CodeSpace&& other) noexcept;
  CodeSpace& operator=(CodeSpace&&) = delete;
  ~CodeSpace();

  CodeProtection protection() const { return protection_; }
  // Why it is not a dual mapping, where that was tried; empty otherwise.
  const std::string& refusal() const { return refusal_; }
  std::size_t region_size() const { return options_.region_size; }

  // The following may be called by any thread at any time.

  unsigned regions() const { return region_count_.load(std::memory_order_acquire); }
  // Where code runs.
  std::byte* code(unsigned region) const { return regions_[region].code; }
  // Where the same is written; nullptr while nobody may.
  std::byte* writable(unsigned region) const {
    const std::uintptr_t begin = shared_->writable[region].load(std::memory_order_seq_cst);
    return reinterpret_cast<std::byte*>(begin);
  }

  // The following are for one thread at a time.

  // kLimit: max_regions. kNotFound: no range is free that near to Options::near.
  Result<unsigned> add_region();
  // Whether a call to `near` reaches from everywhere.
  bool is_near() const { return is_near_; }

  // Segments: their offsets, counted over all regions, and sizes, which are multiples of
  // min_segment(): kMinSegment, or a page where that is more.
  std::size_t min_segment() const { return std::max(kMinSegment, page_); }
  const std::map<std::uint64_t, std::size_t>& segments() const { return segments_; }
  // The lowest offset at which so many bytes are free, in a region that is there.
  std::optional<std::uint64_t> find_gap(std::size_t size) const;
  // Full of traps, in a dual mapping; inaccessible with page protection.
  Result<void> add_segment(std::uint64_t offset, std::size_t size);
  Result<void> remove_segment(std::uint64_t offset);

  // Of whole pages; page protection only. kNone gives their memory back.
  Result<void> protect(std::span<std::byte> pages, Access access);

  // From now on writable() is nullptr. Takes effect with take_away(); show() calls it off.
  void announce_hiding();
  Result<void> take_away();
  // kUnsupported once it is sealed, and in another process than the one that made it.
  Result<void> show();
  bool is_hidden() const { return is_hidden_; }

  // For ever: no writable view, and what is executable can be neither changed nor unmapped.
  Result<void> seal();
  bool is_sealed() const { return is_sealed_; }
  // Whether the kernel keeps it so against the program itself (mseal, Linux 6.10).
  bool is_sealed_by_kernel() const { return is_sealed_by_kernel_; }

 private:
  struct Region {
    std::byte* code = nullptr;
    std::byte* writable = nullptr;  // of page protection: the same
  };
  // On pages of their own, which a forked child finds zeroed.
  struct Shared {
    std::atomic<std::uintptr_t> writable[kMaxRegions];
  };

  explicit CodeSpace(const Options& options);
  Result<void> make_shared();
  Result<void> try_dual_mapping();
  Result<std::byte*> reserve(bool near);
  std::byte* reserve_at(std::uintptr_t address);
  Result<void> map_segment(std::byte* code, std::byte* writable, std::size_t size);
  Result<void> map_twice(std::byte* code, std::byte* writable, std::size_t size);
  Result<void> forget_pages(std::byte* first, std::size_t size);
  void release(std::byte* first);
  void publish();
  std::size_t reserved_size() const { return options_.region_size + 2 * page_; }

  Options options_;
  os::SystemCalls* calls_;
  std::size_t page_;
  pid_t owner_;
  CodeProtection protection_ = CodeProtection::kDualMapping;
  std::string refusal_{};
  bool is_near_ = true;
  bool is_hidden_ = false;
  bool is_sealed_ = false;
  bool is_sealed_by_kernel_ = false;
  Shared* shared_ = nullptr;
  std::vector<Region> regions_{};  // of max_regions, so that it never moves
  std::atomic<unsigned> region_count_{0};
  std::map<std::uint64_t, std::size_t> segments_{};
};

}  // namespace internal
}  // namespace smf
