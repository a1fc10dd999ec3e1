#include "runtime/exec/symbol_file.h"

#include <elf.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/exec/code_name.h"
#include "runtime/exec/elf_machine.h"
#include "runtime/exec/frame_description.h"

namespace smf::internal {
namespace {

enum Section : std::uint8_t { kNone, kText, kFrames, kSymbols, kStrings, kSections };

// Strings, of which an offset says where they begin; the first is empty.
class Strings {
 public:
  std::uint32_t begin_next() {
    text_ += '\0';
    return static_cast<std::uint32_t>(text_.size());
  }
  std::uint32_t add(std::string_view string) {
    const std::uint32_t at = begin_next();
    text_ += string;
    return at;
  }
  std::string& text() { return text_; }

 private:
  std::string text_{};
};

Elf64_Ehdr make_header() {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = kElfMachine;
  header.e_version = EV_CURRENT;
  header.e_shoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = kSections;
  header.e_shstrndx = kStrings;
  return header;
}

}  // namespace

ByteVector make_symbol_file(Bytes block, std::span<const CodeListener::Function> functions) {
  Strings strings;
  std::vector<Elf64_Sym> symbols(1);
  symbols.reserve(1 + functions.size());
  for (const CodeListener::Function& function : functions) {
    Elf64_Sym symbol{};
    symbol.st_name = strings.begin_next();
    append_name(strings.text(), function.name, function.code.data());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbol.st_shndx = kText;
    symbol.st_value = static_cast<Elf64_Addr>(function.code.data() - block.data());
    symbol.st_size = function.code.size();
    symbols.push_back(symbol);
  }

  std::array<Elf64_Shdr, kSections> sections{};
  sections[kText].sh_name = strings.add(".text");
  sections[kFrames].sh_name = strings.add(".eh_frame");
  sections[kSymbols].sh_name = strings.add(".symtab");
  sections[kStrings].sh_name = strings.add(".strtab");
  strings.begin_next();  // ends the last

  const ByteVector frames = describe_frames(block);
  std::uint64_t end = sizeof(Elf64_Ehdr) + sizeof sections;
  const auto place = [&](Section section, std::uint32_t type, std::uint64_t size) -> Elf64_Shdr& {
    Elf64_Shdr& header = sections[section];
    header.sh_type = type;
    header.sh_offset = end = align_up(end, alignof(std::uint64_t));
    header.sh_size = size;
    header.sh_addralign = alignof(std::uint64_t);
    if (type != SHT_NOBITS) end += size;
    return header;
  };
  Elf64_Shdr& text = place(kText, SHT_NOBITS, block.size());
  text.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  text.sh_addr = reinterpret_cast<Elf64_Addr>(block.data());
  Elf64_Shdr& unwinding = place(kFrames, SHT_PROGBITS, frames.size());
  unwinding.sh_flags = SHF_ALLOC;
  Elf64_Shdr& table = place(kSymbols, SHT_SYMTAB, symbols.size() * sizeof(Elf64_Sym));
  table.sh_link = kStrings;
  table.sh_info = 1;  // the first that is not local
  table.sh_entsize = sizeof(Elf64_Sym);
  place(kStrings, SHT_STRTAB, strings.text().size());

  ByteVector file(end);
  unwinding.sh_addr = reinterpret_cast<Elf64_Addr>(file.data() + unwinding.sh_offset);
  store(file, 0, make_header());
  store(file, sizeof(Elf64_Ehdr), sections);
  const auto put = [&](Section section, Bytes bytes) {
    std::memcpy(file.data() + sections[section].sh_offset, bytes.data(), bytes.size());
  };
  put(kFrames, frames);
  put(kSymbols, std::as_bytes(std::span(symbols)));
  put(kStrings, as_bytes(strings.text()));
  return file;
}

}  // namespace smf::internal
