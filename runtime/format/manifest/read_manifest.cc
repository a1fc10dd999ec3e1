#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <new>
#include <unordered_map>

#include "runtime/format/convert.h"
#include "runtime/format/manifest/columns.h"
#include "runtime/format/manifest/fields.h"
#include "runtime/format/manifest/manifest.h"
#include "runtime/sdn/document.h"

namespace smf {
namespace {

using manifest::Fields;
using sdn::Value;

constexpr std::uint64_t kHashStep = 1u << 20;

Result<Hash128> hash_source(const PayloadSource& source) {
  Xxh3Stream stream;
  ByteVector buffer;
  for (std::uint64_t at = 0; at < source.size(); at += buffer.size()) {
    buffer.resize(std::min(kHashStep, source.size() - at));
    SMF_TRY(source.read(at, buffer));
    stream.update(buffer);
  }
  return stream.digest_128();
}

Result<bool> has_hash(const PayloadSource& source, const std::optional<Hash128>& expected) {
  if (!expected) return false;
  SMF_ASSIGN(const Hash128 found, hash_source(source));
  return found == *expected;
}

class Reader {
 public:
  explicit Reader(const std::string& path) : folder_(std::filesystem::path(path).parent_path()) {}

  Result<ModuleSpec> read(const sdn::Document& document) {
    SMF_TRY(check_head(document));
    if (const auto module = document.dict().find("module")) SMF_TRY(read_module(*module));
    const auto sections = document.dict().find("sections");
    if (!sections) return fail(ErrorCode::kInvalidInput, "a manifest needs a table 'sections'");
    SMF_TRY(read_sections(*sections));
    if (const auto symbols = document.dict().find("symbols")) SMF_TRY(read_symbols(*symbols));
    if (!has_symbol_index_) spec_.with_symbol_index = wants_symbol_index(spec_.symbols.size());
    return std::move(spec_);
  }

 private:
  static Result<void> check_head(const sdn::Document& document) {
    const auto version = document.dict().find("manifest");
    if (!version || version->as_int() != kManifestVersion) {
      const std::string message =
          fmt::format("expected `manifest: {}`, the version of the notation", kManifestVersion);
      if (version) return std::unexpected(version->error(message));
      return fail(ErrorCode::kInvalidInput, message);
    }
    for (const sdn::DictEntry entry : document.dict()) {
      constexpr std::array<std::string_view, 5> kKeys = {"manifest", "libraries", "module",
                                                         "sections", "symbols"};
      if (std::ranges::find(kKeys, entry.key) == kKeys.end())
        return std::unexpected(entry.value.error(fmt::format("unknown key '{}'", entry.key)));
    }
    return {};
  }

  Result<void> read_module(const Value& value);
  Result<void> read_sections(const Value& value);
  Result<SectionSpec> read_section(const Fields& row);
  Result<void> add_payload(const Fields& row, SectionSpec& section);
  Result<void> read_symbols(const Value& value);
  Result<SymbolSpec> read_symbol(const Fields& row);

  // A file named in the manifest; an error about it points at the place in the manifest.
  Result<Source> open(const Value& at, std::string_view name) const {
    auto source = file_source((folder_ / std::string(name)).string());
    if (source || source.error().code != ErrorCode::kInvalidInput) return source;
    return std::unexpected(at.error(fmt::format("file '{}': {}", name, source.error().message)));
  }

