#include "runtime/format/table_writer.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/hash.h"
#include "runtime/format/layout.h"

namespace smf {
namespace {

constexpr std::uint8_t kMajor = 1;
constexpr std::uint8_t kMinor = 1;

// P128 numbers the kinds of symbols from 0; the older dialects put "none" in front.
std::uint8_t type_number(SymbolType type, OutputFormat format) {
  if (format == OutputFormat::kP128) return static_cast<std::uint8_t>(type);
  return type == SymbolType::kNone ? 0 : static_cast<std::uint8_t>(type) + 1;
}

// Where each section starts when all code is laid end to end; 0 for what is no code.
std::vector<std::uint64_t> code_bases(const std::vector<PlacedSection>& sections) {
  std::vector<std::uint64_t> bases;
  std::uint64_t next = 0;
  for (const PlacedSection& section : sections) {
    const bool is_code = section.type == static_cast<std::uint8_t>(SectionType::kCode);
    bases.push_back(is_code ? next : 0);
    if (is_code) next += section.virtual_size;
  }
  return bases;
}

std::uint32_t exported_count(const ModuleSpec& spec) {
  if (spec.exported_count) return *spec.exported_count;
  return static_cast<std::uint32_t>(std::ranges::count_if(spec.symbols, [](const SymbolSpec& s) {
    return s.binding != Binding::kLocal && s.visibility != 0;
  }));
}

template <typename Layout>
Layout filled_header(const ModuleSpec& spec, const PlacedTables& tables) {
  Layout raw{};
  std::memcpy(raw.magic, layout::kMagic, sizeof raw.magic);
  raw.major = kMajor;
  raw.minor = spec.format == OutputFormat::kP128 ? kMinor : std::uint8_t{0};
  raw.platform = spec.platform;
  raw.arch = spec.arch;
  raw.flags = (spec.flags & ~kModuleHasStub) | (spec.stub ? kModuleHasStub : 0);
  raw.compression = static_cast<std::uint8_t>(tables.compression.algorithm);
  raw.level = static_cast<std::uint8_t>(tables.compression.level);
  raw.section_count = tables.section_count;
  raw.section_table_offset = tables.section_table;
  raw.symbol_table_offset = tables.symbol_table;
  raw.symbol_count = static_cast<std::uint32_t>(spec.symbols.size());
  raw.exported_count = exported_count(spec);
  raw.entry_point = spec.entry_point;
  raw.stub_size = tables.stub_size;
  raw.smf_data_offset = tables.data_offset;
  raw.source_hash = spec.source_hash;
  raw.app_type = spec.app_type;
  raw.window_width = spec.window_width;
  raw.window_height = spec.window_height;
  raw.prefetch_hint = spec.prefetch_hint;
  raw.prefetch_file_count = spec.prefetch_file_count;
  return raw;
}

}  // namespace

std::uint32_t StringTable::add(std::string_view name) {
  if (name.empty()) return 0;
  const auto [entry, is_new] =
      offsets_.try_emplace(name, static_cast<std::uint32_t>(bytes_.size()));
  if (is_new) {
    SMF_CHECK(bytes_.size() + name.size() + 1 <= UINT32_MAX);
    append_bytes(bytes_, as_bytes(name));
    bytes_.push_back(std::byte{0});
  }
  return entry->second;
}

std::uint64_t section_table_size(std::uint64_t count, OutputFormat format) {
  return count *
         (format == OutputFormat::kP128 ? layout::kSectionEntryP128 : sizeof(layout::SectionEntry));
}

ByteVector section_table_bytes(const std::vector<PlacedSection>& sections, OutputFormat format) {
  ByteVector out;
  out.reserve(section_table_size(sections.size(), format));
  for (const PlacedSection& section : sections) {
    layout::SectionEntry raw{};
    raw.type = section.type;
    raw.flags = section.flags;
    raw.offset = section.offset;
    raw.size = section.size;
    raw.virtual_size = section.virtual_size;
    raw.alignment = section.alignment;
    std::memcpy(raw.name, section.name.data(), std::min(section.name.size(), sizeof raw.name));
    append(out, raw);
    if (format == OutputFormat::kP128) append(out, std::uint64_t{0});
  }
  return out;
}

ByteVector symbol_table_bytes(const ModuleSpec& spec, const std::vector<PlacedSection>& sections,
                              StringTable& strings) {
  const std::vector<std::uint64_t> bases = code_bases(sections);
  ByteVector out;
  out.reserve(spec.symbols.size() * sizeof(layout::SymbolEntry));
  for (const SymbolSpec& symbol : spec.symbols) {
    layout::SymbolEntry raw{};
    raw.common.name_offset = strings.add(symbol.name);
    raw.common.name_hash = fnv1a_32(symbol.name);
    raw.common.type = type_number(symbol.type, spec.format);
    raw.common.binding = static_cast<std::uint8_t>(symbol.binding);
    raw.common.visibility = symbol.visibility;
    raw.common.flags = symbol.flags;
    raw.common.value = symbol.value;
    raw.common.size = symbol.size;
    raw.common.type_id = symbol.type_id;
    raw.common.version = symbol.version;
    raw.template_param_count = symbol.template_param_count;
    raw.template_offset = symbol.template_offset;
    if (spec.format == OutputFormat::kP128) {
      raw.section = symbol.section ? static_cast<std::uint16_t>(*symbol.section + 1) : 0;
      raw.marker = layout::kSymbolSectionMarker;
    } else if (symbol.section) {
      raw.common.value += bases[*symbol.section];
    }
    append(out, raw);
  }
  return out;
}

ByteVector header_bytes(const ModuleSpec& spec, const PlacedTables& tables) {
  ByteVector out;
  if (spec.format == OutputFormat::kH96) {
    append(out, filled_header<layout::HeaderH96>(spec, tables));
    return out;
  }
  auto raw = filled_header<layout::HeaderP128>(spec, tables);
  std::memcpy(raw.options_hash, spec.options_hash.data(), sizeof raw.options_hash);
  append(out, raw);
  return out;
}

std::uint64_t module_hash_offset(OutputFormat format) {
  return format == OutputFormat::kP128 ? offsetof(layout::HeaderP128, module_hash)
                                       : offsetof(layout::HeaderH96, module_hash);
}

}  // namespace smf
