#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "runtime/format/builder.h"
#include "runtime/format/tables.h"

namespace smf {
namespace {

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

bool is_bss(const SectionSpec& section) { return has_type(section, SectionType::kBss); }

std::uint64_t memory_size(const SectionSpec& section) {
  if (is_bss(section)) return section.virtual_size.value_or(0);
  if (section.is_precompressed) return section.virtual_size.value_or(0);
  return section.payload->size();
}

// Sections that are changed in place, or looked into without decompressing.
bool stays_uncompressed(const SectionSpec& section) {
  return section.name.starts_with(kReservedPrefix) || section.name == kNoteSection ||
         section.name == kTemplateCodeSection || section.name == kTemplateMetaSection ||
         has_type(section, SectionType::kReloc) || is_bss(section);
}

Result<void> check_section(const SectionSpec& section, const ModuleSpec& spec) {
  const std::string& name = section.name;
  if (name.empty() || name.size() > 16 ||
      !std::ranges::all_of(name, [](char c) { return c >= 0x20 && c <= 0x7E; })) {
    return refuse(
        fmt::format("section name '{}': expected 1 to 16 bytes of printable ASCII", name));
  }
  if (is_derived_section(name))
    return refuse(fmt::format("section '{}' is made by the builder", name));
  if (section.type == 0) return refuse(fmt::format("section '{}' has type 0", name));
  if (section.alignment != 0 && !std::has_single_bit(section.alignment))
    return refuse(
        fmt::format("section '{}': alignment {} is no power of two", name, section.alignment));
  if (section.alignment > kMaxSectionAlignment)
    return refuse(fmt::format("section '{}': alignment {} is above the limit of {}", name,
                              section.alignment, kMaxSectionAlignment));
  if (has_type(section, SectionType::kCode) && (section.flags & kSectionWrite))
    return refuse(fmt::format("code section '{}' is writable", name));
  if (is_bss(section) && section.payload)
    return refuse(fmt::format("bss section '{}' has a payload", name));
  if (!is_bss(section) && !section.payload)
    return refuse(fmt::format("section '{}' has no payload", name));
  const bool is_to_be_compressed = section.compression.algorithm != Algorithm::kNone;
  if (section.is_precompressed && (!section.virtual_size || !is_to_be_compressed))
    return refuse(
        fmt::format("section '{}': a compressed payload needs its algorithm and its "
                    "uncompressed size",
                    name));
  if (is_to_be_compressed && stays_uncompressed(section))
    return refuse(fmt::format("section '{}' is never compressed", name));
  if (is_to_be_compressed && spec.format == OutputFormat::kH96)
    return refuse(
        fmt::format("section '{}': readers of the H96 dialect know no compression", name));
  if (spec.format == OutputFormat::kH96 && name.starts_with(kReservedPrefix))
    return refuse(fmt::format("section '{}' is not for the H96 dialect", name));
  return {};
}

Result<void> check_symbols(const ModuleSpec& spec) {
  std::unordered_set<std::string_view> definitions;
  for (const SymbolSpec& symbol : spec.symbols) {
    if (symbol.name.size() > kMaxSymbolName || symbol.name.find('\0') != std::string::npos)
      return refuse(fmt::format("symbol name of {} bytes: expected at most {}, without NUL",
                                symbol.name.size(), kMaxSymbolName));
    if (symbol.type == SymbolType::kNone && spec.format == OutputFormat::kP128)
      return refuse(
          fmt::format("symbol '{}' has type none, which version 1.1 does not have", symbol.name));
    if (symbol.section) {
      if (*symbol.section >= spec.sections.size())
        return refuse(fmt::format("symbol '{}' lies in section {} of {}", symbol.name,
                                  *symbol.section, spec.sections.size()));
      const SectionSpec& holder = spec.sections[*symbol.section];
      if (!in_range(symbol.value, symbol.size, memory_size(holder)))
        return refuse(
            fmt::format("symbol '{}' covers 0x{:x} bytes from 0x{:x} of section '{}', "
                        "which has 0x{:x}",
                        symbol.name, symbol.size, symbol.value, holder.name, memory_size(holder)));
    }
    const bool is_global_definition = symbol.binding == Binding::kGlobal && symbol.visibility != 0;
    if (is_global_definition && !symbol.name.empty() && !definitions.insert(symbol.name).second)
      return refuse(fmt::format("symbol '{}' is defined twice", symbol.name));
  }
  return {};
}

}  // namespace

Result<void> check_spec(const ModuleSpec& spec) {
  if (spec.sections.size() > 0xFFFF - 2) return refuse("more than 65533 sections");
  if (spec.symbols.size() > UINT32_MAX / 4) return refuse("more than 2^30 symbols");
  if (spec.format == OutputFormat::kH96 &&
      (spec.stub || spec.with_symbol_index || spec.with_hash_section)) {
    return refuse("the H96 dialect has its header in front: no stub, no sections of ours");
  }
  std::unordered_set<std::string_view> names;
  std::uint64_t code_size = 0;
  for (const SectionSpec& section : spec.sections) {
    SMF_TRY(check_section(section, spec));
    if (!names.insert(section.name).second)
      return refuse(fmt::format("two sections are named '{}'", section.name));
    if (has_type(section, SectionType::kCode)) code_size += memory_size(section);
  }
  if (((spec.flags & kModuleExecutable) || spec.entry_point != 0) && spec.entry_point >= code_size)
    return refuse(fmt::format("entry point 0x{:x} lies outside the 0x{:x} bytes of code",
                              spec.entry_point, code_size));
  return check_symbols(spec);
}

}  // namespace smf
