// Memory that small modules are read into: populated ahead, taken in blocks, given back whole.
//
// A slab is 8 MiB of private anonymous memory: four huge pages, where the system has them to give.
// It is populated in front of what is in use, so that read(2) into a block finds its pages there,
// in steps of 128 KiB; the step that brings a huge page pays for those behind it, which are calls
// that find nothing to do. What was never used of a slab takes no memory.
//
// A block is a multiple of 64 bytes, the first on a boundary of 64: a cache line, and enough for
// what a section may want to be aligned to (SmfView wants nothing: it copies what it reads). Free
// extents keep their own books, in their own bytes: a node at the front, the size at the end, a bit
// in the slab's map for the first and the last unit. So a block that is given back finds its free
// neighbours in O(1), nothing is allocated for it, and giving back cannot fail. Nodes hang in 64
// lists by size, four to a power of two. What is taken is the smallest that fits of the first 32 in
// the list of its size, or else of the next list that is not empty: the best fit, but for lists
// that are longer, in bounded time.
//
//   overhead   24 bytes a block, in whoever holds it, and what rounding to 64 takes (1.6 % of 2
//              KiB); 0.2 % of a slab
//   larger     than half a slab: a mapping of its own, in whole pages, populated
//   returned   a slab that is wholly free goes back to the system, but for one, which is kept so
//              that a module that comes and goes does not map and populate at each turn
//
// Why not malloc. Of memory that it hands out for the first time each page faults at its first
// touch, one by one, inside of the read. On the virtual machine this was made for that is 15 us a
// page; a page that was populated still costs 8 when it is first touched, since the hypervisor
// makes its own entry then, and one of a huge page 0.2 to 0.6, all told. Blocks of 128 KiB and more
// malloc maps and unmaps each time, until its threshold has adapted. What modules leave behind lies
// between other objects of the program, so when it goes back to the system is anybody's guess. For
// a module of 4 KiB that is read, dropped and read again malloc is no worse: it gives the same warm
// block back, and both times are those of the system calls.
//
// The bytes are not made read-only. Protection goes by pages, and a page holds several modules: it
// would have to be made writable for each load, at 10 to 100 us, while others read beside it. A
// second, read-only mapping of the same memory would do it without calls, for twice the page
// tables and shared memory in place of private; it would guard against stray writes only, which the
// heap that this replaces did not either. AddressSanitizer knows what is a block: reading one that
// was given back, or behind the file's end, is found as it is on the heap.
//
// The price of huge pages: a program with three small modules has 2 MiB for them. A slab has room
// for two of the largest files that are worth reading anywhere (crossover.h), and could not have
// more: they would come without huge pages, and then they are not worth reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf {

namespace internal {
class SlabPool;
struct Slab;
}  // namespace internal

struct SlabStats {
  std::uint64_t blocks = 0;           // that somebody holds
  std::uint64_t bytes_used = 0;       // by them, in whole units
  std::uint64_t bytes_reserved = 0;   // mapped
  std::uint64_t bytes_populated = 0;  // of those, at least: a huge page comes as a whole
};

// Bytes that are its owner's alone, given back when it goes. Move-only; the bytes stay where they
// are when it is moved. It keeps the memory it is part of, also when the Slabs are gone.
class SlabBlock {
 public:
  SlabBlock() = default;
  ~SlabBlock() { reset(); }
  SlabBlock(SlabBlock&& other) noexcept
      : begin_(std::exchange(other.begin_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        slab_(other.slab_) {}
  SlabBlock& operator=(SlabBlock&& other) noexcept;

  // As long as was asked for. What they hold at first is whatever was there before.
  std::span<std::byte> bytes() const { return {begin_, size_}; }
  void reset();

 private:
  friend class internal::SlabPool;
  SlabBlock(std::byte* begin, std::size_t size, internal::Slab* slab)
      : begin_(begin), size_(size), slab_(slab) {}

  std::byte* begin_ = nullptr;
  std::size_t size_ = 0;
  internal::Slab* slab_ = nullptr;
};

// Thread-safe, but for moving it. One lock, which is not held while a block is filled, but is while
// a slab is made or populated further, so that of many that need it one does it. `calls` must
// outlive the blocks.
class Slabs {
 public:
  static constexpr std::size_t kSlabBytes = 8u << 20;
  static constexpr std::size_t kHugePage = 2u << 20;  // a slab begins with one
  static constexpr std::size_t kStep = 128u << 10;    // populated at a time; of whole pages
  static constexpr std::size_t kUnit = 64;
  static constexpr std::size_t kLargestBlock = kSlabBytes / 2;  // within a slab

  // kOutOfMemory.
  static Result<Slabs> create(os::SystemCalls& calls = os::SystemCalls::kernel());
  Slabs(Slabs&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
  Slabs& operator=(Slabs&& other) noexcept;
  ~Slabs();

  // A block of `size` bytes; an empty one of 0. kOutOfMemory, or kSystem where the system refuses
  // for another reason.
  Result<SlabBlock> allocate(std::uint64_t size);
  SlabStats stats() const;

 private:
  explicit Slabs(internal::SlabPool* pool) : pool_(pool) {}
  internal::SlabPool* pool_;
};

}  // namespace smf
