// How to get from a frame of compiled code to its caller's, in the form that unwinders read.
//
// One description does for all code that keeps a frame pointer and sets it up first, whatever the
// function and wherever in it: the caller's stack pointer, the return address and the caller's
// frame pointer are at fixed distances from the frame pointer. It is a CIE, which says that, and an
// FDE, which says for which addresses (LSB 5.0 Core, 10.6; DWARF 5, 6.4).
//
//                frame pointer   caller's stack pointer   return address   caller's frame pointer
//   x86-64       rbp             rbp + 16                 rbp + 8          rbp
//   AArch64      x29             x29 + 16                 x29 + 8          x29
//   RISC-V       s0              s0                       s0 - 8           s0 - 16
#pragma once

#include "runtime/base/bytes.h"

namespace smf::internal {

// The bytes of an .eh_frame for `code`, wherever they are put: addresses in it are absolute.
ByteVector describe_frames(Bytes code);

}  // namespace smf::internal
