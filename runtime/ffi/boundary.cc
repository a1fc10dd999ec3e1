#include "runtime/ffi/boundary.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace smf::ffi {
namespace {

struct LastError {
  std::int32_t code = RT_OK;
  std::int32_t system_errno = 0;
  std::size_t length = 0;
  std::array<char, 1024> text{};
};

constinit thread_local LastError last;

constexpr std::size_t kRoom = sizeof last.text - 1;  // of the text without its NUL

std::int32_t number_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return RT_INVALID_INPUT;
    case ErrorCode::kUnsupported:
      return RT_UNSUPPORTED;
    case ErrorCode::kLimit:
      return RT_LIMIT;
    case ErrorCode::kNotFound:
      return RT_NOT_FOUND;
    case ErrorCode::kInvalidArgument:
      return RT_INVALID_ARGUMENT;
    case ErrorCode::kSystem:
      return RT_SYSTEM;
    case ErrorCode::kOutOfMemory:
      return RT_OUT_OF_MEMORY;
    case ErrorCode::kCancelled:
      return RT_CANCELLED;
  }
  return RT_UNSUPPORTED;
}

// What fits.
void append(std::string_view text) {
  const std::size_t size = std::min(text.size(), kRoom - last.length);
  std::memcpy(last.text.data() + last.length, text.data(), size);
  last.length += size;
  last.text[last.length] = '\0';
}

// With the front cut away, where there is no room for `behind` bytes after it.
void append_path(std::string_view path, std::size_t behind) {
  static constexpr std::string_view kCut = "...";
  const std::size_t taken = std::min(kRoom, last.length + behind);
  if (path.size() <= kRoom - taken) return append(path);
  append(kCut);
  const std::size_t room = kRoom - std::min(kRoom, taken + kCut.size());
  append(path.substr(path.size() - std::min(path.size(), room)));
}

}  // namespace

void set_last_error(std::string_view call, const Error& error) noexcept {
  static constexpr std::string_view kColon = ": ";
  last.code = number_of(error.code);
  last.system_errno = error.system_errno;
  last.length = 0;
  append(call);
  append(kColon);
  if (!error.path.empty()) {
    append_path(error.path, kColon.size() + error.message.size());
    append(kColon);
  }
  append(error.message);
}

void clear_last_error() noexcept {
  last.code = RT_OK;
  last.system_errno = 0;
  last.length = 0;
  last.text[0] = '\0';
}

rt_error last_error() noexcept {
  return {.code = last.code,
          .system_errno = last.system_errno,
          .text = last.text.data(),
          .length = static_cast<std::int64_t>(last.length)};
}

}  // namespace smf::ffi
