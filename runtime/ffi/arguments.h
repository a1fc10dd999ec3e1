// What numbers from foreign code have to be, whatever they are for: the same for mapped files and
// executable memory, and told in the same words. Everything here is kInvalidArgument.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/os/mapped_file.h"

namespace smf::ffi {

std::unexpected<Error> refuse(std::string message);

Result<void> check_not_negative(std::string_view what, std::int64_t value);
// At least one byte.
Result<void> check_size(std::int64_t size);

// Bits 1 read, 2 write, 4 execute, of which the last two never go together.
Result<os::MapOptions::Protection> protection_of(std::int64_t bits);

constexpr bool has(os::MapOptions::Protection protection, os::MapOptions::Protection bit) {
  return (static_cast<unsigned>(protection) & static_cast<unsigned>(bit)) != 0;
}

}  // namespace smf::ffi
