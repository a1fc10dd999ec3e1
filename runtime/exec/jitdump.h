// Names and instructions for perf's reports: jit-PID.dump.
//
// A record a function, with its bytes, its address and the time at which it was published, in the
// format of tools/perf/Documentation/jitdump-specification.txt of Linux, version 1:
//
//   perf record --clockid mono ./program            # the clock that the records have
//   perf inject --jit -i perf.data -o jitted.data   # makes an object file of each function
//   perf report -i jitted.data                      # and perf annotate
//
// By the times perf tells apart what stood at one address one after the other. Each function costs
// a copy of its bytes; what was published is in the file after flush(), or when the object is gone
// (profile_file.h).
//
// How perf learns of the file: from the record that the kernel makes when a program maps something
// executable, by the name. So a page of it is mapped read and execute and never touched. It is one
// that lies a tebibyte behind the file's beginning, not the first: through the first, bytes that
// are written to the file with write() could be executed, which is what this package is there to
// exclude. perf asks for the name only. On a file system that is mounted noexec, or has no files
// of that size, there is no jitdump.
#pragma once

#include <cstddef>
#include <cstdint>
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

struct JitDumpOptions {
  std::string folder = ".";          // where jit-PID.dump is put
  os::SystemCalls* calls = nullptr;  // nullptr: the kernel's
};

// Of one code memory or several; one a process and folder. Thread-safe. In a forked child it does
// nothing.
class JitDump final : public CodeListener {
 public:
  // kSystem, kOutOfMemory.
  static Result<std::shared_ptr<JitDump>> create(const JitDumpOptions& options = {});
  JitDump(const JitDump&) = delete;
  JitDump& operator=(const JitDump&) = delete;
  ~JitDump() override;

  void published(std::span<const std::byte> code, std::string_view name) noexcept override;
  // There is no record for it; the next function at that address says enough.
  void freed(std::span<const std::byte> /*code*/) noexcept override {}

  // What was published up to now is in the file. As status().
  Result<void> flush();
  // kSystem: the file could not be written; functions are missing from its end.
  Result<void> status() const;
  const std::string& path() const { return file_.path(); }

 private:
  JitDump(internal::ProfileFile file, os::SystemCalls& calls);
  Result<void> begin();

  os::SystemCalls& calls_;
  const std::size_t page_;
  void* marker_ = nullptr;
  mutable std::mutex mutex_{};
  internal::ProfileFile file_;
  ByteVector head_{};  // of fixed capacity: nothing is allocated when code is published
  std::string name_{};
  std::uint64_t next_index_ = 0;
};

}  // namespace smf
