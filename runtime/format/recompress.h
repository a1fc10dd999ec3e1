// Deciding how the sections of a module are compressed, in a new module and in one that exists.
#pragma once

#include <cstdint>

#include "runtime/base/error.h"
#include "runtime/format/compression.h"
#include "runtime/format/module_spec.h"
#include "runtime/format/view.h"

namespace smf {

struct Recompression {
  CompressionSpec compression{};
  bool code_too = false;
  DecompressionLimits limits{};  // of what is compressed already
};

// Smaller sections gain less than a frame costs.
inline constexpr std::uint64_t kLeastCompressed = 256;

// Whether readers may find a section of this name and type compressed: none of ours, no note, no
// template section, no relocations, no Bss.
bool is_compressible(const SectionSpec& section);

// Has the sections of a new module compressed that it pays for: compressible ones of at least
// kLeastCompressed bytes, code only where `code_too`.
void compress_sections(ModuleSpec& spec, const Recompression& wanted);

// The same for a module that exists, of which `spec` was taken: sections that are compressed
// already are compressed anew, or, with Algorithm::kNone, stored uncompressed, code included. The
// view's bytes must outlive the spec. kLimit where a section is over the limits.
Result<void> recompress_sections(ModuleSpec& spec, const SmfView& view,
                                 const Recompression& wanted);

}  // namespace smf
