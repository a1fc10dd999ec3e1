#include "bench/page_cache.h"

#include "runtime/base/check.h"
#include "runtime/os/input_file.h"
#include "runtime/os/page_cache.h"

namespace smf::bench {

std::uint64_t make_cold(const std::string& path) {
  const auto file = os::InputFile::open(path);
  SMF_CHECK(file);
  const auto resident = os::drop_pages(*file);
  SMF_CHECK(resident);
  return *resident;
}

void read_anew(const std::string& path, std::span<std::byte> buffer) {
  make_cold(path);
  const auto file = os::InputFile::open(path);
  SMF_CHECK(file && file->size() <= buffer.size());
  SMF_CHECK(file->read_at(0, buffer.first(file->size())));
}

}  // namespace smf::bench
