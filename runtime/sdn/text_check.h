// Which bytes a text may hold: UTF-8 without control characters other than tab and line ends.
//
// Everything after this check may take characters for granted, so it runs over the whole text
// first, a block at a time where the text is ASCII.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace smf::sdn {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The bytes of the UTF-8 character that `text` begins with; 0 if it begins with none (truncated,
// overlong, a surrogate, above U+10FFFF) or is empty.
std::size_t character_size(std::string_view text);

// The bytes at the start of a text that are whole blocks of 64 of printable ASCII, tabs and line
// feeds: 64 at a time where the processor has AVX2, else as the compiler makes it. Both stop at the
// same block.
std::size_t plain_blocks_portable(const char* text, std::size_t size);
#if defined(__x86_64__)
std::size_t plain_blocks_avx2(const char* text, std::size_t size);
#endif

struct BadByte {
  std::uint64_t offset;
  const char* what;  // what was found there
};

// The first byte that no text may hold, if there is one: what is not UTF-8, or a control character
// below U+0020 or U+007F other than tab, line feed, and a carriage return before a line feed.
std::optional<BadByte> find_bad_byte(std::string_view text);

}  // namespace smf::sdn
