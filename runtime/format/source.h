// Where the bytes of a section come from when a module is built: memory, or a file that is read
// piece by piece, so that packing gigabytes needs megabytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/os/input_file.h"

namespace smf {

class PayloadSource {
 public:
  virtual ~PayloadSource() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `out` from `offset`; both within size(). May be called from several threads at once.
  virtual Result<void> read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

using Source = std::shared_ptr<const PayloadSource>;

// Owns the bytes.
Source memory_source(ByteVector bytes);
Source text_source(std::string_view text);
// Borrows them: they must outlive the source.
Source view_source(Bytes bytes);
// `count` bytes of `fill`.
Source fill_source(std::byte fill, std::uint64_t count);
// These bytes, and zeros up to `size`, which is no less than theirs.
Source padded_source(ByteVector bytes, std::uint64_t size);
// Part of a file that stays open. The range has been checked.
Source file_slice(std::shared_ptr<const os::InputFile> file, std::uint64_t offset,
                  std::uint64_t size);
// A whole file; "-" and pipes are read into memory.
Result<Source> file_source(const std::string& path);

// The whole of a source in memory. The caller bounds the size.
Result<ByteVector> read_all(const PayloadSource& source);

}  // namespace smf
