#include "runtime/format/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/base/hash.h"
#include "runtime/format/layout.h"

namespace smf {
namespace {

// For messages: the name as far as it can be printed.
std::string quoted(const Section& section) {
  return section.name_size ? fmt::format("section {} '{}'", section.index, section.name())
                           : fmt::format("section {}", section.index);
}

bool is_printable(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c >= 0x20 && c <= 0x7E; });
}

Result<SymbolType> translate_type(Dialect dialect, std::uint8_t type, std::uint64_t offset) {
  if (dialect == Dialect::kP128) {
    if (type <= static_cast<std::uint8_t>(SymbolType::kConstant))
      return static_cast<SymbolType>(type);
    return fail_at(offset, fmt::format("symbol type {} is not one of 0 to 5", type));
  }
  constexpr std::array kOlder = {SymbolType::kNone,    SymbolType::kFunction, SymbolType::kData,
                                 SymbolType::kType,    SymbolType::kTrait,    SymbolType::kActor,
                                 SymbolType::kConstant};
  if (type < kOlder.size()) return kOlder[type];
  return fail_at(offset, fmt::format("symbol type {} is not one of 0 to 6", type));
}

Result<std::string_view> load_name(Bytes file, const Header& header, std::uint32_t name_offset,
                                   std::uint32_t index, std::uint64_t field) {
  const std::uint64_t area = header.strings_end - header.strings_begin;
  if (name_offset >= area) {
    return fail_at(field, fmt::format("name of symbol {} starts at 0x{:x} of a string area of "
                                      "{} bytes",
                                      index, name_offset, area));
  }
  const std::uint64_t start = header.strings_begin + name_offset;
  const std::uint64_t room = std::min(header.strings_end - start, kMaxSymbolName + 1);
  const auto* text = reinterpret_cast<const char*>(file.data() + start);
  const void* nul = std::memchr(text, 0, room);
  if (!nul) {
    return fail_at(start, fmt::format("name of symbol {} has no terminating NUL within {} bytes",
                                      index, room));
  }
  return std::string_view(text, static_cast<const char*>(nul) - text);
}

}  // namespace

std::uint64_t reloc_width(RelocType type) {
  switch (type) {
    case RelocType::kNone:
      return 0;
    case RelocType::kAbs64:
      return 8;
    default:
      return 4;
  }
}

Result<Section> load_section(Bytes file, const Header& header, std::uint32_t index) {
  SMF_CHECK(index < header.section_count);
  const std::uint64_t at = header.section_table + index * header.section_entry_size();
  const auto entry = load<layout::SectionEntry>(file, at);
  Section section{.index = index,
                  .type = entry.type,
                  .flags = entry.flags,
                  .entry_offset = at,
                  .size = entry.size,
                  .virtual_size = entry.virtual_size,
                  .alignment = entry.alignment};
  section.compressed = (entry.flags & kSectionCompressed) != 0 && header.compression != 0;
  std::memcpy(section.name_bytes.data(), entry.name, sizeof entry.name);
  const std::string_view whole(section.name_bytes.data(), section.name_bytes.size());
  section.name_size = static_cast<std::uint8_t>(std::min(whole.find('\0'), whole.size()));
  if (!is_printable(section.name())) {
    section.name_size = 0;
    return fail_at(at + offsetof(layout::SectionEntry, name),
                   fmt::format("{} has a name that is not printable ASCII", quoted(section)));
  }
  if (entry.alignment != 0 && !std::has_single_bit(entry.alignment)) {
    return fail_at(at + offsetof(layout::SectionEntry, alignment),
                   fmt::format("{} has alignment {}, which is no power of two", quoted(section),
                               entry.alignment));
  }
  if (entry.alignment > kMaxSectionAlignment) {
    return fail_at(at + offsetof(layout::SectionEntry, alignment),
                   fmt::format("{} has alignment {}; the limit is {}", quoted(section),
                               entry.alignment, kMaxSectionAlignment),
                   ErrorCode::kLimit);
  }
  const std::uint64_t room = file.size() - header.base;
  if (section.is(SectionType::kBss)) {
    // No bytes in the file: the offset means nothing.
    section.virtual_size = std::max(entry.virtual_size, entry.size);
    section.size = 0;
    section.offset = header.base;
    return section;
  }
  if (!in_range(entry.offset, entry.size, room)) {
    return fail_at(
        at + offsetof(layout::SectionEntry, offset),
        fmt::format("{} ends past the file (offset 0x{:x}, size 0x{:x}, file 0x{:x})",
                    quoted(section), header.base + entry.offset, entry.size, file.size()));
  }
  section.offset = header.base + entry.offset;
  return section;
}

