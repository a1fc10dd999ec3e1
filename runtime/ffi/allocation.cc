#include "runtime/ffi/allocation.h"

#include <fmt/format.h>

#include <cstring>

namespace smf::ffi {

Result<Allocation> copy_of(Bytes bytes) {
  Allocation copy;
  copy.data.reset(static_cast<std::uint8_t*>(std::malloc(bytes.size() + 1)));
  if (copy.data == nullptr) {
    return fail(ErrorCode::kOutOfMemory,
                fmt::format("not enough memory for a copy of {} bytes", bytes.size()));
  }
  copy.size = bytes.size();
  if (!bytes.empty()) std::memcpy(copy.data.get(), bytes.data(), bytes.size());
  copy.data.get()[copy.size] = 0;
  return copy;
}

}  // namespace smf::ffi
