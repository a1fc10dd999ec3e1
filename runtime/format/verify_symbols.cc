#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "runtime/format/verifier.h"

namespace smf {

void Verifier::check_symbols() {
  for (std::uint32_t i = 0; i < view_.symbol_count(); ++i) {
    if (const auto symbol = view_.symbol(i); !symbol) report(symbol.error());
  }
  const Header& header = view_.header();
  if (header.symbol_count > 0 && header.strings_end > header.strings_begin &&
      view_.file()[header.strings_end - 1] != std::byte{0}) {
    report(Severity::kWarning, header.strings_end - 1, "the string area does not end with a NUL");
  }
  check_definitions();
}

void Verifier::check_definitions() {
  std::unordered_map<std::string_view, std::uint32_t> definitions;
  std::uint32_t exported = 0;
  bool all_readable = true;
  for (std::uint32_t i = 0; i < view_.symbol_count(); ++i) {
    const auto symbol = view_.symbol(i);
    all_readable = all_readable && symbol.has_value();
    if (!symbol || !symbol->is_defined() || symbol->binding == Binding::kLocal) continue;
    ++exported;
    if (symbol->binding == Binding::kWeak || symbol->name.empty()) continue;
    const auto [entry, is_new] = definitions.try_emplace(symbol->name, i);
    if (is_new) continue;
    report(Severity::kError, symbol->entry_offset,
           fmt::format("symbol {} '{}' is defined already, as symbol {}", i, symbol->name,
                       entry->second));
  }
  const Header& header = view_.header();
  if (all_readable && exported != header.exported_count) {
    report(Severity::kWarning, header.header_offset,
           fmt::format("the header counts {} exported symbols; the table has {}",
                       header.exported_count, exported));
  }
}

// The index has to say, of every name, what a search through the table says.
void Verifier::check_symbol_index() {
  const auto holder = std::ranges::find_if(
      sections_, [](const Section& s) { return s.name() == kSymbolIndexSection; });
  if (holder == sections_.end()) return;
  if (!view_.has_symbol_index()) {
    report(Severity::kError, holder->offset,
           fmt::format("section {} '.smf.sym' is no symbol index over {} symbols", holder->index,
                       view_.symbol_count()));
    return;
  }
  std::unordered_map<std::string_view, Symbol> best;
  for (std::uint32_t i = 0; i < view_.symbol_count(); ++i) {
    const auto symbol = view_.symbol(i);
    if (!symbol || symbol->name.empty()) continue;
    const auto [entry, is_new] = best.try_emplace(symbol->name, *symbol);
    if (!is_new && symbol_rank(*symbol) < symbol_rank(entry->second)) entry->second = *symbol;
  }
  for (const auto& [name, expected] : best) {
    const auto found = view_.find_symbol(name);
    if (!found) {
      report(found.error());
    } else if (!*found || (*found)->index != expected.index) {
      report(Severity::kError, expected.entry_offset,
             fmt::format("the symbol index gives {} for '{}', which is symbol {}",
                         *found ? fmt::format("symbol {}", (*found)->index) : "nothing", name,
                         expected.index));
    }
  }
}

void Verifier::check_relocations() {
  for (const Section& section : sections_) {
    if (!section.is(SectionType::kReloc)) continue;
    const auto target = view_.relocation_target_size(section);
    if (!target) {
      report(target.error());
      continue;
    }
    for (std::uint64_t i = 0; i < SmfView::relocation_count(section); ++i) {
      const auto entry = view_.relocation(section, i, *target);
      if (!entry) report(entry.error());
    }
    if (section.size % 24 != 0) {
      report(Severity::kError, section.offset,
             fmt::format("section {} '{}' has {} bytes; relocations are 24 bytes each",
                         section.index, section.name(), section.size));
    }
  }
}

}  // namespace smf
