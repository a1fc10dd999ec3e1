#include "runtime/format/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "runtime/format/hashes.h"

namespace smf {
namespace {

constexpr std::uint64_t kLeastNoteRoom = 4096;
constexpr std::string_view kTerminatorLine = "# END_NOTE\n";

// Where the payload comes from: the file, or the bytes of the view.
class Payloads {
 public:
  Payloads(const SmfView& view, std::shared_ptr<const os::InputFile> file)
      : view_(view), file_(std::move(file)) {}

  Source of(std::uint64_t offset, std::uint64_t size) const {
    if (file_) return file_slice(file_, offset, size);
    return view_source(view_.file().subspan(offset, size));
  }

 private:
  const SmfView& view_;
  std::shared_ptr<const os::InputFile> file_;
};

// Old and new index of each section that is kept.
struct SectionMap {
  std::vector<std::optional<std::uint16_t>> to_new;
  // Of the code sections: where each starts when all code is laid end to end, and its new index.
  struct Code {
    std::uint64_t begin, size;
    std::uint16_t index;
  };
  std::vector<Code> code;
};

Result<SectionSpec> convert_section(const SmfView& view, const Section& section, bool native,
                                    const Payloads& payloads) {
  if (section.is_note() && (!native || section.size == 0)) {
    SMF_ASSIGN(const auto text, view.note());
    return note_section(text.value_or(""));
  }
  SectionSpec spec{.name = std::string(section.name()),
                   .type = section.type,
                   .flags = section.flags & ~kSectionCompressed,
                   .alignment = section.alignment};
  if (section.name().empty()) spec.name = fmt::format("section{}", section.index);
  if (section.is(SectionType::kBss)) {
    spec.virtual_size = section.virtual_size;
    return spec;
  }
  spec.payload = payloads.of(section.offset, section.size);
  if (section.compressed) {
    SMF_ASSIGN(spec.compression.algorithm, identify_compression(view.stored(section)));
    spec.compression.level = view.header().level;
    spec.is_precompressed = true;
    spec.virtual_size = section.virtual_size;
  } else if (section.virtual_size != section.size) {
    spec.virtual_size = section.virtual_size;
  }
  return spec;
}

Result<SectionMap> convert_sections(const SmfView& view, bool native, const Payloads& payloads,
                                    ModuleSpec& spec) {
  SectionMap map;
  map.to_new.resize(view.section_count());
  std::uint64_t code_end = 0;
  // Code first, in both passes in table order; one pass where the order is to stay.
  for (const bool is_code_pass : {true, false}) {
    for (std::uint32_t i = 0; i < view.section_count(); ++i) {
      SMF_ASSIGN(const Section section, view.section(i));
      const bool is_code = section.is(SectionType::kCode);
      if (is_derived_section(section.name()) || (native ? !is_code_pass : is_code != is_code_pass))
        continue;
      const auto index = static_cast<std::uint16_t>(spec.sections.size());
      SMF_ASSIGN(SectionSpec converted, convert_section(view, section, native, payloads));
      spec.sections.push_back(std::move(converted));
      map.to_new[i] = index;
      if (!is_code) continue;
      map.code.push_back({.begin = code_end, .size = section.memory_size(), .index = index});
      code_end += section.memory_size();
    }
  }
  return map;
}

// Two sections of one name are told apart by a number, since names are how sections are found.
void make_names_unique(std::vector<SectionSpec>& sections) {
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const std::string original = sections[i].name;
    const auto is_taken = [&](const std::string& name) {
      return std::any_of(sections.begin(), sections.begin() + static_cast<std::ptrdiff_t>(i),
                         [&](const SectionSpec& other) { return other.name == name; });
    };
    for (int n = 2; is_taken(sections[i].name); ++n) {
      const std::string suffix = fmt::format("~{}", n);
      sections[i].name = original.substr(0, 16 - suffix.size()) + suffix;
    }
  }
}

// Ties a function whose value counts through all code to the section it lies in.
void tie_to_code(SymbolSpec& symbol, const SectionMap& map) {
  for (const SectionMap::Code& code : map.code) {
    if (symbol.value < code.begin || symbol.value - code.begin > code.size) continue;
    if (symbol.size > code.size - (symbol.value - code.begin)) continue;
    symbol.section = code.index;
    symbol.value -= code.begin;
    return;
  }
}

Result<SymbolSpec> convert_symbol(const SmfView& view, std::uint32_t index, const SectionMap& map,
                                  OutputFormat format) {
  SMF_ASSIGN(const Symbol symbol, view.symbol(index));
  SymbolSpec spec{.name = std::string(symbol.name),
                  .type = symbol.type,
                  .binding = symbol.binding,
                  .visibility = symbol.visibility,
                  .flags = symbol.flags,
                  .template_param_count = symbol.template_param_count,
                  .value = symbol.value,
                  .size = symbol.size,
                  .type_id = symbol.type_id,
                  .version = symbol.version,
                  .template_offset = symbol.template_offset};
  if (spec.type == SymbolType::kNone && format == OutputFormat::kP128)
    spec.type = SymbolType::kData;
  if (symbol.section) {
    spec.section = map.to_new[*symbol.section];
  } else if (view.header().dialect != Dialect::kP128 && symbol.type == SymbolType::kFunction &&
             symbol.is_defined() && !symbol.is_template()) {
    tie_to_code(spec, map);
  }
  return spec;
}

ModuleSpec convert_header(const Header& header) {
  ModuleSpec spec;
  spec.platform = header.platform;
  spec.arch = header.arch;
  spec.app_type = header.app_type;
  spec.flags = header.flags & ~kModuleHasStub;
  spec.entry_point = header.entry_point;
  spec.exported_count = header.exported_count;
  spec.source_hash = header.source_hash;
  spec.options_hash = header.options_hash;
  spec.window_width = header.window_width;
  spec.window_height = header.window_height;
  spec.prefetch_hint = header.prefetch_hint;
  spec.prefetch_file_count = header.prefetch_file_count;
  return spec;
}

}  // namespace

