#include "runtime/format/elf/testing/object_builder.h"

#include <cstring>
#include <utility>

namespace smf::elf::testing {
namespace {

// A string table under construction.
struct Strings {
  ByteVector bytes{std::byte{0}};

  std::uint32_t add(std::string_view text) {
    if (text.empty()) return 0;
    const auto at = static_cast<std::uint32_t>(bytes.size());
    append_bytes(bytes, as_bytes(text));
    bytes.push_back(std::byte{0});
    return at;
  }
};

struct Raw {
  Elf64_Shdr header;
  ByteVector bytes;
};

Elf64_Shdr header_of(std::uint32_t name, std::uint32_t type, std::uint64_t entry_size,
                     std::uint32_t link, std::uint32_t info) {
  Elf64_Shdr header{};
  header.sh_name = name;
  header.sh_type = type;
  header.sh_entsize = entry_size;
  header.sh_link = link;
  header.sh_info = info;
  header.sh_addralign = 8;
  return header;
}

// The last section holds the sections' names.
ByteVector write_file(std::vector<Raw> raws, std::uint16_t machine) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  ByteVector file(sizeof header);
  for (auto& raw : raws) {
    if (raw.header.sh_type == SHT_NULL) continue;
    file.resize(align_up(file.size(), 8));
    raw.header.sh_offset = file.size();
    if (raw.header.sh_type != SHT_NOBITS) raw.header.sh_size = raw.bytes.size();
    append_bytes(file, raw.bytes);
  }
  file.resize(align_up(file.size(), 8));
  header.e_shoff = file.size();
  const auto names = static_cast<std::uint32_t>(raws.size() - 1);
  if (raws.size() >= SHN_LORESERVE) {
    raws[0].header.sh_size = raws.size();
    raws[0].header.sh_link = names;
    header.e_shstrndx = SHN_XINDEX;
  } else {
    header.e_shnum = static_cast<std::uint16_t>(raws.size());
    header.e_shstrndx = static_cast<std::uint16_t>(names);
  }
  for (const auto& raw : raws) append(file, raw.header);
  store(file, 0, header);
  return file;
}

}  // namespace

ByteVector bytes_of(std::string_view text) {
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

std::uint32_t ObjectBuilder::section(SectionSpec spec) {
  sections_.push_back(std::move(spec));
  return static_cast<std::uint32_t>(sections_.size());
}

std::uint32_t ObjectBuilder::text(std::string name, std::string_view bytes,
                                  std::uint64_t alignment) {
  return section({.name = std::move(name),
                  .flags = SHF_ALLOC | SHF_EXECINSTR,
                  .bytes = bytes_of(bytes),
                  .alignment = alignment});
}

std::uint32_t ObjectBuilder::data(std::string name, std::string_view bytes,
                                  std::uint64_t alignment) {
  return section({.name = std::move(name),
                  .flags = SHF_ALLOC | SHF_WRITE,
                  .bytes = bytes_of(bytes),
                  .alignment = alignment});
}

std::uint32_t ObjectBuilder::symbol(SymbolSpec spec) {
  symbols_.push_back(std::move(spec));
  return static_cast<std::uint32_t>(symbols_.size());
}

std::uint32_t ObjectBuilder::function(std::string name, std::uint32_t section, std::uint64_t value,
                                      std::uint64_t size) {
  return symbol({.name = std::move(name),
                 .type = STT_FUNC,
                 .section = section,
                 .value = value,
                 .size = size});
}

std::uint32_t ObjectBuilder::undefined(std::string name, unsigned char binding) {
  return symbol({.name = std::move(name), .binding = binding});
}

std::uint32_t ObjectBuilder::section_symbol(std::uint32_t section) {
  return symbol({.binding = STB_LOCAL, .type = STT_SECTION, .section = section});
}

std::uint32_t ObjectBuilder::comdat(std::uint32_t signature,
                                    const std::vector<std::uint32_t>& members) {
  ByteVector bytes;
  append(bytes, std::uint32_t{GRP_COMDAT});
  for (const auto member : members) append(bytes, member);
  return section({.name = ".group",
                  .type = SHT_GROUP,
                  .flags = 0,
                  .bytes = std::move(bytes),
                  .alignment = 4,
                  .info = signature});
}

void ObjectBuilder::relocation(std::uint32_t section, std::uint64_t offset, std::uint32_t type,
                               std::uint32_t symbol, std::int64_t addend) {
  relocations_[section].push_back({offset, ELF64_R_INFO(std::uint64_t{symbol}, type), addend});
}

ByteVector ObjectBuilder::build() const {
  Strings section_names, symbol_names;
  std::vector<Raw> raws;
  raws.push_back({});
  const auto symbol_table = static_cast<std::uint32_t>(1 + sections_.size() + relocations_.size());
  for (const auto& spec : sections_) {
    auto header = header_of(section_names.add(spec.name), spec.type, 0, 0, spec.info);
    header.sh_flags = spec.flags;
    header.sh_addralign = spec.alignment;
    header.sh_size = spec.size_in_memory;
    if (spec.type == SHT_GROUP) {
      header.sh_link = symbol_table;
      header.sh_entsize = 4;
    }
    raws.push_back({header, spec.bytes});
  }
  const auto rela_name = section_names.add(".rela");
  for (const auto& [target, entries] : relocations_) {
    ByteVector bytes;
    for (const auto& entry : entries) append(bytes, entry);
    raws.push_back({header_of(rela_name, SHT_RELA, sizeof(Elf64_Rela), symbol_table, target),
                    std::move(bytes)});
  }

  ByteVector symbols(sizeof(Elf64_Sym));
  ByteVector indices(sizeof(Elf64_Word));
  bool extended = false;
  for (const auto& spec : symbols_) {
    const bool special = spec.section == SHN_ABS || spec.section == SHN_COMMON;
    // Numbers of sections in the reserved range are taken for special ones unless there are as
    // many.
    const bool large = spec.section >= SHN_LORESERVE && (!special || sections_.size() >= SHN_ABS);
    extended |= large;
    Elf64_Sym entry{};
    entry.st_name = symbol_names.add(spec.name);
    entry.st_info = ELF64_ST_INFO(spec.binding, spec.type);
    entry.st_other = spec.visibility;
    entry.st_shndx = static_cast<std::uint16_t>(large ? SHN_XINDEX : spec.section);
    entry.st_value = spec.value;
    entry.st_size = spec.size;
    append(symbols, entry);
    append(indices, large ? spec.section : std::uint32_t{0});
  }
  raws.push_back(
      {header_of(section_names.add(".symtab"), SHT_SYMTAB, sizeof(Elf64_Sym), symbol_table + 1, 1),
       std::move(symbols)});
  raws.push_back({header_of(section_names.add(".strtab"), SHT_STRTAB, 0, 0, 0),
                  std::move(symbol_names.bytes)});
  if (extended)
    raws.push_back(
        {header_of(section_names.add(".symtab_shndx"), SHT_SYMTAB_SHNDX, 4, symbol_table, 0),
         std::move(indices)});
  auto names_header = header_of(section_names.add(".shstrtab"), SHT_STRTAB, 0, 0, 0);
  raws.push_back({names_header, std::move(section_names.bytes)});

  return write_file(std::move(raws), machine_);
}

}  // namespace smf::elf::testing
