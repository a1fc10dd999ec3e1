#include "bench/page_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/base/check.h"
#include "runtime/os/input_file.h"
#include "runtime/os/mapped_file.h"

namespace smf::bench {
namespace {

constexpr int kTriesToDrop = 5;

}  // namespace

std::uint64_t make_cold(const std::string& path) {
  const auto file = os::InputFile::open(path);
  SMF_CHECK(file);
  std::uint64_t resident = 0;
  for (int tries = 0; tries < kTriesToDrop; ++tries) {
    ::fsync(file->descriptor());
    ::posix_fadvise(file->descriptor(), 0, 0, POSIX_FADV_DONTNEED);
    const auto mapped = os::MappedFile::map(file->descriptor(), path);
    SMF_CHECK(mapped);
    resident = mapped->resident_pages().value_or(UINT64_MAX);
    if (resident == 0) break;
  }
  return resident;
}

void read_anew(const std::string& path, std::span<std::byte> buffer) {
  make_cold(path);
  const auto file = os::InputFile::open(path);
  SMF_CHECK(file && file->size() <= buffer.size());
  SMF_CHECK(file->read_at(0, buffer.first(file->size())));
}

}  // namespace smf::bench
