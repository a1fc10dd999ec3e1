#include "runtime/base/error.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>

namespace smf {

std::string Error::describe() const {
  std::string text;
  if (!path.empty()) text += path + ": ";
  if (offset) text += fmt::format("offset 0x{:x}: ", *offset);
  return text + message;
}

Error&& Error::at_path(std::string_view where) && {
  if (path.empty()) path = where;
  return std::move(*this);
}

std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message)});
}

std::unexpected<Error> fail_at(std::uint64_t offset, std::string message, ErrorCode code) {
  return std::unexpected(Error{.code = code, .message = std::move(message), .offset = offset});
}

std::unexpected<Error> fail_system(std::string what, std::string path, int error_number) {
  // strerror_r in its GNU form: thread-safe, and the text may be the returned pointer.
  char buffer[128];
  const char* reason = strerror_r(error_number, buffer, sizeof buffer);
  return std::unexpected(Error{.code = ErrorCode::kSystem,
                               .message = fmt::format("cannot {}: {}", what, reason),
                               .path = std::move(path),
                               .system_errno = error_number});
}

}  // namespace smf
