#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include "runtime/format/elf/object_reader.h"

namespace smf::elf {
namespace {

struct Table {
  std::uint64_t count = 0;
  std::uint32_t names = 0;
};

// From 65 280 sections on, the header's fields are too small and entry 0 holds the numbers.
Result<Table> locate_table(Object& object, const Elf64_Ehdr& header) {
  const std::uint64_t at = header.e_shoff;
  const std::uint64_t limit = object.bytes.size();
  if (at == 0 || !in_range(at, sizeof(Elf64_Shdr), limit))
    return object.fail(offsetof(Elf64_Ehdr, e_shoff),
                       fmt::format("expected a section table inside the file of {} bytes, found "
                                   "its offset to be {}",
                                   limit, at));
  if (header.e_shentsize != sizeof(Elf64_Shdr))
    return object.fail(offsetof(Elf64_Ehdr, e_shentsize),
                       fmt::format("expected section headers of {} bytes, found {}",
                                   sizeof(Elf64_Shdr), header.e_shentsize));
  object.section_table = at;
  const auto first = load<Elf64_Shdr>(object.bytes, at);
  const Table table{.count = header.e_shnum != 0 ? header.e_shnum : first.sh_size,
                    .names = header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : first.sh_link};
  if (table.count == 0 || table.count > (limit - at) / sizeof(Elf64_Shdr))
    return object.fail(
        header.e_shnum != 0 ? offsetof(Elf64_Ehdr, e_shnum) : at + offsetof(Elf64_Shdr, sh_size),
        fmt::format("a table of {} sections does not fit between its offset {} and "
                    "the file's end at {}",
                    table.count, at, limit));
  if (table.names >= table.count)
    return object.fail(offsetof(Elf64_Ehdr, e_shstrndx),
                       fmt::format("the section names are in section {}, but there are {} sections",
                                   table.names, table.count));
  return table;
}

// `room` is what is left of the file for sections to stand in.
Result<void> check_extent(const Object& object, std::uint32_t index, std::uint64_t& room) {
  const auto& section = object.sections[index];
  const auto at = object.section_header(index);
  if (!std::has_single_bit(section.alignment))
    return object.fail(
        at + offsetof(Elf64_Shdr, sh_addralign),
        fmt::format("section {}: the alignment {} is no power of two", index, section.alignment));
  if (section.type == SHT_NULL || section.type == SHT_NOBITS) return {};
  if (!in_range(section.offset, section.size, object.bytes.size()))
    return object.fail(at + offsetof(Elf64_Shdr, sh_offset),
                       fmt::format("section {} ({} bytes at {}) ends past the file of {} bytes",
                                   index, section.size, section.offset, object.bytes.size()));
  if (section.size > room)
    return object.fail(at + offsetof(Elf64_Shdr, sh_size),
                       fmt::format("sections overlap: up to section {} they have more bytes than "
                                   "the file's {}",
                                   index, object.bytes.size()));
  room -= section.size;
  return {};
}

}  // namespace

Result<std::string_view> NameReader::read(const Object& object, Bytes table, std::uint32_t at,
                                          std::uint64_t entry) {
  if (at == 0) return std::string_view();
  if (at >= table.size())
    return object.fail(
        entry, fmt::format("a name starts at {} of a string table of {} bytes", at, table.size()));
  const auto rest = as_text(table).substr(at, limits_.name_size + 1);
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) {
    if (rest.size() > limits_.name_size)
      return object.fail(entry, fmt::format("a name has over {} bytes", limits_.name_size),
                         ErrorCode::kLimit);
    return object.fail(entry, "a name does not end within its string table");
  }
  if (end > names_left_)
    return object.fail(entry, "the names have more bytes than the limit allows", ErrorCode::kLimit);
  names_left_ -= end;
  const auto name = rest.substr(0, end);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(name, is_control))
    return object.fail(entry, "a name has control characters");
  return name;
}

Result<Bytes> copy_strings(Object& object, std::uint32_t section, std::uint32_t user) {
  if (section >= object.sections.size() || object.sections[section].type != SHT_STRTAB)
    return object.fail(object.section_header(user),
                       fmt::format("expected section {} to be a string table", section));
  const auto& table = object.sections[section];
  const auto bytes = object.bytes.subspan(table.offset, table.size);
  return object.strings.emplace_back(bytes.begin(), bytes.end());
}

Result<void> check_table(const Object& object, std::uint32_t section, std::uint64_t entry_size) {
  const auto& table = object.sections[section];
  if (table.entry_size == entry_size && table.size % entry_size == 0) return {};
  return object.fail(object.section_header(section),
                     fmt::format("section {} '{}': expected entries of {} bytes, found {} bytes in "
                                 "entries of {}",
                                 section, table.name, entry_size, table.size, table.entry_size));
}

Result<void> read_sections(Object& object, const Elf64_Ehdr& header, NameReader& names) {
  SMF_ASSIGN(const Table table, locate_table(object, header));
  object.sections.reserve(table.count);
  std::vector<std::uint32_t> name_offsets;
  name_offsets.reserve(table.count);
  std::uint64_t room = object.bytes.size();
  for (std::uint32_t i = 0; i < table.count; ++i) {
    const auto raw = load<Elf64_Shdr>(object.bytes, object.section_header(i));
    name_offsets.push_back(raw.sh_name);
    object.sections.push_back({.name = {},
                               .type = i == 0 ? SHT_NULL : raw.sh_type,
                               .flags = i == 0 ? 0 : raw.sh_flags,
                               .offset = raw.sh_offset,
                               .size = raw.sh_size,
                               .alignment = raw.sh_addralign == 0 ? 1 : raw.sh_addralign,
                               .entry_size = raw.sh_entsize,
                               .link = raw.sh_link,
                               .info = raw.sh_info,
                               .group = std::nullopt});
    SMF_TRY(check_extent(object, i, room));
  }
  if (table.names == 0) return {};  // permitted: sections without names
  SMF_ASSIGN(const Bytes strings, copy_strings(object, table.names, table.names));
  for (std::uint32_t i = 1; i < table.count; ++i) {
    SMF_ASSIGN(object.sections[i].name,
               names.read(object, strings, name_offsets[i], object.section_header(i)));
  }
  return {};
}

}  // namespace smf::elf
