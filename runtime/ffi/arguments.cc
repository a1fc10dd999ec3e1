#include "runtime/ffi/arguments.h"

#include <fmt/format.h>

#include <utility>

namespace smf::ffi {

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

Result<void> check_not_negative(std::string_view what, std::int64_t value) {
  if (value >= 0) return {};
  return refuse(fmt::format("the {} is {}: negative", what, value));
}

Result<void> check_size(std::int64_t size) {
  SMF_TRY(check_not_negative("size", size));
  if (size == 0) return refuse("the size is 0");
  return {};
}

Result<os::MapOptions::Protection> protection_of(std::int64_t bits) {
  constexpr std::int64_t kRead = 1, kWrite = 2, kExecute = 4;
  if ((bits & ~(kRead | kWrite | kExecute)) != 0)
    return refuse(fmt::format("protection 0x{:x} has unknown bits: 1, 2 and 4 are known", bits));
  if ((bits & kWrite) != 0 && (bits & kExecute) != 0)
    return refuse(fmt::format("protection 0x{:x} is writable and executable together", bits));
  return static_cast<os::MapOptions::Protection>(bits);
}

}  // namespace smf::ffi