SectionSpec note_section(std::string_view text) {
  const auto closed = terminated_note(as_bytes(text));
  std::string whole(closed.value_or(text));
  if (!whole.empty() && whole.back() != '\n') whole += '\n';
  if (!closed) whole += kTerminatorLine;
  whole.append(std::max<std::uint64_t>(whole.size() / 8, kLeastNoteRoom), ' ');
  return {.name = std::string(kNoteSection),
          .type = static_cast<std::uint8_t>(SectionType::kTemplateMeta),
          .flags = kSectionRead,
          .alignment = 1,
          .payload = text_source(whole)};
}

Result<bool> is_native(const SmfView& view) {
  const Header& header = view.header();
  if (header.dialect == Dialect::kP128) return header.major == 1 && header.minor == 1;
  if (header.dialect != Dialect::kH96 || header.module_hash == 0) return false;
  SMF_ASSIGN(const ModuleHashes hashes, compute_hashes(view));
  return hashes.module == header.module_hash;
}

namespace {

// Sections of a sound file lie side by side. Thousands that share their bytes would make a file of
// terabytes out of a small one.
Result<void> check_shared_bytes(const SmfView& view) {
  constexpr std::uint64_t kShareable = 16u << 20;  // what tables that sections repeat may take
  const std::uint64_t size = view.file().size();
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < view.section_count(); ++i) {
    SMF_ASSIGN(const Section section, view.section(i));
    total = saturating_sum(total, section.size);
    if (total > 2 * size + kShareable) {
      return fail(ErrorCode::kLimit,
                  fmt::format("its sections share bytes: {} in a file of {}", total, size));
    }
  }
  return {};
}

}  // namespace

Result<ModuleSpec> spec_from_view(const SmfView& view, Target target,
                                  std::shared_ptr<const os::InputFile> file) try {
  const Header& header = view.header();
  SMF_TRY(check_shared_bytes(view));
  SMF_ASSIGN(const bool native, is_native(view));
  const Payloads payloads(view, std::move(file));
  ModuleSpec spec = convert_header(header);
  if (native && target == Target::kSame && header.dialect == Dialect::kH96)
    spec.format = OutputFormat::kH96;
  if (header.stub_size > 0 && header.base >= header.stub_size)
    spec.stub = payloads.of(0, header.stub_size);
  SMF_ASSIGN(const SectionMap map, convert_sections(view, native, payloads, spec));
  make_names_unique(spec.sections);
  spec.symbols.reserve(view.symbol_count());
  for (std::uint32_t i = 0; i < view.symbol_count(); ++i) {
    SMF_ASSIGN(SymbolSpec symbol, convert_symbol(view, i, map, spec.format));
    spec.symbols.push_back(std::move(symbol));
  }
  if (native && header.dialect == Dialect::kP128) {
    SMF_ASSIGN(const auto index, view.find_section(kSymbolIndexSection));
    SMF_ASSIGN(const auto hash, view.find_section(kHashSection));
    spec.with_symbol_index = index.has_value();
    spec.with_hash_section = hash.has_value();
    spec.with_module_hash = header.module_hash != 0;
  } else if (spec.format == OutputFormat::kH96) {
    spec.with_hash_section = false;
  } else {
    spec.with_symbol_index = wants_symbol_index(spec.symbols.size());
  }
  return spec;
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the module's tables");
}

}  // namespace smf