std::uint32_t load_symbol_hash(Bytes file, const Header& header, std::uint32_t index) {
  return load<std::uint32_t>(file, header.symbol_table + index * header.symbol_entry_size() +
                                       offsetof(layout::SymbolEntryH72, name_hash));
}

Result<Symbol> load_symbol(Bytes file, const Header& header, std::uint32_t index) {
  SMF_CHECK(index < header.symbol_count);
  const std::uint64_t at = header.symbol_table + index * header.symbol_entry_size();
  layout::SymbolEntry entry{};
  if (header.dialect == Dialect::kH72) {
    entry.common = load<layout::SymbolEntryH72>(file, at);
  } else {
    entry = load<layout::SymbolEntry>(file, at);
  }
  const layout::SymbolEntryH72& common = entry.common;
  Symbol symbol{.index = index,
                .name_hash = common.name_hash,
                .visibility = common.visibility,
                .flags = common.flags,
                .template_param_count = entry.template_param_count,
                .entry_offset = at,
                .value = common.value,
                .size = common.size,
                .type_id = common.type_id,
                .version = common.version,
                .template_offset = entry.template_offset};
  SMF_ASSIGN(symbol.name, load_name(file, header, common.name_offset, index, at));
  if (common.name_hash != 0 && common.name_hash != fnv1a_32(symbol.name)) {
    return fail_at(at + offsetof(layout::SymbolEntryH72, name_hash),
                   fmt::format("symbol {} has name hash 0x{:08x}; FNV-1a of its name is 0x{:08x}",
                               index, common.name_hash, fnv1a_32(symbol.name)));
  }
  SMF_ASSIGN(symbol.type, translate_type(header.dialect, common.type,
                                         at + offsetof(layout::SymbolEntryH72, type)));
  if (common.binding > static_cast<std::uint8_t>(Binding::kWeak)) {
    return fail_at(
        at + offsetof(layout::SymbolEntryH72, binding),
        fmt::format("symbol {} has binding {}, which is not one of 0 to 2", index, common.binding));
  }
  symbol.binding = static_cast<Binding>(common.binding);
  if (header.dialect == Dialect::kP128 && entry.section != 0) {
    if (entry.section > header.section_count) {
      return fail_at(at + offsetof(layout::SymbolEntry, section),
                     fmt::format("symbol {} lies in section {} of {}", index, entry.section - 1,
                                 header.section_count));
    }
    symbol.section = static_cast<std::uint16_t>(entry.section - 1);
  }
  return symbol;
}

Result<Relocation> load_relocation(Bytes file, const Header& header, const Section& section,
                                   std::uint64_t index, std::uint64_t target_size) {
  SMF_CHECK(index < section.size / sizeof(layout::RelocationEntry));
  const std::uint64_t at = section.offset + index * sizeof(layout::RelocationEntry);
  const auto entry = load<layout::RelocationEntry>(file, at);
  const bool is_arm = header.arch == static_cast<std::uint8_t>(Arch::kAArch64);
  const std::uint8_t last =
      static_cast<std::uint8_t>(is_arm ? RelocType::kGotPageOff12 : RelocType::kGotPcRel);
  if (entry.type > last) {
    return fail_at(at + offsetof(layout::RelocationEntry, type),
                   fmt::format("relocation {} of section {} has type {}, which is not one of 0 to "
                               "{} on {}",
                               index, section.index, entry.type, last, arch_name(header.arch)));
  }
  Relocation relocation{.offset = entry.offset,
                        .symbol = entry.symbol,
                        .type = static_cast<RelocType>(entry.type),
                        .addend = entry.addend};
  if (!in_range(entry.offset, reloc_width(relocation.type), target_size)) {
    return fail_at(at, fmt::format("relocation {} of section {} applies to 0x{:x}, outside the "
                                   "0x{:x} bytes it may change",
                                   index, section.index, entry.offset, target_size));
  }
  if (entry.symbol >= header.symbol_count) {
    return fail_at(at + offsetof(layout::RelocationEntry, symbol),
                   fmt::format("relocation {} of section {} names symbol {} of {}", index,
                               section.index, entry.symbol, header.symbol_count));
  }
  return relocation;
}

}  // namespace smf
