// The bytes of each dialect, field by field.
//
// These structures are only ever filled by copying bytes out of a file, or copied into one: they
// are packed, little-endian, and their offsets are asserted below, so this header is the byte
// layout. Fields named `ignored` are padding that holds garbage in real files; fields named
// `reserved` are written as zero and not looked at. docs/format.md says the same in prose.
#pragma once

#include <cstddef>
#include <cstdint>

namespace smf::layout {

inline constexpr char kMagic[4] = {'S', 'M', 'F', '\0'};

#pragma pack(push, 1)

// 72 bytes at offset 0.
struct HeaderH72 {
  char magic[4];
  std::uint8_t major, minor, platform, arch;
  std::uint32_t flags;
  std::uint32_t section_count;
  std::uint64_t section_table_offset;
  std::uint64_t symbol_table_offset;
  std::uint32_t symbol_count;
  std::uint32_t exported_count;
  std::uint64_t entry_point;
  std::uint64_t module_hash;
  std::uint64_t source_hash;
  std::uint8_t ignored[8];
};

// 96 bytes, at offset 0 (H96) or at the end (H96T).
struct HeaderH96 {
  char magic[4];
  std::uint8_t major, minor, platform, arch;
  std::uint32_t flags;
  std::uint8_t compression, level;
  std::uint8_t ignored14[2];
  std::uint32_t section_count;
  std::uint8_t ignored20[4];
  std::uint64_t section_table_offset;
  std::uint64_t symbol_table_offset;
  std::uint32_t symbol_count;
  std::uint32_t exported_count;
  std::uint64_t entry_point;
  std::uint32_t stub_size;
  std::uint32_t smf_data_offset;
  std::uint64_t module_hash;
  std::uint64_t source_hash;
  std::uint8_t app_type;
  std::uint8_t ignored81;
  std::uint16_t window_width, window_height;
  std::uint8_t prefetch_hint, prefetch_file_count;
  std::uint8_t ignored88[8];
};

// 128 bytes at the end, or at offset 0.
struct HeaderP128 {
  char magic[4];
  std::uint8_t major, minor, platform, arch;
  std::uint32_t flags;
  std::uint8_t compression, level;
  std::uint8_t reserved14[2];
  std::uint32_t section_count;
  std::uint64_t section_table_offset;
  std::uint64_t symbol_table_offset;
  std::uint32_t symbol_count;
  std::uint32_t exported_count;
  std::uint64_t entry_point;
  std::uint32_t stub_size;
  std::uint32_t smf_data_offset;
  std::uint64_t module_hash;
  std::uint64_t source_hash;
  std::uint8_t app_type;
  std::uint16_t window_width, window_height;
  std::uint8_t prefetch_hint, prefetch_file_count;
  std::uint8_t reserved83[5];
  std::uint8_t options_hash[16];
  std::uint8_t reserved104[24];
};

// 56 bytes; P128 adds 8 bytes of zero.
struct SectionEntry {
  std::uint8_t type;
  std::uint8_t ignored1[3];
  std::uint32_t flags;
  std::uint64_t offset;  // from smf_data_offset
  std::uint64_t size;    // as stored
  std::uint64_t virtual_size;
  std::uint64_t alignment;
  char name[16];  // NUL-padded, not always terminated
};

// 40 bytes, H72.
struct SymbolEntryH72 {
  std::uint32_t name_offset;
  std::uint32_t name_hash;  // FNV-1a 32 of the name, or 0
  std::uint8_t type;
  std::uint8_t binding;
  std::uint8_t visibility;
  std::uint8_t flags;
  std::uint8_t ignored12[4];
  std::uint64_t value;
  std::uint64_t size;
  std::uint32_t type_id;
  std::uint32_t version;
};

// 56 bytes, all others. P128 alone gives bytes 41 to 43 a meaning.
struct SymbolEntry {
  SymbolEntryH72 common;
  std::uint8_t template_param_count;
  std::uint16_t section;  // counted from 1; 0 is undefined
  std::uint8_t marker;    // 'S' where `section` is meant
  std::uint8_t ignored44[4];
  std::uint64_t template_offset;
};

struct RelocationEntry {
  std::uint64_t offset;
  std::uint32_t symbol;
  std::uint8_t type;
  std::uint8_t ignored13[3];
  std::int64_t addend;
};

// At the start of the section `.smf.jit`; what follows is described in runtime/persisted/entry.h.
struct JitRoomHeader {
  char magic[4];
  std::uint16_t version;
  std::uint8_t reserved6[10];
};

#pragma pack(pop)

inline constexpr JitRoomHeader kEmptyJitRoom = {{'S', 'M', 'F', 'J'}, 1, {}};

inline constexpr std::uint64_t kSectionEntryP128 = 64;
inline constexpr char kSymbolSectionMarker = 'S';

static_assert(sizeof(HeaderH72) == 72);
static_assert(offsetof(HeaderH72, section_table_offset) == 16);
static_assert(offsetof(HeaderH72, entry_point) == 40);
static_assert(offsetof(HeaderH72, source_hash) == 56);
static_assert(sizeof(HeaderH96) == 96);
static_assert(offsetof(HeaderH96, section_table_offset) == 24);
static_assert(offsetof(HeaderH96, symbol_count) == 40);
static_assert(offsetof(HeaderH96, stub_size) == 56);
static_assert(offsetof(HeaderH96, module_hash) == 64);
static_assert(offsetof(HeaderH96, window_width) == 82);
static_assert(offsetof(HeaderH96, prefetch_file_count) == 87);
static_assert(sizeof(HeaderP128) == 128);
static_assert(offsetof(HeaderP128, section_table_offset) == 20);
static_assert(offsetof(HeaderP128, symbol_count) == 36);
static_assert(offsetof(HeaderP128, entry_point) == 44);
static_assert(offsetof(HeaderP128, stub_size) == 52);
static_assert(offsetof(HeaderP128, module_hash) == 60);
static_assert(offsetof(HeaderP128, app_type) == 76);
static_assert(offsetof(HeaderP128, prefetch_file_count) == 82);
static_assert(offsetof(HeaderP128, options_hash) == 88);
static_assert(sizeof(SectionEntry) == 56);
static_assert(offsetof(SectionEntry, name) == 40);
static_assert(sizeof(SymbolEntryH72) == 40);
static_assert(offsetof(SymbolEntryH72, value) == 16);
static_assert(sizeof(SymbolEntry) == 56);
static_assert(offsetof(SymbolEntry, section) == 41);
static_assert(offsetof(SymbolEntry, template_offset) == 48);
static_assert(sizeof(JitRoomHeader) == 16);
static_assert(sizeof(RelocationEntry) == 24);
static_assert(offsetof(RelocationEntry, addend) == 16);

}  // namespace smf::layout
