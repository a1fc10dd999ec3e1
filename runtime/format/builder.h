// Builds modules.
//
// The layout is the one of docs/format.md: payloads in table order, each aligned; then the section
// table, the symbols, the strings, and the header as trailer (P128). Nothing of it depends on the
// number of workers, on the time or on addresses.
//
// Payloads stream: workers read and compress pieces of at most 1 MiB while the calling thread
// writes and hashes the finished ones in order, so memory is a few MiB a worker plus the tables,
// whatever the size of the sections. Since the trailer and the hash section stand last, one pass is
// enough: the hash over everything is forked in front of the hash section, whose own bytes count
// for one of the two hashes and not for the other. H96 has its header in front, but compresses
// nothing, so its sizes are known before the first byte is written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/module_spec.h"
#include "runtime/os/output_file.h"

namespace smf {

struct BuildOptions {
  unsigned jobs = 1;  // threads that compress
  // Called on the calling thread as payload bytes are done; for progress bars.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
};

struct BuiltSection {
  std::string name;
  std::uint64_t content_size = 0;
  std::uint64_t stored_size = 0;
  bool compressed = false;
};

struct BuildSummary {
  std::uint64_t file_size = 0;
  std::uint64_t module_hash = 0;
  std::vector<BuiltSection> sections;
};

// Fails with kInvalidArgument, before anything is written, for a spec that no reader would accept:
// the message names the section or symbol. Not thread-safe with respect to `spec` and `out`.
Result<void> check_spec(const ModuleSpec& spec);

// Appends the module to `out`, which the caller commits. Errors of sources and of `out` are passed
// on.
Result<BuildSummary> build_module(const ModuleSpec& spec, const BuildOptions& options,
                                  os::OutputFile& out);

}  // namespace smf
