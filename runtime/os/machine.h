// What this machine lets a loader and a code generator do: asked of the system, not guessed from
// its version, wherever asking is harmless.
//
// No mapping that is writable and executable at once is ever made, here as everywhere: whether
// the system would allow one is not asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace smf::os {

// An attempt: whether it went well, and else what refused and why ("mmap: Permission denied").
struct Attempt {
  bool succeeded = false;
  std::string failure{};
};

struct Machine {
  std::string kernel{};  // "Linux 6.1.0"
  std::string arch{};    // as uname -m
  std::uint64_t page_size = 0;
  unsigned processors = 0;          // online
  unsigned allowed_processors = 0;  // for this process
  bool has_avx2 = false;            // x86-64

  Attempt memfd{};                     // memfd_create
  Attempt memfd_exec_flag{};           // with MFD_EXEC (Linux 6.3)
  Attempt memfd_noexec_seal_flag{};    // with MFD_NOEXEC_SEAL (Linux 6.3)
  std::optional<long> memfd_noexec{};  // sysctl vm.memfd_noexec
  Attempt dual_mapping{};     // one memfd mapped rw- and r-x; a function written, then called
  Attempt write_then_exec{};  // a page made rw-, then r-x, by mprotect; a function called
  std::optional<bool> denies_write_exec{};  // prctl MDWE (Linux 6.3): a page once writable stays so
  std::optional<long> selinux_enforcing{};

  std::optional<long> perf_event_paranoid{};
  Attempt perf_map{};                                   // /tmp/perf-PID.map can be created
  std::string gdb{};                                    // path; empty where there is none
  std::optional<std::string> transparent_huge_pages{};  // "always", "madvise", "never"
  std::optional<long> randomize_va_space{};
};

// Makes each attempt. Leaves nothing behind; takes some milliseconds. Thread-safe.
Machine examine_machine();

}  // namespace smf::os
