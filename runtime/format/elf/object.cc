#include "runtime/format/elf/object.h"

#include <elf.h>
#include <fmt/format.h>

#include <utility>

#include "runtime/format/elf/object_reader.h"

namespace smf::elf {
namespace {

Result<void> check_magic(const Object& object) {
  const auto text = as_text(object.bytes);
  if (text.starts_with("BC\xC0\xDE") || text.starts_with("\xDE\xC0\x17\x0B"))
    return object.fail(0, "this is LLVM bitcode, not machine code: compile without -flto",
                       ErrorCode::kUnsupported);
  if (!text.starts_with(std::string_view(ELFMAG, SELFMAG)))
    return object.fail(0, "expected an ELF object, which begins with 7f 45 4c 46, or an archive");
  if (text.size() < sizeof(Elf64_Ehdr))
    return object.fail(text.size(), fmt::format("the file ends within the ELF header of {} bytes",
                                                sizeof(Elf64_Ehdr)));
  return {};
}

Result<Machine> read_machine(const Object& object, const Elf64_Ehdr& header) {
  const auto unsupported = [&](std::uint64_t offset, std::string message) {
    return object.fail(offset, std::move(message), ErrorCode::kUnsupported);
  };
  if (header.e_ident[EI_CLASS] != ELFCLASS64)
    return unsupported(EI_CLASS, fmt::format("expected a 64-bit object (class 2), found class {}",
                                             header.e_ident[EI_CLASS]));
  if (header.e_ident[EI_DATA] != ELFDATA2LSB)
    return unsupported(EI_DATA, fmt::format("expected a little-endian object (1), found {}",
                                            header.e_ident[EI_DATA]));
  if (header.e_ident[EI_VERSION] != EV_CURRENT)
    return unsupported(EI_VERSION,
                       fmt::format("expected ELF version 1, found {}", header.e_ident[EI_VERSION]));
  if (header.e_type != ET_REL)
    return unsupported(
        offsetof(Elf64_Ehdr, e_type),
        fmt::format("expected a relocatable object (type 1), found type {}{}", header.e_type,
                    header.e_type == ET_EXEC || header.e_type == ET_DYN
                        ? ", a linked file: give its objects or archives instead"
                        : ""));
  if (header.e_machine == EM_X86_64) return Machine::kX86_64;
  if (header.e_machine == EM_AARCH64) return Machine::kAArch64;
  return unsupported(
      offsetof(Elf64_Ehdr, e_machine),
      fmt::format("expected x86-64 (62) or AArch64 (183), found machine {}", header.e_machine));
}

}  // namespace

std::uint64_t Object::section_header(std::uint32_t section) const {
  return section_table + std::uint64_t{section} * sizeof(Elf64_Shdr);
}

std::uint64_t Object::symbol_entry(std::uint32_t symbol) const {
  return symbol_table + std::uint64_t{symbol} * sizeof(Elf64_Sym);
}

std::unexpected<Error> Object::fail(std::uint64_t offset, std::string message,
                                    ErrorCode code) const {
  auto error = fail_at(base + offset, std::move(message), code);
  error.error().path = path;
  return error;
}

Result<Object> read_object(std::string path, std::uint64_t base, Bytes bytes,
                           const ImportLimits& limits, std::uint64_t& names_left) {
  Object object{.path = std::move(path), .base = base, .bytes = bytes};
  SMF_TRY(check_magic(object));
  const auto header = load<Elf64_Ehdr>(bytes, 0);
  SMF_ASSIGN(object.machine, read_machine(object, header));
  NameReader names(limits, names_left);
  SMF_TRY(read_sections(object, header, names));
  SMF_TRY(read_symbols(object, names));
  SMF_TRY(read_groups(object));
  SMF_TRY(find_relocations(object));
  return object;
}

}  // namespace smf::elf
