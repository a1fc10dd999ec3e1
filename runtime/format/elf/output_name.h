// What a section of an object is called in the module, and what it may hold there. Internal to this
// package.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"
#include "runtime/format/elf/object.h"

namespace smf::elf {

// The longest name that the module format's section table holds, in bytes.
inline constexpr std::size_t kMaxSectionName = 16;

// By the section's flags and type; it is allocated and not both writable and executable.
SectionKind kind_of(const ObjectSection& section);

// "code", "data" and so on by the names that compilers give, or the section's own name without the
// dot. kUnsupported where that does not fit or is reserved.
Result<std::string> output_name(const Object& object, std::uint32_t section);

// For messages: "code", "read-only data".
std::string_view describe(SectionKind kind);

}  // namespace smf::elf
