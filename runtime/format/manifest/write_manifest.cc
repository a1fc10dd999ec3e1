#include <fmt/format.h>

#include <cstdint>
#include <new>

#include "runtime/format/manifest/columns.h"
#include "runtime/format/manifest/manifest.h"
#include "runtime/sdn/writer.h"

namespace smf {
namespace {

using sdn::OwnedValue;

// SDN has 64-bit signed integers; what is larger is written in hexadecimal, as text.
OwnedValue number(std::uint64_t value) {
  if (value <= INT64_MAX) return OwnedValue(static_cast<std::int64_t>(value));
  return OwnedValue(fmt::format("0x{:x}", value));
}

std::string hex(const Hash128& hash) { return fmt::format("{:016x}{:016x}", hash.high, hash.low); }

std::string hex(const std::array<std::uint8_t, 16>& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

OwnedValue module_dict(const ModuleSpec& spec, std::string_view stub) {
  OwnedValue module = OwnedValue::dict();
  module.put("format", spec.format == OutputFormat::kP128 ? "P128" : "H96");
  module.put("platform", platform_name(spec.platform));
  module.put("arch", arch_name(spec.arch));
  module.put("app_type", app_type_name(spec.app_type));
  module.put("flags", module_flags_text(spec.flags));
  module.put("entry_point", number(spec.entry_point));
  if (spec.exported_count) module.put("exported_count", number(*spec.exported_count));
  module.put("source_hash", fmt::format("0x{:x}", spec.source_hash));
  module.put("options_hash", hex(spec.options_hash));
  module.put("window_width", number(spec.window_width));
  module.put("window_height", number(spec.window_height));
  module.put("prefetch_hint", number(spec.prefetch_hint));
  module.put("prefetch_file_count", number(spec.prefetch_file_count));
  if (!stub.empty()) module.put("stub", stub);
  module.put("symbol_index", spec.with_symbol_index);
  module.put("hash_section", spec.with_hash_section);
  module.put("module_hash", spec.with_module_hash);
  return module;
}

class Rows {
 public:
  Rows(std::string& out, std::string_view key, std::span<const std::string_view> columns)
      : writer_(out, key, columns, {.cells = sdn::Quoting::kEveryString}) {}

  Rows& text(std::string_view value) {
    writer_.cell(value);
    return *this;
  }
  Rows& count(std::uint64_t value) {
    if (value <= INT64_MAX) {
      writer_.cell(static_cast<std::int64_t>(value));
    } else {
      writer_.cell(fmt::format("0x{:x}", value));
    }
    return *this;
  }
  Rows& hash(const std::optional<Hash128>& value) { return text(value ? hex(*value) : ""); }
  void end() { writer_.end_row(); }
  Result<void> finish() { return writer_.finish(); }

 private:
  sdn::TableWriter writer_;
};

Result<void> write_sections(const ModuleSpec& spec, const std::vector<SectionFiles>& files,
                            std::string& out) {
  Rows rows(out, "sections", manifest::kSectionColumns);
  for (std::size_t i = 0; i < spec.sections.size(); ++i) {
    const SectionSpec& section = spec.sections[i];
    rows.text(section.name)
        .text(section_type_name(section.type))
        .text(section_flags_text(section.flags))
        .count(section.alignment);
    if (section.virtual_size && !section.is_precompressed) {
      rows.count(*section.virtual_size);
    } else {
      rows.text("");
    }
    rows.text(files[i].content)
        .text(compression_text(section.compression))
        .text(files[i].stored)
        .hash(files[i].content_hash)
        .hash(files[i].stored_hash)
        .end();
  }
  return rows.finish();
}

Result<void> write_symbols(const ModuleSpec& spec, std::string& out) {
  Rows rows(out, "symbols", manifest::kSymbolColumns);
  for (const SymbolSpec& symbol : spec.symbols) {
    rows.text(symbol.name)
        .text(symbol_type_name(symbol.type))
        .text(binding_name(static_cast<std::uint8_t>(symbol.binding)))
        .count(symbol.visibility)
        .count(symbol.flags)
        .text(symbol.section ? std::string_view(spec.sections[*symbol.section].name) : "")
        .count(symbol.value)
        .count(symbol.size)
        .count(symbol.type_id)
        .count(symbol.version)
        .count(symbol.template_param_count)
        .count(symbol.template_offset)
        .end();
  }
  return rows.finish();
}

}  // namespace

Result<std::string> write_manifest(const ModuleSpec& spec, const std::vector<SectionFiles>& files,
                                   std::string_view stub) try {
  SMF_CHECK(files.size() == spec.sections.size());
  OwnedValue head = OwnedValue::dict();
  head.put("manifest", kManifestVersion);
  head.put("libraries", compression_libraries());
  head.put("module", module_dict(spec, stub));
  SMF_ASSIGN(std::string text, sdn::write(head));
  text.insert(0, "# A module unpacked; `smftool pack --manifest` makes it again.\n");
  SMF_TRY(write_sections(spec, files, text));
  if (!spec.symbols.empty()) SMF_TRY(write_symbols(spec, text));
  return text;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the manifest");
}

}  // namespace smf
