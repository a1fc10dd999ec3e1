#include "runtime/format/recompress.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/format/decompressed_source.h"

namespace smf {

bool is_compressible(const SectionSpec& section) {
  return !section.name.starts_with(kReservedPrefix) && section.name != kNoteSection &&
         section.name != kTemplateCodeSection && section.name != kTemplateMetaSection &&
         !has_type(section, SectionType::kReloc) && !has_type(section, SectionType::kBss);
}

void compress_sections(ModuleSpec& spec, const Recompression& wanted) {
  for (SectionSpec& section : spec.sections) {
    if (section.is_precompressed || !is_compressible(section)) continue;
    if (has_type(section, SectionType::kCode) && !wanted.code_too) continue;
    if (section.payload->size() < kLeastCompressed) continue;
    section.compression = wanted.compression;
  }
}

Result<void> recompress_sections(ModuleSpec& spec, const SmfView& view,
                                 const Recompression& wanted) {
  const bool stores_plain = wanted.compression.algorithm == Algorithm::kNone;
  std::uint64_t total = 0;
  for (SectionSpec& section : spec.sections) {
    const bool is_kept = has_type(section, SectionType::kCode) && !wanted.code_too;
    if (!section.is_precompressed || (is_kept && !stores_plain)) continue;
    SMF_ASSIGN(const auto original, view.find_section(section.name));
    if (!original || !original->compressed) {
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("two sections are named '{}', and one of them is compressed", section.name));
    }
    total = saturating_sum(total, original->virtual_size);
    SMF_TRY(check_total(view.file().size(), total, wanted.limits));
    auto content =
        decompressed_source(view.stored(*original), original->virtual_size, wanted.limits);
    if (!content) {
      Error error = std::move(content).error();
      error.offset = original->offset + error.offset.value_or(0);
      error.message = fmt::format("section '{}': {}", section.name, error.message);
      return std::unexpected(std::move(error));
    }
    section.payload = *std::move(content);
    section.is_precompressed = false;
    section.virtual_size.reset();
    section.compression = {};
  }
  compress_sections(spec, wanted);
  return {};
}

}  // namespace smf
