#include "runtime/format/elf/output_name.h"

#include <elf.h>
#include <fmt/format.h>

namespace smf::elf {
namespace {

struct Family {
  std::string_view prefix;
  std::string_view output;
};

// -ffunction-sections and -fdata-sections append names to these. The last is the only other one
// that compilers number by function: exception tables.
constexpr Family kFamilies[] = {
    {".text", "code"},
    {".rodata", "rodata"},
    {".data", "data"},
    {".bss", "bss"},
    {".gcc_except_table", "gcc_except_table"},
};

}  // namespace

SectionKind kind_of(const ObjectSection& section) {
  if (section.type == SHT_NOBITS) return SectionKind::kBss;
  if ((section.flags & SHF_EXECINSTR) != 0) return SectionKind::kCode;
  return (section.flags & SHF_WRITE) != 0 ? SectionKind::kData : SectionKind::kRoData;
}

Result<std::string> output_name(const Object& object, std::uint32_t section) {
  const auto name = object.sections[section].name;
  for (const auto& family : kFamilies) {
    if (name.starts_with(family.prefix)) return std::string(family.output);
  }
  const auto own = name.starts_with('.') ? name.substr(1) : name;
  const auto unsupported = [&](std::string_view why) {
    return object.fail(object.section_header(section),
                       fmt::format("section '{}' would be '{}' in the module, {}", name, own, why),
                       ErrorCode::kUnsupported);
  };
  if (own.empty()) return unsupported("which is no name");
  if (own.size() > kMaxSectionName)
    return unsupported(fmt::format("where names have at most {} bytes", kMaxSectionName));
  if (own.starts_with(".smf.")) return unsupported("a prefix that is reserved");
  return std::string(own);
}

std::string_view describe(SectionKind kind) {
  switch (kind) {
    case SectionKind::kCode:
      return "code";
    case SectionKind::kData:
      return "data";
    case SectionKind::kRoData:
      return "read-only data";
    case SectionKind::kBss:
      return "zeros without contents";
  }
  return "";
}

}  // namespace smf::elf
