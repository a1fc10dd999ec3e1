// What code is called where somebody reads it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smf::internal {

// Of a name's bytes; the rest is left out.
inline constexpr std::size_t kMaxNameBytes = 4000;

// Appends the name as one line that no NUL cuts short: what would end it becomes a space. Code
// without a name is called jit_ADDRESS, in hexadecimal.
void append_name(std::string& out, std::string_view name, const void* address);

}  // namespace smf::internal
