#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "runtime/format/elf/object_reader.h"

namespace smf::elf {
namespace {

// STB_GNU_UNIQUE is a global that a dynamic linker keeps one of; within one module a global does.
Result<Binding> read_binding(const Object& object, std::uint64_t entry, std::uint8_t info) {
  switch (ELF64_ST_BIND(info)) {
    case STB_LOCAL:
      return Binding::kLocal;
    case STB_GLOBAL:
    case STB_GNU_UNIQUE:
      return Binding::kGlobal;
    case STB_WEAK:
      return Binding::kWeak;
    default:
      return object.fail(entry + offsetof(Elf64_Sym, st_info),
                         fmt::format("expected a local, global or weak symbol, found binding {}",
                                     ELF64_ST_BIND(info)),
                         ErrorCode::kUnsupported);
  }
}

Result<void> check_type(const Object& object, std::uint64_t entry, const ObjectSymbol& symbol) {
  const auto unsupported = [&](std::string message) {
    return object.fail(entry + offsetof(Elf64_Sym, st_info), std::move(message),
                       ErrorCode::kUnsupported);
  };
  if (symbol.name == "__gnu_lto_slim")
    return unsupported(
        "this object holds GCC's intermediate code, not machine code: compile "
        "without -flto or with -ffat-lto-objects");
  switch (symbol.type) {
    case STT_NOTYPE:
    case STT_OBJECT:
    case STT_FUNC:
    case STT_SECTION:
    case STT_FILE:
    case STT_COMMON:
      return {};
    case STT_TLS:
      return unsupported(
          fmt::format("symbol '{}' is thread-local, which modules cannot hold: do without "
                      "thread_local, or compile with clang's -femulated-tls",
                      symbol.name));
    case STT_GNU_IFUNC:
      return unsupported(
          fmt::format("symbol '{}' is an IFUNC, chosen by a resolver at load time, which modules "
                      "cannot hold: do without __attribute__((ifunc)) and target_clones",
                      symbol.name));
    default:
      return unsupported(
          fmt::format("symbol '{}' is of the unknown type {}", symbol.name, symbol.type));
  }
}

// `section` is the number that the entry or the extended index table gives.
Result<void> place_symbol(const Object& object, std::uint64_t entry, std::uint32_t section,
                          bool extended, ObjectSymbol& symbol) {
  const auto index_field = entry + offsetof(Elf64_Sym, st_shndx);
  if (!extended && section >= SHN_LORESERVE) {
    if (section == SHN_ABS || section == SHN_COMMON) {
      symbol.place = section == SHN_ABS ? Place::kAbsolute : Place::kCommon;
      return {};
    }
    return object.fail(index_field,
                       fmt::format("symbol '{}' is in the special section {:#x}, which is not "
                                   "supported",
                                   symbol.name, section),
                       ErrorCode::kUnsupported);
  }
  if (section == SHN_UNDEF) return {};
  if (section >= object.sections.size())
    return object.fail(index_field, fmt::format("symbol '{}' is in section {}, but there are {}",
                                                symbol.name, section, object.sections.size()));
  symbol.place = Place::kSection;
  symbol.section = section;
  const auto& home = object.sections[section];
  if (symbol.type == STT_SECTION) symbol.name = home.name;
  if (!in_range(symbol.value, symbol.size, home.size))
    return object.fail(entry + offsetof(Elf64_Sym, st_value),
                       fmt::format("symbol '{}' ({} bytes at {}) ends past its section '{}' of {} "
                                   "bytes",
                                   symbol.name, symbol.size, symbol.value, home.name, home.size));
  return {};
}

// The section with the section numbers that do not fit into 16 bits; 0 where there is none.
Result<std::uint32_t> extended_index_section(const Object& object, std::uint32_t symbol_table) {
  for (std::uint32_t i = 1; i < object.sections.size(); ++i) {
    const auto& section = object.sections[i];
    if (section.type != SHT_SYMTAB_SHNDX || section.link != symbol_table) continue;
    SMF_TRY(check_table(object, i, sizeof(Elf64_Word)));
    const auto count = object.sections[symbol_table].size / sizeof(Elf64_Sym);
    if (section.size / sizeof(Elf64_Word) < count)
      return object.fail(object.section_header(i),
                         fmt::format("the table of extended section numbers has {} bytes, too few "
                                     "for {} symbols",
                                     section.size, count));
    return i;
  }
  return 0;
}

std::uint32_t find_symbol_table(const Object& object) {
  const auto table = std::ranges::find(object.sections, SHT_SYMTAB, &ObjectSection::type);
  return table == object.sections.end()
             ? 0
             : static_cast<std::uint32_t>(table - object.sections.begin());
}

Result<void> check_only_table(const Object& object, std::uint32_t table) {
  for (std::uint32_t i = table + 1; i < object.sections.size(); ++i) {
    if (object.sections[i].type == SHT_SYMTAB)
      return object.fail(
          object.section_header(i),
          fmt::format("expected one symbol table, found sections {} and {}", table, i));
  }
  return {};
}

Result<ObjectSymbol> read_symbol(const Object& object, Bytes strings, std::uint32_t index,
                                 std::uint32_t extended_section, NameReader& names) {
  const auto entry = object.symbol_entry(index);
  const auto raw = load<Elf64_Sym>(object.bytes, entry);
  const auto visibility = ELF64_ST_VISIBILITY(raw.st_other);
  ObjectSymbol symbol{.value = raw.st_value,
                      .size = raw.st_size,
                      .type = static_cast<std::uint8_t>(ELF64_ST_TYPE(raw.st_info)),
                      .hidden = visibility == STV_HIDDEN || visibility == STV_INTERNAL};
  SMF_ASSIGN(symbol.name, names.read(object, strings, raw.st_name, entry));
  SMF_ASSIGN(symbol.binding, read_binding(object, entry, raw.st_info));
  SMF_TRY(check_type(object, entry, symbol));
  std::uint32_t section = raw.st_shndx;
  const bool extended = section == SHN_XINDEX && extended_section != 0;
  if (extended)
    section = load<Elf64_Word>(object.bytes, object.sections[extended_section].offset +
                                                 std::uint64_t{index} * sizeof(Elf64_Word));
  SMF_TRY(place_symbol(object, entry, section, extended, symbol));
  if (symbol.binding != Binding::kLocal && symbol.name.empty())
    return object.fail(entry, "a global symbol has no name");
  if (symbol.binding == Binding::kLocal && symbol.place == Place::kCommon)
    return object.fail(entry, fmt::format("the common symbol '{}' is local", symbol.name));
  return symbol;
}

}  // namespace

Result<void> read_symbols(Object& object, NameReader& names) {
  const auto table = find_symbol_table(object);
  if (table == 0) return {};
  SMF_TRY(check_only_table(object, table));
  SMF_TRY(check_table(object, table, sizeof(Elf64_Sym)));
  object.symbol_section = table;
  object.symbol_table = object.sections[table].offset;
  SMF_ASSIGN(const Bytes strings, copy_strings(object, object.sections[table].link, table));
  SMF_ASSIGN(const std::uint32_t extended, extended_index_section(object, table));
  const auto count = object.sections[table].size / sizeof(Elf64_Sym);
  if (count > UINT32_MAX)
    return object.fail(object.symbol_table, fmt::format("{} symbols are too many", count),
                       ErrorCode::kLimit);
  if (count == 0) return {};
  object.symbols.reserve(count);
  object.symbols.emplace_back();  // entry 0 stands for no symbol, whatever its bytes
  for (std::uint32_t i = 1; i < count; ++i) {
    SMF_ASSIGN(auto symbol, read_symbol(object, strings, i, extended, names));
    object.symbols.push_back(symbol);
  }
  return {};
}

}  // namespace smf::elf
