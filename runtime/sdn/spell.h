// How one key, string or number is written so that it reads back as itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smf::sdn {

// Columns that a block is indented by.
inline constexpr std::size_t kStep = 4;

// Where a string stands decides which characters would end it or mean something.
enum class Place : std::uint8_t {
  kLine,         // after `key:`
  kBlockLine,    // an array's element on a line of its own
  kBracket,      // in [ ] or { }
  kCell,         // in a table's row on a line
  kParenthesis,  // in a row in ( )
};

// Whether `text` read at that place without quotes is this very string.
bool reads_back_bare(std::string_view text, Place place);

// `text` in quotes, with escapes for quotes, backslashes and control characters.
void append_quoted(std::string& out, std::string_view text);

void append_string(std::string& out, std::string_view text, Place place);
void append_key(std::string& out, std::string_view key);
// A column's name or type.
void append_column(std::string& out, std::string_view column);
void append_int(std::string& out, std::int64_t value);
// The shortest digits that read back to the same bits, always with a point or an exponent. The
// value is finite.
void append_float(std::string& out, double value);

// Whether the text is UTF-8 throughout.
bool is_utf8(std::string_view text);

}  // namespace smf::sdn
