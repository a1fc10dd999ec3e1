// The header of a module, whatever the dialect: which one it is, and where its tables lie.
//
// Version bytes do not tell the dialects apart (0.1, 1.0 and 1.1 occur in several), so the reader
// tries each place a header may stand in and takes the candidate that validates: tables and
// payloads inside the file, alignments powers of two, printable section names. Where more than one
// does, the candidate has to explain the symbols too (names inside the string area, name hashes
// equal to FNV-1a of the name, at most kNameSamples of them looked at), then the one whose string
// area ends exactly with the last name wins; a tie is refused. A file that fails says why for the
// candidate that came furthest.
#pragma once

#include <array>
#include <cstdint>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/types.h"

namespace smf {

inline constexpr int kNameSamples = 64;

// All offsets are from the start of the file, base included; all have been held against its size.
struct Header {
  Dialect dialect = Dialect::kP128;
  std::uint64_t header_offset = 0;
  std::uint8_t major = 1, minor = 1;
  std::uint8_t platform = 0, arch = 0, app_type = 0;
  std::uint8_t compression = 0, level = 0;  // of the first compressed section; informative
  std::uint32_t flags = 0;
  std::uint32_t section_count = 0, symbol_count = 0, exported_count = 0;
  std::uint64_t section_table = 0, symbol_table = 0;
  std::uint64_t strings_begin = 0, strings_end = 0;
  std::uint64_t entry_point = 0;  // counted from the start of all code sections laid end to end
  std::uint64_t base = 0;         // smf_data_offset: offsets in the file count from here
  std::uint32_t stub_size = 0;
  std::uint64_t module_hash = 0, source_hash = 0;
  std::uint16_t window_width = 0, window_height = 0;
  std::uint8_t prefetch_hint = 0, prefetch_file_count = 0;
  std::array<std::uint8_t, 16> options_hash{};  // P128

  friend bool operator==(const Header&, const Header&) = default;

  std::uint64_t header_size() const;
  // Whether it stands before its tables, and not at the end of the file.
  bool is_at_start() const { return header_offset == 0 && strings_end != 0; }
  std::uint64_t section_entry_size() const;
  std::uint64_t symbol_entry_size() const;
};

// Finds the header and checks what the dialects are told apart by. O(sections).
Result<Header> find_header(Bytes file);

// Reads again the header that find_header() found in these bytes, at their start or at their end.
// Where the bytes have changed since, it fails or is another one.
Result<Header> reread_header(Bytes file, Dialect dialect, bool is_at_start);

}  // namespace smf
