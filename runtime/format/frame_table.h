// Where the frames of a compressed payload lie: read once, then shared by all who read in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/compression.h"
#include "runtime/format/seekable.h"
#include "runtime/format/types.h"

namespace smf {

// Immutable; holds nothing of the payload. Every frame lies within it, and sizes are within the
// limits and add up.
class FrameTable {
 public:
  // `uncompressed` is the section's virtual_size. O(frames). kLimit, kInvalidInput with the offset
  // in `stored`, kOutOfMemory.
  static Result<FrameTable> read(Bytes stored, std::uint64_t uncompressed,
                                 const DecompressionLimits& limits = {});

  Algorithm algorithm() const { return algorithm_; }
  std::uint64_t size() const { return size_; }       // bytes, uncompressed
  bool is_seekable() const { return is_seekable_; }  // there was a seek table
  // In order; one of a payload without a seek table. Some may hold no content.
  std::span<const SeekFrame> frames() const { return frames_; }
  // The frame that holds the byte at `offset`, which is below size(). O(log frames).
  std::size_t index_at(std::uint64_t offset) const;
  std::uint64_t memory() const { return frames_.capacity() * sizeof(SeekFrame); }  // bytes

 private:
  FrameTable() = default;

  Algorithm algorithm_ = Algorithm::kNone;
  bool is_seekable_ = false;
  std::uint64_t size_ = 0;
  std::vector<SeekFrame> frames_;
};

}  // namespace smf
