#include "runtime/exec/perf_map.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>
#include <new>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/exec/code_name.h"

namespace smf {

Result<std::shared_ptr<PerfMap>> PerfMap::create(const PerfMapOptions& options) try {
  os::SystemCalls& calls = options.calls != nullptr ? *options.calls : os::SystemCalls::kernel();
  std::string path = options.path;
  if (path.empty()) path = fmt::format("/tmp/perf-{}.map", ::getpid());
  SMF_ASSIGN(auto file, internal::ProfileFile::create(std::move(path), calls));
  return std::shared_ptr<PerfMap>(new PerfMap(std::move(file)));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a perf map");
}

PerfMap::PerfMap(internal::ProfileFile file) : file_(std::move(file)) {
  constexpr std::size_t kMaxNumberBytes = 16;
  line_.reserve(2 * (kMaxNumberBytes + 1) + internal::kMaxNameBytes + 1);
}

void PerfMap::published(std::span<const std::byte> code, std::string_view name) noexcept {
  const std::lock_guard lock(mutex_);
  line_.clear();
  fmt::format_to(std::back_inserter(line_), "{:x} {:x} ",
                 reinterpret_cast<std::uintptr_t>(code.data()), code.size());
  internal::append_name(line_, name, code.data());
  line_ += '\n';
  file_.append(as_bytes(line_));
}

Result<void> PerfMap::flush() {
  const std::lock_guard lock(mutex_);
  file_.flush();
  return file_.status();
}

Result<void> PerfMap::status() const {
  const std::lock_guard lock(mutex_);
  return file_.status();
}

}  // namespace smf