  std::filesystem::path folder_;
  ModuleSpec spec_;
  bool has_symbol_index_ = false;
  std::unordered_map<std::string, std::uint16_t> section_indices_;
};

Result<void> Reader::read_module(const Value& value) {
  SMF_ASSIGN(const sdn::Dict dict, value.expect_dict());
  for (const sdn::DictEntry entry : dict) {
    const std::string_view key = entry.key;
    const manifest::Field field(entry.value, key);
    if (key == "format") {
      SMF_ASSIGN(const std::string name, field.text());
      if (name != "P128" && name != "H96")
        return std::unexpected(entry.value.error("format: expected P128 or H96"));
      spec_.format = name == "P128" ? OutputFormat::kP128 : OutputFormat::kH96;
    } else if (key == "platform") {
      SMF_ASSIGN(spec_.platform, field.named(parse_platform));
    } else if (key == "arch") {
      SMF_ASSIGN(spec_.arch, field.named(parse_arch));
    } else if (key == "app_type") {
      SMF_ASSIGN(spec_.app_type, field.named(parse_app_type));
    } else if (key == "flags") {
      SMF_ASSIGN(spec_.flags, field.named(parse_module_flags));
    } else if (key == "entry_point") {
      SMF_ASSIGN(spec_.entry_point, field.number<std::uint64_t>());
    } else if (key == "exported_count") {
      SMF_ASSIGN(spec_.exported_count, field.number<std::uint32_t>());
    } else if (key == "source_hash") {
      SMF_ASSIGN(spec_.source_hash, field.number<std::uint64_t>());
    } else if (key == "options_hash") {
      SMF_ASSIGN(spec_.options_hash, field.bytes16());
    } else if (key == "window_width") {
      SMF_ASSIGN(spec_.window_width, field.number<std::uint16_t>());
    } else if (key == "window_height") {
      SMF_ASSIGN(spec_.window_height, field.number<std::uint16_t>());
    } else if (key == "prefetch_hint") {
      SMF_ASSIGN(spec_.prefetch_hint, field.number<std::uint8_t>());
    } else if (key == "prefetch_file_count") {
      SMF_ASSIGN(spec_.prefetch_file_count, field.number<std::uint8_t>());
    } else if (key == "stub") {
      SMF_ASSIGN(const std::string name, field.text());
      SMF_ASSIGN(spec_.stub, open(entry.value, name));
    } else if (key == "symbol_index") {
      SMF_ASSIGN(spec_.with_symbol_index, entry.value.expect_bool());
      has_symbol_index_ = true;
    } else if (key == "hash_section") {
      SMF_ASSIGN(spec_.with_hash_section, entry.value.expect_bool());
    } else if (key == "module_hash") {
      SMF_ASSIGN(spec_.with_module_hash, entry.value.expect_bool());
    } else {
      return std::unexpected(entry.value.error(fmt::format("unknown key 'module.{}'", key)));
    }
  }
  return {};
}

Result<void> Reader::read_sections(const Value& value) {
  SMF_ASSIGN(const Fields::Columns columns,
             Fields::match(value, manifest::kSectionColumns, {manifest::kName, manifest::kType}));
  for (std::size_t i = 0; i < columns.table.row_count(); ++i) {
    const Fields row(columns, i);
    SMF_ASSIGN(SectionSpec section, read_section(row));
    const auto index = static_cast<std::uint16_t>(spec_.sections.size());
    if (i > UINT16_MAX || !section_indices_.try_emplace(section.name, index).second)
      return std::unexpected(
          row.at(manifest::kName)
              ->error(fmt::format("section '{}' is there already, or one too many", section.name)));
    spec_.sections.push_back(std::move(section));
  }
  return {};
}

Result<SectionSpec> Reader::read_section(const Fields& row) {
  SectionSpec section;
  SMF_ASSIGN(section.name, row.text(manifest::kName));
  SMF_ASSIGN(section.type, row.named(manifest::kType, parse_section_type, std::uint8_t{0}));
  SMF_ASSIGN(section.flags, row.named(manifest::kFlags, parse_section_flags, kSectionRead));
  SMF_ASSIGN(section.alignment, row.number(manifest::kAlign, std::uint64_t{1}));
  SMF_ASSIGN(const std::string size, row.text(manifest::kVirtualSize));
  if (!size.empty()) {
    SMF_ASSIGN(section.virtual_size, row.number(manifest::kVirtualSize, std::uint64_t{0}));
  }
  SMF_ASSIGN(const std::string compression, row.text(manifest::kCompression));
  if (!compression.empty()) {
    auto spec = parse_compression(compression);
    if (!spec) return std::unexpected(row.at(manifest::kCompression)->error(spec.error().message));
    section.compression = *spec;
  }
  SMF_TRY(add_payload(row, section));
  return section;
}

Result<void> Reader::add_payload(const Fields& row, SectionSpec& section) {
  SMF_ASSIGN(const std::string file, row.text(manifest::kFile));
  if (has_type(section, SectionType::kBss)) return {};
  if (file.empty())
    return std::unexpected(
        row.at(manifest::kName)->error(fmt::format("section '{}' has no file", section.name)));
  SMF_ASSIGN(section.payload, open(*row.at(manifest::kFile), file));
  SMF_ASSIGN(const auto content_hash, row.hash(manifest::kContentHash));
  const bool is_note =
      section.name == kNoteSection && has_type(section, SectionType::kTemplateMeta);
  if (is_note) {
    SMF_ASSIGN(const bool is_unchanged, has_hash(*section.payload, content_hash));
    if (is_unchanged) return {};
    SMF_ASSIGN(const ByteVector text, read_all(*section.payload));
    const std::uint32_t flags = section.flags;
    section = note_section(as_text(text));
    section.flags = flags;
    return {};
  }
  SMF_ASSIGN(const std::string stored, row.text(manifest::kStored));
  if (stored.empty()) return {};
  SMF_ASSIGN(const bool is_unchanged, has_hash(*section.payload, content_hash));
  std::error_code ignored;
  if (!is_unchanged || !std::filesystem::exists(folder_ / stored, ignored)) return {};
  SMF_ASSIGN(Source payload, open(*row.at(manifest::kStored), stored));
  SMF_ASSIGN(const auto stored_hash, row.hash(manifest::kStoredHash));
  SMF_ASSIGN(const bool is_intact, has_hash(*payload, stored_hash));
  if (!is_intact) return {};
  section.virtual_size = section.payload->size();
  section.payload = std::move(payload);
  section.is_precompressed = true;
  return {};
}

Result<void> Reader::read_symbols(const Value& value) {
  SMF_ASSIGN(const Fields::Columns columns,
             Fields::match(value, manifest::kSymbolColumns, {manifest::kSymbolName}));
  spec_.symbols.reserve(columns.table.row_count());
  for (std::size_t i = 0; i < columns.table.row_count(); ++i) {
    SMF_ASSIGN(SymbolSpec symbol, read_symbol(Fields(columns, i)));
    spec_.symbols.push_back(std::move(symbol));
  }
  return {};
}

Result<SymbolSpec> Reader::read_symbol(const Fields& row) {
  SymbolSpec symbol;
  SMF_ASSIGN(symbol.name, row.text(manifest::kSymbolName));
  SMF_ASSIGN(symbol.type,
             row.named(manifest::kSymbolType, parse_symbol_type, SymbolType::kFunction));
  SMF_ASSIGN(const std::uint8_t binding, row.named(manifest::kBinding, parse_binding,
                                                   static_cast<std::uint8_t>(Binding::kGlobal)));
  if (binding > static_cast<std::uint8_t>(Binding::kWeak))
    return std::unexpected(row.at(manifest::kBinding)->error("expected local, global or weak"));
  symbol.binding = static_cast<Binding>(binding);
  SMF_ASSIGN(symbol.visibility, row.number(manifest::kVisibility, std::uint8_t{1}));
  SMF_ASSIGN(symbol.flags, row.number(manifest::kSymbolFlags, std::uint8_t{0}));
  SMF_ASSIGN(const std::string section, row.text(manifest::kSection));
  if (!section.empty()) {
    const auto found = section_indices_.find(section);
    if (found == section_indices_.end())
      return std::unexpected(
          row.at(manifest::kSection)->error(fmt::format("there is no section '{}'", section)));
    symbol.section = found->second;
  }
  SMF_ASSIGN(symbol.value, row.number(manifest::kValue, std::uint64_t{0}));
  SMF_ASSIGN(symbol.size, row.number(manifest::kSize, std::uint64_t{0}));
  SMF_ASSIGN(symbol.type_id, row.number(manifest::kTypeId, std::uint32_t{0}));
  SMF_ASSIGN(symbol.version, row.number(manifest::kVersion, std::uint32_t{0}));
  SMF_ASSIGN(symbol.template_param_count, row.number(manifest::kTemplateParams, std::uint8_t{0}));
  SMF_ASSIGN(symbol.template_offset, row.number(manifest::kTemplateOffset, std::uint64_t{0}));
  return symbol;
}

}  // namespace

Result<ModuleSpec> read_manifest(const std::string& path) try {
  SMF_ASSIGN(const os::FileBytes file, os::FileBytes::load(path));
  const auto located = [&](Error error) { return std::unexpected(std::move(error).at_path(path)); };
  sdn::ParseOptions options;
  options.limits.values = sdn::Limits::kValuesCeiling;  // the user's own file, however large
  const auto document = sdn::parse(as_text(file.bytes()), options);
  if (!document) return located(document.error());
  auto spec = Reader(path).read(*document);
  if (!spec) return located(std::move(spec).error());
  return spec;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the manifest");
}

}  // namespace smf
