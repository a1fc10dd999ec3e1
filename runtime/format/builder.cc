#include "runtime/format/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>
#include <utility>

#include "runtime/format/hashes.h"
#include "runtime/format/payload_writer.h"
#include "runtime/format/symbol_index.h"
#include "runtime/format/table_writer.h"

namespace smf {
namespace {

constexpr std::uint64_t kTableAlignment = 8;
constexpr std::uint64_t kLeastDataAlignment = 16;
constexpr std::uint64_t kStubCopyStep = 1u << 20;

// As symbol_rank() of what will be read back.
int rank_of(const SymbolSpec& symbol) {
  Symbol read;
  read.binding = symbol.binding;
  read.visibility = symbol.visibility;
  read.value = symbol.value;
  read.size = symbol.size;
  return symbol_rank(read);
}

SectionSpec derived_section(std::string_view name, ByteVector bytes) {
  return {.name = std::string(name),
          .type = static_cast<std::uint8_t>(SectionType::kDebug),
          .flags = kSectionRead,
          .alignment = kTableAlignment,
          .payload = memory_source(std::move(bytes))};
}

SectionSpec symbol_index_section(const ModuleSpec& spec) {
  std::vector<std::string_view> names;
  std::vector<int> ranks;
  for (const SymbolSpec& symbol : spec.symbols) {
    names.push_back(symbol.name);
    ranks.push_back(rank_of(symbol));
  }
  return derived_section(kSymbolIndexSection, SymbolIndex::build(names, ranks));
}

// Copies the stub and pads, so that offsets in the module keep their alignment in the file.
Result<void> write_stub(const ModuleSpec& spec, os::OutputFile& out, PlacedTables& tables) {
  if (!spec.stub) return {};
  std::uint64_t alignment = kLeastDataAlignment;
  for (const SectionSpec& section : spec.sections)
    alignment = std::max(alignment, section.alignment);
  const std::uint64_t size = spec.stub->size();
  const std::uint64_t data_offset = align_up(size, alignment);
  if (data_offset > UINT32_MAX)
    return fail(ErrorCode::kInvalidArgument, fmt::format("a stub of {} bytes is over 4 GiB", size));
  tables.stub_size = static_cast<std::uint32_t>(size);
  tables.data_offset = static_cast<std::uint32_t>(data_offset);
  ByteVector buffer;
  for (std::uint64_t at = 0; at < size; at += buffer.size()) {
    buffer.resize(std::min(kStubCopyStep, size - at));
    SMF_TRY(spec.stub->read(at, buffer));
    SMF_TRY(out.append(buffer));
  }
  return out.append(ByteVector(data_offset - size));
}

CompressionSpec first_compression(const std::vector<SectionSpec>& specs,
                                  const std::vector<PlacedSection>& placed) {
  for (std::size_t i = 0; i < placed.size(); ++i)
    if (placed[i].flags & kSectionCompressed) return specs[i].compression;
  return {};
}

BuildSummary summarise(const std::vector<PlacedSection>& sections, std::uint64_t file_size,
                       std::uint64_t module_hash) {
  BuildSummary summary{.file_size = file_size, .module_hash = module_hash, .sections = {}};
  for (const PlacedSection& section : sections) {
    summary.sections.push_back({.name = std::string(section.name),
                                .content_size = section.virtual_size,
                                .stored_size = section.size,
                                .compressed = (section.flags & kSectionCompressed) != 0});
  }
  return summary;
}

// The hash section has its place before the tables that its contents cover: everything behind it is
// put together in memory first.
Result<BuildSummary> build_p128(const ModuleSpec& spec, const BuildOptions& options,
                                os::OutputFile& out) {
  std::vector<SectionSpec> sections = spec.sections;
  if (spec.with_symbol_index) sections.push_back(symbol_index_section(spec));
  PlacedTables tables;
  SMF_TRY(write_stub(spec, out, tables));
  HashingWriter writer(out);
  SMF_ASSIGN(std::vector<PlacedSection> placed, write_payloads(sections, options, writer));

  const std::uint64_t hash_size = kHashSectionHeader + (placed.size() + 1) * sizeof(std::uint64_t);
  if (spec.with_hash_section) {
    SMF_TRY(writer.pad_to(kTableAlignment));
    placed.push_back({.name = kHashSection,
                      .type = static_cast<std::uint8_t>(SectionType::kDebug),
                      .flags = kSectionRead,
                      .offset = writer.position(),
                      .size = hash_size,
                      .virtual_size = hash_size,
                      .alignment = kTableAlignment});
  }
  const std::uint64_t payload_end =
      spec.with_hash_section ? writer.position() + hash_size : writer.position();
  StringTable strings;
  const ByteVector symbols = symbol_table_bytes(spec, placed, strings);
  tables.section_table = align_up(payload_end, kTableAlignment);
  tables.section_count = static_cast<std::uint32_t>(placed.size());
  const ByteVector section_table = section_table_bytes(placed, spec.format);
  tables.symbol_table = align_up(tables.section_table + section_table.size(), kTableAlignment);
  tables.compression = first_compression(sections, placed);

  ByteVector tail(tables.section_table - payload_end);
  append_bytes(tail, section_table);
  tail.resize(tables.symbol_table - payload_end);
  append_bytes(tail, symbols);
  append_bytes(tail, strings.bytes());
  const std::uint64_t header = tail.size();
  append_bytes(tail, header_bytes(spec, tables));

  Xxh3Stream module = writer.hash().clone();
  if (spec.with_hash_section) {
    Xxh3Stream content = writer.hash().clone();
    content.update_zeros(hash_size);
    content.update(tail);
    std::vector<std::uint64_t> hashes;
    hashes.reserve(placed.size());
    for (const PlacedSection& section : placed) hashes.push_back(section.hash);
    const ByteVector bytes = write_hash_section(content.digest_128(), hashes);
    SMF_CHECK(bytes.size() == hash_size);
    module.update(bytes);
    SMF_TRY(out.append(bytes));
  }
  module.update(tail);
  const std::uint64_t module_hash = spec.with_module_hash ? module.digest_64() : 0;
  store(std::span(tail), header + module_hash_offset(spec.format), module_hash);
  SMF_TRY(out.append(tail));
  return summarise(placed, out.size(), module_hash);
}

// Header and section table in front: sizes are known, since nothing is compressed.
Result<BuildSummary> build_h96(const ModuleSpec& spec, const BuildOptions& options,
                               os::OutputFile& out) {
  StringTable strings;
  PlacedTables tables;
  tables.section_count = static_cast<std::uint32_t>(spec.sections.size());
  std::vector<PlacedSection> placed;
  std::uint64_t at = header_bytes(spec, tables).size();
  tables.section_table = at;
  at += section_table_size(spec.sections.size(), spec.format);
  for (const SectionSpec& section : spec.sections) {
    const std::uint64_t size = section.payload ? section.payload->size() : 0;
    if (size > 0) at = align_up(at, std::max<std::uint64_t>(section.alignment, 1));
    placed.push_back({.name = section.name,
                      .type = section.type,
                      .flags = section.flags & ~kSectionCompressed,
                      .offset = at,
                      .size = size,
                      .virtual_size = section.virtual_size.value_or(size),
                      .alignment = section.alignment});
    at += size;
  }
  tables.symbol_table = align_up(at, kTableAlignment);

  HashingWriter writer(out);
  SMF_TRY(writer.append(header_bytes(spec, tables)));
  SMF_TRY(writer.append(section_table_bytes(placed, spec.format)));
  SMF_ASSIGN(const auto written, write_payloads(spec.sections, options, writer));
  for (std::size_t i = 0; i < placed.size(); ++i) SMF_CHECK(written[i].offset == placed[i].offset);
  SMF_TRY(writer.pad_to(kTableAlignment));
  SMF_TRY(writer.append(symbol_table_bytes(spec, placed, strings)));
  SMF_TRY(writer.append(strings.bytes()));
  const std::uint64_t module_hash = spec.with_module_hash ? writer.hash().digest_64() : 0;
  ByteVector field;
  append(field, module_hash);
  SMF_TRY(out.overwrite(module_hash_offset(spec.format), field));
  return summarise(placed, out.size(), module_hash);
}

}  // namespace

Result<BuildSummary> build_module(const ModuleSpec& spec, const BuildOptions& options,
                                  os::OutputFile& out) try {
  SMF_CHECK(out.size() == 0);
  SMF_TRY(check_spec(spec));
  return spec.format == OutputFormat::kH96 ? build_h96(spec, options, out)
                                           : build_p128(spec, options, out);
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to build the module");
}

}  // namespace smf
