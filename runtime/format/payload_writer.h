// Writes and hashes a file from front to back, compressing payloads on several threads.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/format/builder.h"
#include "runtime/format/table_writer.h"

namespace smf {

// Appends to a file and keeps the running hash of what lies behind the stub.
class HashingWriter {
 public:
  explicit HashingWriter(os::OutputFile& out) : out_(out), base_(out.size()) {}

  // Bytes since the writer was made: offsets within the module.
  std::uint64_t position() const { return out_.size() - base_; }
  Result<void> append(Bytes bytes);
  // Hashed as zeros instead: what changes in place.
  Result<void> append_unhashed(Bytes bytes);
  // Zeros up to a multiple of `alignment`.
  Result<void> pad_to(std::uint64_t alignment);
  const Xxh3Stream& hash() const { return hash_; }

 private:
  os::OutputFile& out_;
  std::uint64_t base_;
  Xxh3Stream hash_;
};

// Appends the payloads of all sections in order and says where they are.
Result<std::vector<PlacedSection>> write_payloads(const std::vector<SectionSpec>& sections,
                                                  const BuildOptions& options,
                                                  HashingWriter& writer);

}  // namespace smf
