#include <fmt/format.h>

#include <utility>

#include "runtime/format/elf/object_reader.h"

namespace smf::elf {
namespace {

constexpr std::uint32_t kTypeRelr = 19;          // SHT_RELR, newer than some elf.h
constexpr std::uint32_t kTypeCrel = 0x40000014;  // SHT_CREL

Result<ObjectGroup> read_group_head(const Object& object, std::uint32_t index) {
  const auto& section = object.sections[index];
  const auto at = object.section_header(index);
  SMF_TRY(check_table(object, index, sizeof(Elf64_Word)));
  if (section.size == 0) return object.fail(at, "a section group is empty");
  if (section.link != object.symbol_section || section.info == 0 ||
      section.info >= object.symbols.size())
    return object.fail(at, fmt::format("a section group is named by symbol {} of section {}, which "
                                       "does not exist",
                                       section.info, section.link));
  const auto flags = load<Elf64_Word>(object.bytes, section.offset);
  return ObjectGroup{.signature = object.symbols[section.info].name,
                     .comdat = (flags & GRP_COMDAT) != 0,
                     .offset = section.offset};
}

Result<void> check_relocations(const Object& object, std::uint32_t index) {
  const auto& section = object.sections[index];
  SMF_TRY(check_table(object, index, sizeof(Elf64_Rela)));
  if (section.link != object.symbol_section)
    return object.fail(object.section_header(index),
                       fmt::format("section {} '{}' takes its symbols from section {}, but the "
                                   "symbol table is {}",
                                   index, section.name, section.link, object.symbol_section));
  return {};
}

}  // namespace

Result<void> read_groups(Object& object) {
  for (std::uint32_t i = 1; i < object.sections.size(); ++i) {
    if (object.sections[i].type != SHT_GROUP) continue;
    SMF_ASSIGN(const ObjectGroup group, read_group_head(object, i));
    const auto number = static_cast<std::uint32_t>(object.groups.size());
    const auto end = group.offset + object.sections[i].size;
    for (auto at = group.offset + sizeof(Elf64_Word); at < end; at += sizeof(Elf64_Word)) {
      const auto member = load<Elf64_Word>(object.bytes, at);
      if (member == 0 || member >= object.sections.size())
        return object.fail(at, fmt::format("group '{}' has section {} as a member, but there are "
                                           "{} sections",
                                           group.signature, member, object.sections.size()));
      if (object.sections[member].group)
        return object.fail(at, fmt::format("section {} '{}' is in two groups", member,
                                           object.sections[member].name));
      object.sections[member].group = number;
    }
    object.groups.push_back(group);
  }
  return {};
}

Result<void> find_relocations(Object& object) {
  for (std::uint32_t i = 1; i < object.sections.size(); ++i) {
    const auto& section = object.sections[i];
    const auto at = object.section_header(i);
    if (section.type == kTypeRelr)
      return object.fail(at,
                         fmt::format("section {} '{}' holds relative relocations (SHT_RELR), which "
                                     "belong to linked files",
                                     i, section.name),
                         ErrorCode::kUnsupported);
    if (section.type != SHT_RELA && section.type != SHT_REL && section.type != kTypeCrel) continue;
    if (section.info == 0 || section.info >= object.sections.size())
      return object.fail(at, fmt::format("section {} '{}' relocates section {}, but there are {}",
                                         i, section.name, section.info, object.sections.size()));
    if ((object.sections[section.info].flags & SHF_ALLOC) == 0) continue;
    if (section.type != SHT_RELA)
      return object.fail(at,
                         fmt::format("section {} '{}' is of type {:#x}: expected relocations with "
                                     "addends (SHT_RELA, 4){}",
                                     i, section.name, section.type,
                                     section.type == kTypeCrel ? "; assemble without --crel" : ""),
                         ErrorCode::kUnsupported);
    SMF_TRY(check_relocations(object, i));
    object.relocation_sections.push_back(i);
  }
  return {};
}

}  // namespace smf::elf
