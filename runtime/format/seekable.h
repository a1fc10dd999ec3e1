// The seek table of the public zstd seekable format (version 0.1.0 of its description, which lies
// beside the zstd library): a skippable frame behind the data frames that lists their sizes.
//
//   u32 0x184D2A5E | u32 size of the rest | frames times { u32 compressed | u32 uncompressed
//   [| u32 checksum] } | u32 frame count | u8 descriptor (bit 7: checksums present) | u32
//   0x8F92EAB1
//
// We write no checksums here, since each data frame carries its own. Other writers' tables are read
// with or without, up to kMaxSeekFrames frames.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"

namespace smf {

// Frames of a seek table. 2^27 of them is the limit of the format's description; a table of that
// length is 1 GiB itself.
inline constexpr std::uint32_t kMaxSeekFrames = 0x8000000;

struct SeekFrame {
  std::uint64_t stored_offset = 0;   // from the start of the payload
  std::uint64_t content_offset = 0;  // from the start of the uncompressed section
  std::uint32_t stored_size = 0;
  std::uint32_t content_size = 0;
};

// The table at the end of `stored`; nullopt where there is none. Sizes have been summed and held
// against the payload.
Result<std::optional<std::vector<SeekFrame>>> read_seek_table(Bytes stored);

// The bytes to append to a payload of these frames. At most kMaxSeekFrames.
ByteVector write_seek_table(std::span<const SeekFrame> frames);

}  // namespace smf
