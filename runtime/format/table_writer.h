// The bytes of the tables and headers that are written: what tables.h and header.h read.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/format/module_spec.h"

namespace smf {

// The string area: a NUL, then each different name once, NUL-terminated, in order of arrival.
class StringTable {
 public:
  StringTable() : bytes_(1) {}
  // The offset of `name`, which must stay where it is. The table is limited to 4 GiB (SMF_CHECK).
  std::uint32_t add(std::string_view name);
  const ByteVector& bytes() const { return bytes_; }

 private:
  ByteVector bytes_;
  std::unordered_map<std::string_view, std::uint32_t> offsets_;
};

// A section once its payload has been written, or its size is known.
struct PlacedSection {
  std::string_view name;
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t offset = 0;  // from smf_data_offset
  std::uint64_t size = 0;
  std::uint64_t virtual_size = 0;
  std::uint64_t alignment = 0;
  std::uint64_t hash = 0;  // XXH3-64 of the stored bytes; 0 for sections that change in place
};

struct PlacedTables {
  std::uint64_t section_table = 0;  // from smf_data_offset
  std::uint64_t symbol_table = 0;
  std::uint32_t section_count = 0;
  CompressionSpec compression{};  // of the first compressed section
  std::uint32_t stub_size = 0;
  std::uint32_t data_offset = 0;
};

// Bytes of a table of `count` sections.
std::uint64_t section_table_size(std::uint64_t count, OutputFormat format);
ByteVector section_table_bytes(const std::vector<PlacedSection>& sections, OutputFormat format);

// The symbols, and their names into `strings`. `sections` are those the symbols refer to, in order;
// H96 counts values from the start of all code.
ByteVector symbol_table_bytes(const ModuleSpec& spec, const std::vector<PlacedSection>& sections,
                              StringTable& strings);

// The header with module_hash 0.
ByteVector header_bytes(const ModuleSpec& spec, const PlacedTables& tables);

// Where header_bytes() has module_hash.
std::uint64_t module_hash_offset(OutputFormat format);

}  // namespace smf
