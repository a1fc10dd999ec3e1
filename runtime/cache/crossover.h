// From which size on a module is mapped and not read, on this machine.
//
// Both open the file, ask for its size and close it. Reading costs a call and then a copy; the copy
// goes to memory that has to be populated once (slabs.h), while the cache grows. Mapping costs two
// calls, and a fault for each stretch of the file that is touched for the first time; the kernel
// maps 64 KiB around a fault, as far as they are in memory. With
//
//   read(n) = a_r + (b_r + b_p) n        a call; copying and populating a byte
//   map(n)  = a_m + f k                  mmap and munmap; k faults
//
// they cross at n = (a_m + f k - a_r) / (b_r + b_p). What k is follows from how modules are used:
// header and section table, a symbol table, code, the note: 4, each far from the others in a large
// file. Who reads a module from end to end is better off reading at any size, and who looks up one
// symbol of it with mapping: they say so by Placement.
//
// On a virtual machine where a fault costs 12 us that is some hundred KiB to some MiB, of which
// populating decides: with huge pages it is 0.1 us a KiB, without them up to 2, and then mapping
// wins from the start. Where a fault costs 0.5, reading is never far ahead. It is clamped to 64
// KiB, since below one fault-around there is nothing that mapping could leave out, and to 4 MiB,
// since a copy is memory that the page cache has already; and it is rounded to a power of two, so
// that two runs on one machine decide alike although no two measurements are.
//
// Measured on the first 256 KiB of the program's own file: it is there, it is in the page cache
// because it runs, nothing has to be written, and it lies on a file system of the kind that modules
// lie on. Where it is shorter or cannot be read, on an unlinked file in /tmp. Rejected: a memfd.
// Its pages are shmem, which has its own way through the fault and none of the file system's, and
// what a module costs is the question.
#pragma once

#include <cstdint>

#include "runtime/base/error.h"
#include "runtime/os/system_calls.h"

namespace smf {

// Times of one machine, in nanoseconds. Opening and closing the file is in none of them.
struct LoadCosts {
  double read_call = 0;      // reading nothing
  double read_byte = 0;      // copying a byte into memory that is populated
  double populate_byte = 0;  // making memory ready to be written to, by the byte
  double map_call = 0;       // mapping and unmapping
  double fault = 0;          // touching a stretch that was not touched before
};

// In bytes; all of them powers of two.
inline constexpr std::uint64_t kLeastCrossover = 64u << 10;
inline constexpr std::uint64_t kMostCrossover = 4u << 20;
// Where nothing could be measured.
inline constexpr std::uint64_t kDefaultCrossover = 1u << 20;
// Stretches of 64 KiB that the typical use of a module touches.
inline constexpr int kTouchedStretches = 4;

// The size at which reading and mapping cost the same, clamped, rounded to the power of two that is
// nearest by ratio. kDefaultCrossover of costs that cannot be.
std::uint64_t crossover_of(const LoadCosts& costs);

// Nanoseconds since some moment; a seam for tests.
using NanosecondClock = std::int64_t (*)();
// That this thread has been running: not while others had the processor.
std::int64_t thread_nanoseconds();

// Measures. Each cost is the least of two or three. kSystem or kOutOfMemory; nothing is left behind
// then, either.
Result<LoadCosts> measure_load_costs(os::SystemCalls& calls = os::SystemCalls::kernel(),
                                     NanosecondClock clock = thread_nanoseconds);

// crossover_of(what was measured), or kDefaultCrossover; the first caller measures, once a process.
// Thread-safe.
std::uint64_t measured_crossover();

}  // namespace smf
