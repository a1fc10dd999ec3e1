// What numbers from foreign code have to be, whatever they are for: the same for mapped files,
// executable memory and modules, and told in the same words. Everything here is kInvalidArgument.
#pragma once

#include <cstddef>
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

// What can be told of bytes without reading them: they are there, or none are wanted.
Result<std::string_view> text_of(std::string_view what, const char* text, std::int64_t length);

inline constexpr std::size_t kMaxPathBytes = 4095;  // PATH_MAX without its NUL
// The system would take a path up to its first NUL.
Result<void> check_path(std::string_view path);
Result<std::string_view> path_of(const char* path, std::int64_t length);

// Bits 1 read, 2 write, 4 execute, of which the last two never go together.
Result<os::MapOptions::Protection> protection_of(std::int64_t bits);

constexpr bool has(os::MapOptions::Protection protection, os::MapOptions::Protection bit) {
  return (static_cast<unsigned>(protection) & static_cast<unsigned>(bit)) != 0;
}

}  // namespace smf::ffi
