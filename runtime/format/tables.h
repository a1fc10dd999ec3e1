// One entry of a table at a time: copied out of the file, checked, and translated.
//
// A file may be a mapping that another process writes to, so an entry is copied first and only the
// copy is looked at; what comes back holds values that have been checked against the file's size,
// and nothing has to be read from the file twice. Each call is O(1) and allocates nothing unless it
// fails.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/header.h"
#include "runtime/format/types.h"

namespace smf {

// The longest symbol name, in bytes. Guards scans for the terminating NUL.
inline constexpr std::uint64_t kMaxSymbolName = 1u << 16;
// The largest alignment of a section, in bytes.
inline constexpr std::uint64_t kMaxSectionAlignment = 1u << 30;

struct Section {
  std::uint32_t index = 0;
  std::uint8_t type = 0;  // a SectionType where it is a known one
  bool compressed = false;
  std::uint32_t flags = 0;
  std::uint64_t entry_offset = 0;  // of the table entry, for messages
  std::uint64_t offset = 0;        // from the start of the file
  std::uint64_t size = 0;          // bytes as stored
  std::uint64_t virtual_size = 0;  // bytes in memory, where compressed or Bss
  std::uint64_t alignment = 0;
  std::array<char, 16> name_bytes{};
  std::uint8_t name_size = 0;

  std::string_view name() const { return {name_bytes.data(), name_size}; }
  bool is(SectionType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  bool is_note() const { return is(SectionType::kTemplateMeta) && name() == kNoteSection; }
  // Bytes once in memory: uncompressed, and for Bss the zeros.
  std::uint64_t memory_size() const {
    return compressed || is(SectionType::kBss) ? virtual_size : size;
  }
};

// `name` points into the file.
struct Symbol {
  std::uint32_t index = 0;
  std::string_view name{};
  std::uint32_t name_hash = 0;
  SymbolType type = SymbolType::kFunction;
  Binding binding = Binding::kLocal;
  std::uint8_t visibility = 0;
  std::uint8_t flags = 0;
  std::uint8_t template_param_count = 0;
  std::optional<std::uint16_t> section{};  // index into the section table; only P128 has it
  std::uint64_t entry_offset = 0;          // of the table entry, for messages
  // From the start of `section`; in H72 and H96 from the start of all code laid end to end.
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  std::uint32_t type_id = 0, version = 0;
  std::uint64_t template_offset = 0;

  // Some writers leave visibility 0 on symbols they define.
  bool is_defined() const {
    return visibility != 0 || binding == Binding::kLocal || value != 0 || size != 0;
  }
  bool is_template() const { return (flags & kSymbolGenericTemplate) != 0; }
};

struct Relocation {
  std::uint64_t offset = 0;  // into the section it applies to
  std::uint32_t symbol = 0;
  RelocType type = RelocType::kNone;
  std::int64_t addend = 0;
};

// How many bytes a relocation of this type writes.
std::uint64_t reloc_width(RelocType type);

// Entry `index`, which is below header.section_count.
Result<Section> load_section(Bytes file, const Header& header, std::uint32_t index);

// Entry `index`, which is below header.symbol_count. Checks the name, its hash and the numbers; the
// value is checked by SmfView, which knows the sections.
Result<Symbol> load_symbol(Bytes file, const Header& header, std::uint32_t index);

// The name hash field alone, unchecked: what a linear search looks at first.
std::uint32_t load_symbol_hash(Bytes file, const Header& header, std::uint32_t index);

// Entry `index` of a relocation section. `target_size` is what `offset` is held against.
Result<Relocation> load_relocation(Bytes file, const Header& header, const Section& section,
                                   std::uint64_t index, std::uint64_t target_size);

}  // namespace smf
