// Which of a file's pages the system keeps in memory, and making it forget them.
#pragma once

#include <cstdint>

#include "runtime/base/error.h"
#include "runtime/os/input_file.h"

namespace smf::os {

// Writes the file's pages out, drops them from the page cache, and returns how many are in memory
// all the same, as mincore(2) says: some, where somebody maps the file, or where the file system is
// in memory. 0 says that the next access goes to what lies below, whose own caches (a
// hypervisor's, the drive's) nobody is asked about. Of files that the caller neither owns nor may
// write, the system says that all pages are in memory. Content stays as it is. kSystem,
// kOutOfMemory; kInvalidInput for an empty file.
Result<std::uint64_t> drop_pages(const InputFile& file);

}  // namespace smf::os
