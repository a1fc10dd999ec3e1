// Names for perf's reports, the simple way: /tmp/perf-PID.map.
//
// A line a function, "START SIZE NAME", the numbers in hexadecimal (tools/perf/Documentation/
// jit-interface.txt of Linux). perf reads the file when it reports, not when it records:
//
//   perf record ./program; perf report
//
// perf asks this file only about memory that belongs to no other file. The memory of a dual mapping
// does (a memfd), so create the code memory with page protection, or use jitdump.h, which works
// with either.
//
// It knows no time: where code was freed and its memory used again, perf has two lines for an
// address and cannot tell which was meant, and it shows no instructions. For programs that free
// code, or to see instructions, there is jitdump.h. Lines are collected (profile_file.h); they are
// in the file after flush(), or when the object is gone.
//
// perf believes only a file that its user or root owns.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/exec/code_listener.h"
#include "runtime/exec/profile_file.h"
#include "runtime/os/system_calls.h"

namespace smf {

struct PerfMapOptions {
  std::string path{};                // empty: /tmp/perf-PID.map, where perf looks
  os::SystemCalls* calls = nullptr;  // nullptr: the kernel's
};

// Of one code memory or several; one a process, because each begins the file anew. Thread-safe. In
// a forked child it does nothing.
class PerfMap final : public CodeListener {
 public:
  // kSystem, kOutOfMemory.
  static Result<std::shared_ptr<PerfMap>> create(const PerfMapOptions& options = {});

  void published(std::span<const std::byte> code, std::string_view name) noexcept override;
  void freed(std::span<const std::byte> /*code*/) noexcept override {}

  // What was published up to now is in the file. As status().
  Result<void> flush();
  // kSystem: the file could not be written; names are missing from its end.
  Result<void> status() const;
  const std::string& path() const { return file_.path(); }

 private:
  explicit PerfMap(internal::ProfileFile file);

  mutable std::mutex mutex_{};
  internal::ProfileFile file_;
  std::string line_{};  // of fixed capacity: nothing is allocated when code is published
};

}  // namespace smf
