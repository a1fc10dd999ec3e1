// What a module is to contain: the input of the builder, and what a manifest says in text.
//
// A ModuleSpec holds choices, not layout: offsets, string tables, indexes, hashes and compressed
// bytes follow from it and from nothing else, which is what makes two builds of one spec equal to
// the byte. It can be written by hand, read from a manifest, or taken from an existing module
// (convert.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/format/compression.h"
#include "runtime/format/source.h"
#include "runtime/format/types.h"

namespace smf {

struct SectionSpec {
  std::string name;                    // 1 to 16 bytes of printable ASCII
  std::uint8_t type = 0;               // not 0; a SectionType, or a number we do not know
  std::uint32_t flags = kSectionRead;  // without kSectionCompressed: the builder sets that
  std::uint64_t alignment = 1;         // power of two, or 0
  Source payload{};                    // null for Bss
  // Bytes in memory: of Bss, of a precompressed payload, and where a foreign file says so. Absent:
  // the payload's size.
  std::optional<std::uint64_t> virtual_size{};
  // How to compress the payload. Where the result would not be smaller, it is stored as it is.
  CompressionSpec compression{};
  // The payload is compressed already, as `compression` says: stored as it is, flagged.
  bool is_precompressed = false;
};

inline bool has_type(const SectionSpec& section, SectionType type) {
  return section.type == static_cast<std::uint8_t>(type);
}

struct SymbolSpec {
  std::string name;
  SymbolType type = SymbolType::kFunction;
  Binding binding = Binding::kGlobal;
  std::uint8_t visibility = 1;  // 0 import, 1 defined
  std::uint8_t flags = 0;
  std::uint8_t template_param_count = 0;
  std::optional<std::uint16_t> section{};  // index into ModuleSpec::sections; absent: undefined
  std::uint64_t value = 0;                 // from the start of that section
  std::uint64_t size = 0;
  std::uint32_t type_id = 0, version = 0;
  std::uint64_t template_offset = 0;
};

enum class OutputFormat : std::uint8_t {
  kP128,  // version 1.1 with everything of ours
  kH96,   // `--compat rust`: header first, nothing compressed, no sections of ours
};

struct ModuleSpec {
  OutputFormat format = OutputFormat::kP128;
  std::uint8_t platform = 0, arch = 0, app_type = 0;
  std::uint32_t flags = 0;        // kModuleHasStub follows from `stub`
  std::uint64_t entry_point = 0;  // from the start of all code sections laid end to end
  std::optional<std::uint32_t> exported_count{};  // absent: global and weak symbols defined here
  std::uint64_t source_hash = 0;
  std::array<std::uint8_t, 16> options_hash{};
  std::uint16_t window_width = 0, window_height = 0;
  std::uint8_t prefetch_hint = 0, prefetch_file_count = 0;
  Source stub{};  // program or shebang line in front of the module; null for none
  std::vector<SectionSpec> sections;  // without the derived ones, `.smf.sym` and `.smf.hash`
  std::vector<SymbolSpec> symbols;
  bool with_symbol_index = false;
  bool with_hash_section = true;
  bool with_module_hash = true;
};

// Whether a module of this many symbols is worth an index: below, a search is as fast.
constexpr bool wants_symbol_index(std::uint64_t symbol_count) { return symbol_count >= 16; }

// "the sections `.smf.sym` and `.smf.hash`": made by the builder, never given to it.
constexpr bool is_derived_section(std::string_view name) {
  return name == kSymbolIndexSection || name == kHashSection;
}

}  // namespace smf
