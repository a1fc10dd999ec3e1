// One relocation, applied as import.h describes its type.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/format/elf/import.h"

namespace smf::elf::testing {

struct Addresses {
  std::uint64_t symbol = 0;  // S
  std::uint64_t slot = 0;    // G
};

// Whether the value fits the field, which stands at `field`.
bool apply(const ImportedRelocation& relocation, const Addresses& addresses, std::byte* field);

}  // namespace smf::elf::testing
