// Exceptions and stack walks pass through compiled code.
//
// The unwinder of the C++ runtime (_Unwind_*; so throw, backtrace(), pthread_cancel()) knows only
// frames that somebody describes to it. A description a function is what compilers emit, and the
// wrong thing here: libgcc searches what is registered at run time one by one, so with 10 000
// functions every throw of the process takes 95 times as long, and registering each costs more than
// publishing it. A region is described once, as a whole, by a rule that holds for all code in it
// (frame_description.h): registrations are as many as regions, one or two in most programs.
//
// The rule is a contract. Code through which an exception or a walk may pass
//   * sets up a frame pointer before anything else, and restores the caller's last:
//       x86-64   push rbp; mov rbp, rsp          AArch64   stp x29, x30, [sp, #-16]!; mov x29, sp
//       RISC-V   addi sp, sp, -n; sd ra, n-8(sp); sd s0, n-16(sp); addi s0, sp, n
//     (a landing pad may come in front);
//   * at each call that it makes, has any other register that a callee preserves as it found it, or
//   a
//     catch above it finds that register changed: the rule does not say where they are saved.
//     Between calls it may use them (docs/codegen.md);
//   * has nothing to clean up, for no code of its own is run.
// Other code may be in the region too: an exception that arrives there goes astray, and a walk ends
// or shows nonsense. What ends in the middle of a prologue, such as a profiler's signal, shows the
// caller's caller.
//
// __register_frame() takes a whole .eh_frame in libgcc, the runtime of gcc, and of clang on Linux
// unless told otherwise. LLVM's libunwind wants single FDEs and is not supported.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <span>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/exec/code_listener.h"

namespace smf {

// Of one code memory or several. Thread-safe.
class Unwinding final : public CodeListener {
 public:
  Unwinding() = default;
  Unwinding(const Unwinding&) = delete;
  Unwinding& operator=(const Unwinding&) = delete;
  ~Unwinding() override;

  void region_added(std::span<const std::byte> region) noexcept override;
  void region_removed(std::span<const std::byte> region) noexcept override;
  void published(std::span<const std::byte> /*code*/, std::string_view /*name*/) noexcept override {
  }
  void freed(std::span<const std::byte> /*code*/) noexcept override {}

  // Descriptions that the unwinder holds now.
  std::size_t registrations() const;
  // kOutOfMemory: there was a region that could not be described.
  Result<void> status() const;

 private:
  mutable std::mutex mutex_{};
  std::map<const std::byte*, ByteVector> descriptions_{};  // by the region's beginning
  bool is_out_of_memory_ = false;
};

}  // namespace smf
