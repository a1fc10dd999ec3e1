#include "runtime/format/elf/testing/check_promises.h"

#include <bit>
#include <set>
#include <string_view>

#include "runtime/base/bytes.h"

namespace smf::elf::testing {
namespace {

std::string check_sections(const ImportedObject& object) {
  std::set<std::string_view> names;
  bool code_may_follow = true;
  for (const auto& section : object.sections) {
    if (section.name.empty() || section.name.size() > 16) return "the length of a section's name";
    if (!names.insert(section.name).second) return "unique section names";
    if (!std::has_single_bit(section.alignment)) return "alignments are powers of two";
    if (section.bytes.size() != (section.kind == SectionKind::kBss ? 0 : section.size))
      return "as many bytes as the size says";
    if (section.kind == SectionKind::kCode && !code_may_follow) return "code first";
    code_may_follow = section.kind == SectionKind::kCode;
  }
  return "";
}

std::string check_symbols(const ImportedObject& object) {
  std::set<std::string_view> globals;
  for (const auto& symbol : object.symbols) {
    if (symbol.name.empty()) return "symbols have names";
    if (symbol.binding != Binding::kLocal && !globals.insert(symbol.name).second)
      return "unique global names";
    if (!symbol.section) {
      if (symbol.binding == Binding::kLocal) return "imports are not local";
      continue;
    }
    if (*symbol.section >= object.sections.size()) return "symbols are in sections that exist";
    if (!in_range(symbol.value, symbol.size, object.sections[*symbol.section].size))
      return "symbols lie within their sections";
  }
  return "";
}

std::string check_relocations(const ImportedObject& object) {
  std::uint32_t section = 0;
  for (const auto& relocation : object.relocations) {
    if (relocation.section < section) return "relocations are ordered by section";
    section = relocation.section;
    if (section >= object.sections.size()) return "relocations are in sections that exist";
    if (relocation.symbol >= object.symbols.size()) return "relocations have symbols that exist";
    const auto width = relocation.type == RelocType::kAbs64 ? 8 : 4;
    if (!in_range(relocation.offset, width, object.sections[section].bytes.size()))
      return "relocations lie within their sections";
  }
  return "";
}

}  // namespace

std::string broken_promise(const ImportedObject& object) {
  for (const auto check : {check_sections, check_symbols, check_relocations}) {
    if (auto broken = check(object); !broken.empty()) return broken;
  }
  return "";
}

}  // namespace smf::elf::testing
