// One ELF relocatable object, read and checked.
//
// read_object() loads every header, symbol, group and name once; whatever it hands on lies inside
// the file and refers to something that exists. Only section contents and relocations stay in the
// file's bytes, within the ranges checked here. No two sections of an object share bytes, which
// also keeps a small file from standing for a large one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"

namespace smf::elf {

struct ObjectSection {
  std::string_view name{};
  std::uint32_t type = 0;   // SHT_*
  std::uint64_t flags = 0;  // SHF_*
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t alignment = 1;  // a power of two
  std::uint64_t entry_size = 0;
  std::uint32_t link = 0;
  std::uint32_t info = 0;
  std::optional<std::uint32_t> group{};  // index into Object::groups
};

enum class Place { kUndefined, kSection, kCommon, kAbsolute };

struct ObjectSymbol {
  std::string_view name{};
  Place place = Place::kUndefined;
  std::uint32_t section = 0;  // where place is kSection; it exists and holds value and size
  std::uint64_t value = 0;    // the alignment where place is kCommon
  std::uint64_t size = 0;
  std::uint8_t type = 0;  // STT_*
  Binding binding = Binding::kLocal;
  bool hidden = false;  // not for other modules to see
};

// Sections that stand or fall together: of the COMDAT groups with one signature one is kept.
struct ObjectGroup {
  std::string_view signature{};
  bool comdat = false;
  std::uint64_t offset = 0;
};

struct Object {
  std::string path{};
  std::uint64_t base = 0;  // of the object within the file that the offsets of errors count in
  Bytes bytes{};
  Machine machine = Machine::kX86_64;
  std::vector<ObjectSection> sections{};  // the null section included: indices are the file's
  std::vector<ObjectSymbol> symbols{};    // the null symbol included
  std::vector<ObjectGroup> groups{};
  std::vector<std::uint32_t> relocation_sections{};  // SHT_RELA; `info` is an allocated section
  std::uint64_t section_table = 0;                   // where the section headers start
  std::uint32_t symbol_section = 0;                  // SHT_SYMTAB; 0 where there is none
  std::uint64_t symbol_table = 0;                    // where the symbols start
  std::vector<ByteVector> strings{};                 // what the names are views of

  std::uint64_t section_header(std::uint32_t section) const;
  std::uint64_t symbol_entry(std::uint32_t symbol) const;

  // An error about this object; `offset` counts from its start.
  std::unexpected<Error> fail(std::uint64_t offset, std::string message,
                              ErrorCode code = ErrorCode::kInvalidInput) const;
};

// Reads the object whose first byte is at `base` of the file that `path` names. `names_left` is
// what is left of ImportLimits::names_size and shrinks. Errors are those of import_objects().
// Thread-safe. The result's `bytes` are a view.
Result<Object> read_object(std::string path, std::uint64_t base, Bytes bytes,
                           const ImportLimits& limits, std::uint64_t& names_left);

}  // namespace smf::elf
