// The ar archives that hold objects (lib*.a), in the GNU form that Linux toolchains write: names
// end in '/', long ones stand in a table of their own, and a symbol index, which is not needed
// where every member is taken, comes first. Thin archives and the BSD form are refused by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/base/error.h"
#include "runtime/format/elf/import.h"

namespace smf::elf {

struct ArchiveMember {
  std::string path{};        // "lib.a(member.o)"
  std::uint64_t offset = 0;  // of its first byte, from the start of the archive
  Bytes bytes{};             // a part of the archive
};

// Whether the bytes begin as an archive does, thin ones included.
bool is_archive(Bytes bytes);

// The members in their order, without index and name table; views into `file`. Errors are
// kInvalidInput or kUnsupported, with the archive's path and the offset. Thread-safe.
Result<std::vector<ArchiveMember>> read_archive(const InputFile& file);

}  // namespace smf::elf
