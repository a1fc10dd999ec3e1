// The function that jit_bench compiles, whoever compiles it: 31 instructions of MIR, one loop, four
// branches, no call.
//
// It moves the element at `at` of a heap down to where it belongs, and returns how many steps that
// took. `context` is nothing to it: its type makes one instantiation differ from the next while
// machine code stays the same, so that all compile the same thing.
#pragma once

#include <cstdint>
#include <string_view>

namespace smf::bench {

struct Heap {
  std::int64_t* data;
  std::uint64_t size;
};
using SiftDown = std::uint64_t (*)(Heap heap, std::uint64_t at, void* context);

inline constexpr std::string_view kSiftDown = R"(
fn #1 sift_down<T: ordered, C>([T], u64, *mut C) -> u64 entry 0 {
  local %0 heap: [T] arg 0
  local %1 at: u64 arg 1
  local %2 context: *mut C arg 2
  local %3 data: *mut T temp
  local %4 size: u64 temp
  local %5 steps: u64 var
  local %6 child: u64 var
  local %7: u64 temp
  local %8: bool temp
  local %9: *mut T temp
  local %10: T temp
  local %11: *mut T temp
  local %12: T temp
  block 0:
    %3 = field %0, 0
    %4 = field %0, 1
    %5 = const u64 0
    goto 1
  block 1:
    %6 = mul %1, u64 2
    %6 = add %6, u64 1
    %8 = lt %6, %4
    if %8 then 2 else 7
  block 2:
    %7 = add %6, u64 1
    %8 = lt %7, %4
    if %8 then 3 else 5
  block 3:
    %9 = element %3, %6
    %10 = load %9
    %11 = element %3, %7
    %12 = load %11
    %8 = lt %10, %12
    if %8 then 4 else 5
  block 4:
    %6 = copy %7
    goto 5
  block 5:
    %9 = element %3, %1
    %10 = load %9
    %11 = element %3, %6
    %12 = load %11
    %8 = lt %10, %12
    if %8 then 6 else 7
  block 6:
    store %9, %12
    store %11, %10
    %1 = copy %6
    %5 = add %5, u64 1
    goto 1
  block 7:
    return %5
}
)";

// Stops the program where `code` is not that function.
void check_sift_down(const void* code);

}  // namespace smf::bench
