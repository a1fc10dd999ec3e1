// A processor as register allocation and the calling convention see it, and what encodes for it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "runtime/base/error.h"
#include "runtime/codegen/allocation.h"
#include "runtime/codegen/code.h"
#include "runtime/codegen/lir.h"
#include "runtime/exec/machine_code.h"

namespace smf::codegen {

// Instructions that not every processor of its kind has. On AArch64 nothing is asked: what is used
// is in every ARMv8.0.
struct Features {
  bool popcnt = false;
  bool lzcnt = false;
  bool bmi1 = false;   // tzcnt
  bool bmi2 = false;   // shlx, rorx
  bool sse41 = false;  // roundsd
  bool fma = false;

  friend bool operator==(const Features&, const Features&) = default;
};

// Of the processor that this runs on.
Features native_features();

// What code is for. Features{} is every processor of its kind.
struct CodeTarget {
  Machine machine = kThisMachine;
  Features features = native_features();

  friend bool operator==(const CodeTarget&, const CodeTarget&) = default;
};

struct EncodingOptions {
  Features features{};
  // Each entry begins with a landing pad (exec/machine_code.h).
  bool has_landing_pads = !kLandingPad.empty();
  // Functions check on return that the registers that callees preserve, and the stack pointer, hold
  // what they held, and stop the process at a breakpoint instruction if not. For tests.
  bool checks_frames = false;
};

// A set of registers of one bank, by their numbers in the encoding.
using RegisterMask = std::uint32_t;

class Target {
 public:
  virtual ~Target() = default;

  // Registers that may hold values, the ones to take first in front. None of them is one that the
  // encoder uses for itself, the stack or frame pointer.
  virtual std::span<const std::uint8_t> allocatable(Bank bank) const = 0;
  // Of these, the ones that a callee has to preserve.
  virtual RegisterMask preserved(Bank bank) const = 0;
  // General registers that an instruction destroys, beside those that it writes: an operand may be
  // in one, a value that is used later may not, nor may its destination. Not of calls, which
  // destroy all that is not preserved.
  virtual RegisterMask clobbered(const Instruction& instruction) const = 0;
  // Whether the destination is written before the operands b, c and d (of memory: a, too) have
  // been read, so must not share a register with them.
  virtual bool writes_early(const Instruction& instruction) const = 0;

  // Functions that were allocated, as one piece of code. kLimit: it is larger than 2^31 bytes or a
  // distance in it is too far. kOutOfMemory.
  virtual Result<void> encode(std::span<const Function* const> functions,
                              std::span<const Allocation* const> allocations, Code& code) = 0;
};

std::unique_ptr<Target> make_target(Machine machine, const EncodingOptions& options);

}  // namespace smf::codegen
