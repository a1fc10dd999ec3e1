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

Result<std::string_view> text_of(std::string_view what, const char* text, std::int64_t length) {
  SMF_TRY(check_not_negative(fmt::format("{}'s length", what), length));
  if (length == 0) return std::string_view();
  if (text == nullptr) return refuse(fmt::format("the {} is null", what));
  return std::string_view(text, static_cast<std::size_t>(length));
}

Result<void> check_path(std::string_view path) {
  if (path.size() > kMaxPathBytes)
    return refuse(fmt::format("a path of {} bytes: longer than {}", path.size(), kMaxPathBytes));
  const std::size_t nul = path.find('\0');
  if (nul != std::string_view::npos) return refuse(fmt::format("the path has a NUL at {}", nul));
  return {};
}

Result<std::string_view> path_of(const char* path, std::int64_t length) {
  SMF_ASSIGN(const std::string_view text, text_of("path", path, length));
  SMF_TRY(check_path(text));
  return text;
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
