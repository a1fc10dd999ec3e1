#include "runtime/format/frame_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/base/check.h"

namespace smf {

Result<FrameTable> FrameTable::read(Bytes stored, std::uint64_t uncompressed,
                                    const DecompressionLimits& limits) try {
  FrameTable result;
  result.size_ = uncompressed;
  SMF_ASSIGN(result.algorithm_, identify_compression(stored));
  SMF_TRY(check_limits(stored.size(), uncompressed, limits));
  SMF_ASSIGN(auto table, read_seek_table(stored));
  if (table) {
    result.is_seekable_ = true;
    result.frames_ = *std::move(table);
  } else {
    if (stored.size() > UINT32_MAX || uncompressed > UINT32_MAX)
      return fail(ErrorCode::kLimit, "a single compressed frame is limited to 4 GiB");
    result.frames_.push_back({.stored_size = static_cast<std::uint32_t>(stored.size()),
                              .content_size = static_cast<std::uint32_t>(uncompressed)});
  }
  std::uint64_t total = 0;
  for (const SeekFrame& frame : result.frames_) {
    total = frame.content_offset + frame.content_size;
    SMF_TRY(check_limits(frame.stored_size, frame.content_size, limits));
    if (frame.content_size > limits.max_frame_bytes) {
      return fail(ErrorCode::kLimit, fmt::format("claims a frame of {} bytes; the limit is {}",
                                                 frame.content_size, limits.max_frame_bytes));
    }
  }
  if (total != uncompressed) {
    return fail_at(0, fmt::format("seek table adds up to {} bytes; the section table says {}",
                                  total, uncompressed));
  }
  return result;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "no memory for the seek table");
}

std::size_t FrameTable::index_at(std::uint64_t offset) const {
  SMF_CHECK(offset < size_);
  // Frames without content share an offset with the one behind them; the last one has the bytes.
  const auto after = std::ranges::upper_bound(frames_, offset, {}, &SeekFrame::content_offset);
  return static_cast<std::size_t>(after - frames_.begin()) - 1;
}

}  // namespace smf
