// Decompresses frames, one at a time, and keeps what the libraries need for it between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/compression.h"
#include "runtime/format/frame_table.h"

namespace smf {

// Not thread-safe: one for each thread. Its working memory is about 160 KiB, and the stored size of
// the largest frame; larger frames than kOneShotBytes are decoded piece by piece, for which zstd
// takes up to 2^max_window_log bytes.
class FrameDecoder {
 public:
  // Stored bytes. Frames up to this size are copied whole and decoded in one call, which is faster.
  static constexpr std::size_t kOneShotBytes = 2u << 20;

  explicit FrameDecoder(const DecompressionLimits& limits = {});  // throws std::bad_alloc
  ~FrameDecoder();
  FrameDecoder(FrameDecoder&&) noexcept;
  FrameDecoder& operator=(FrameDecoder&&) noexcept;

  // Fills `out` with the content of frame `index` of `table`, whose content_size it has. `stored`
  // is the payload the table was read from. Errors carry the offset in `stored`; then `out` holds
  // anything. Throws std::bad_alloc.
  Result<void> decode(const FrameTable& table, Bytes stored, std::size_t index,
                      std::span<std::byte> out);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace smf
