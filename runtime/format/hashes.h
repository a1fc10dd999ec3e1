// The hashes of a module: what they cover, and the section that holds them.
//
// module_hash, in the header, is the XXH3-64 of all bytes from smf_data_offset to the end of the
// file, with the field itself and the sections that change in place (the note, its index, persisted
// instantiations) taken as zero. The section `.smf.hash` adds an XXH3-128 over the same range,
// itself taken as zero too, by which equal modules are recognised, and an XXH3-64 of each section
// as it is stored, so that one section can be checked without reading the others.
//
//   0  char[4] "SMFH" | 4 u16 version 1 | 6 u16 zero | 8 u32 section_count | 12 u32 zero
//   16 XXH3-128, low half first | 32 section_count times u64, 0 for what changes in place and
//   itself
//
// XXH3 finds damage, not forgery.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/format/view.h"

namespace smf {

inline constexpr std::uint64_t kHashSectionHeader = 32;

ByteVector write_hash_section(const Hash128& content, std::span<const std::uint64_t> sections);

struct StoredHashes {
  Hash128 content;
  Bytes sections;  // u64 each
  std::uint64_t section(std::uint32_t index) const {
    return load<std::uint64_t>(sections, std::uint64_t{index} * 8);
  }
};

// The module's hash section; nullopt where it has none.
Result<std::optional<StoredHashes>> stored_hashes(const SmfView& view);

struct ModuleHashes {
  std::uint64_t module = 0;
  Hash128 content;
};

// Computed from the bytes. Linear in the file.
Result<ModuleHashes> compute_hashes(const SmfView& view);

}  // namespace smf
