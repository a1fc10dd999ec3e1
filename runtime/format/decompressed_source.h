// The content of a compressed section as the payload of a new module.
#pragma once

#include <cstdint>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/compression.h"
#include "runtime/format/source.h"

namespace smf {

// A source of the `uncompressed` bytes that `stored`, which is borrowed, holds. Reading costs the
// frames it touches, and a frame of memory for each thread that reads at once; a payload that is
// one single frame is decompressed whole, by one thread, at the first read. Errors of open and of
// read are those of SectionReader, offsets relative to `stored`.
Result<Source> decompressed_source(Bytes stored, std::uint64_t uncompressed,
                                   const DecompressionLimits& limits = {});

}  // namespace smf
