#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "runtime/format/verifier.h"
#include "runtime/sdn/document.h"

namespace smf {

void Verifier::check_templates() {
  const auto find = [&](SectionType type, std::string_view name) {
    return std::ranges::find_if(sections_, [&](const Section& s) {
      return s.is(type) && s.name() == name && !s.compressed;
    });
  };
  const auto code = find(SectionType::kTemplateCode, kTemplateCodeSection);
  const auto meta = find(SectionType::kTemplateMeta, kTemplateMetaSection);
  if (code == sections_.end()) return;
  const auto templates = read_templates(view_.stored(*code));
  if (!templates) {
    report(templates.error(), code->offset,
           fmt::format("section {} '{}'", code->index, code->name()));
    return;
  }
  check_template_symbols(*code, *templates);
  for (const TemplateEntry& entry : *templates) {
    if (!entry.body.empty()) continue;
    report(Severity::kNote, code->offset + entry.offset,
           fmt::format("template '{}': has no body", entry.name));
  }
  if (meta == sections_.end()) return;
  const auto counts = read_template_counts(view_.stored(*meta));
  if (!counts) {
    report(counts.error(), meta->offset, fmt::format("section {} '{}'", meta->index, meta->name()));
  } else if (*counts != count_templates(*templates)) {
    report(Severity::kError, meta->offset, "template counts differ from the templates");
  }
}

// A template's symbol points at its record.
void Verifier::check_template_symbols(const Section& section,
                                      const std::vector<TemplateEntry>& templates) {
  std::unordered_set<std::uint64_t> records;
  for (const TemplateEntry& entry : templates)
    if (!entry.body.empty()) records.insert(entry.offset);
  if (records.empty()) return;
  for (std::uint32_t i = 0; i < view_.symbol_count(); ++i) {
    const auto symbol = view_.symbol(i);
    if (!symbol || !symbol->is_template() || records.contains(symbol->template_offset)) continue;
    report(Severity::kError, symbol->entry_offset,
           fmt::format("symbol {} '{}' has template offset 0x{:x}, where section {} has no record",
                       i, symbol->name, symbol->template_offset, section.index));
  }
}

void Verifier::check_note() {
  const auto holder = std::ranges::find_if(sections_, [](const Section& s) { return s.is_note(); });
  if (holder == sections_.end()) return;
  const auto text = view_.note();
  if (!text) return report(text.error());
  if (!terminated_note(as_bytes(**text))) {
    report(is_ours() ? Severity::kError : Severity::kWarning, holder->offset,
           "the note has no line '# END_NOTE'");
  }
  sdn::ParseOptions options;
  options.limits.text_bytes = kMaxNoteBytes;
  if (const auto document = sdn::parse(**text, options); !document)
    report(document.error(), holder->offset, "note.sdn");
}

}  // namespace smf
