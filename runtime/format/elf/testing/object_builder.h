// ELF relocatable objects by hand, for tests: what is put in comes out byte for byte, wrong things
// included. It follows the gABI on its own and shares nothing with the reader.
#pragma once

#include <elf.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"

namespace smf::elf::testing {

struct SectionSpec {
  std::string name{};
  std::uint32_t type = SHT_PROGBITS;
  std::uint64_t flags = SHF_ALLOC;
  ByteVector bytes{};
  std::uint64_t alignment = 1;
  std::uint64_t size_in_memory = 0;  // of SHT_NOBITS
  std::uint32_t info = 0;
};

struct SymbolSpec {
  std::string name{};
  unsigned char binding = STB_GLOBAL;
  unsigned char type = STT_NOTYPE;
  std::uint32_t section = SHN_UNDEF;  // an index, SHN_ABS or SHN_COMMON
  std::uint64_t value = 0;
  std::uint64_t size = 0;
  unsigned char visibility = STV_DEFAULT;
};

ByteVector bytes_of(std::string_view text);

class ObjectBuilder {
 public:
  explicit ObjectBuilder(std::uint16_t machine = EM_X86_64) : machine_(machine) {}

  // Each returns the index in the object.
  std::uint32_t section(SectionSpec spec);
  std::uint32_t text(std::string name, std::string_view bytes, std::uint64_t alignment = 1);
  std::uint32_t data(std::string name, std::string_view bytes, std::uint64_t alignment = 1);
  std::uint32_t symbol(SymbolSpec spec);
  std::uint32_t function(std::string name, std::uint32_t section, std::uint64_t value = 0,
                         std::uint64_t size = 0);
  std::uint32_t undefined(std::string name, unsigned char binding = STB_GLOBAL);
  std::uint32_t section_symbol(std::uint32_t section);
  std::uint32_t comdat(std::uint32_t signature, const std::vector<std::uint32_t>& members);
  void relocation(std::uint32_t section, std::uint64_t offset, std::uint32_t type,
                  std::uint32_t symbol, std::int64_t addend = 0);

  // Uses the extended numbering of the gABI by itself where there are too many sections.
  ByteVector build() const;

 private:
  std::uint16_t machine_;
  std::vector<SectionSpec> sections_{};
  std::vector<SymbolSpec> symbols_{};
  std::map<std::uint32_t, std::vector<Elf64_Rela>> relocations_{};
};

}  // namespace smf::elf::testing
