// The steps of read_object(), in the order they are taken. Each fills in its part of the Object and
// relies on what those before it have checked. Internal to this package.
#pragma once

#include <elf.h>

#include <cstdint>
#include <string_view>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/elf/object.h"

namespace smf::elf {

// Names out of string tables, held against the limits: string tables may share bytes between
// names, so that a few bytes could stand for very many.
class NameReader {
 public:
  NameReader(const ImportLimits& limits, std::uint64_t& names_left)
      : limits_(limits), names_left_(names_left) {}

  // The name at `at` of `table`, a copy that outlives the name. `entry`, the offset of what bears
  // the name, is what an error points at.
  Result<std::string_view> read(const Object& object, Bytes table, std::uint32_t at,
                                std::uint64_t entry);

 private:
  const ImportLimits& limits_;
  std::uint64_t& names_left_;
};

Result<void> read_sections(Object& object, const Elf64_Ehdr& header, NameReader& names);
Result<void> read_symbols(Object& object, NameReader& names);
Result<void> read_groups(Object& object);
Result<void> find_relocations(Object& object);

// A copy of a SHT_STRTAB section, kept by the object; `user` is the section that refers to it.
Result<Bytes> copy_strings(Object& object, std::uint32_t section, std::uint32_t user);

// Fails unless the section is a table of whole `entry_size` byte entries.
Result<void> check_table(const Object& object, std::uint32_t section, std::uint64_t entry_size);

}  // namespace smf::elf
