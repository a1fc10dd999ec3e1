#include "runtime/os/page_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/os/mapped_file.h"

namespace smf::os {
namespace {

// Pages that are being read or written when they are to be dropped stay.
constexpr int kTriesToDrop = 5;

}  // namespace

Result<std::uint64_t> drop_pages(const InputFile& file) {
  std::uint64_t resident = 0;
  for (int tries = 0; tries < kTriesToDrop; ++tries) {
    // What either refuses is seen by what stays.
    ::fsync(file.descriptor());
    ::posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
    SMF_ASSIGN(const MappedFile mapped, MappedFile::map(file.descriptor(), file.path()));
    SMF_ASSIGN(resident, mapped.resident_pages());
    if (resident == 0) break;
  }
  return resident;
}

}  // namespace smf::os
