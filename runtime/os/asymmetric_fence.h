// A fence of which the one side costs nothing, because the other pays for both.
//
// Two threads that each store and then look for the other's store need a full fence between the two
// steps, 5 ns or more a time. Where one of them does so seldom, the kernel can make every processor
// that runs this program pass a fence at that moment (membarrier, private expedited, Linux 4.14;
// 1.7 us), and the frequent side only keeps the compiler from reordering. Where the kernel refuses,
// both sides fence. As P1202 proposes for the C++ standard.
#pragma once

#include <atomic>

#include "runtime/base/fences.h"

namespace smf::os {

// Whether the kernel fences for others; asked once, when the program starts.
extern const bool kKernelFences;

// The frequent side: together with asymmetric_fence_heavy() in another thread, as a full fence in
// both.
inline void asymmetric_fence_light() {
  if (kKernelFences) [[likely]] {
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    full_fence();
  }
}
void asymmetric_fence_heavy();

}  // namespace smf::os
