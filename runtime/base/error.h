// What went wrong, told to a person and to a program.
//
// Every fallible function of the library returns Result<T>; none throws. An Error carries a code to
// branch on, a message made for a person, and, where they apply, the path and the byte offset the
// message is about. The message names neither: whoever prints an Error puts them in front, so that
// a tool, a log and a test agree on one form ("FILE: offset 0x1a0: MESSAGE").
//
// Rejected: error_code categories (no place for the offset and the values found), exceptions (the
// embedders include programs built without them, and C).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace smf {

enum class ErrorCode {
  kInvalidInput,     // the bytes or the text are wrong; Error::offset says where
  kUnsupported,      // well formed, but something this build or this version does not do
  kLimit,            // larger than a limit that the caller may raise
  kNotFound,         // a name, section or path that is not there
  kInvalidArgument,  // the caller asked for what cannot be
  kSystem,           // the operating system refused; Error::system_errno says why
  kOutOfMemory,
  kCancelled,  // somebody called it off before it began
};

struct Error {
  ErrorCode code = ErrorCode::kInvalidInput;
  std::string message{};
  std::string path{};                     // empty where no file is involved
  std::optional<std::uint64_t> offset{};  // bytes from the start of the file or buffer
  int system_errno = 0;                   // 0 unless code is kSystem

  friend bool operator==(const Error&, const Error&) = default;

  // "PATH: offset 0x1a0: MESSAGE", leaving out what is absent.
  std::string describe() const;

  // The same error, about this path. A path already there stays.
  Error&& at_path(std::string_view where) &&;
};

template <typename T>
using Result = std::expected<T, Error>;

// std::unexpected<Error> in the forms used throughout.
std::unexpected<Error> fail(ErrorCode code, std::string message);
std::unexpected<Error> fail_at(std::uint64_t offset, std::string message,
                               ErrorCode code = ErrorCode::kInvalidInput);

// For a system call that just failed: "cannot WHAT: strerror(errno)".
std::unexpected<Error> fail_system(std::string what, std::string path, int error_number);

}  // namespace smf

#define SMF_CONCAT_INNER(a, b) a##b
#define SMF_CONCAT(a, b) SMF_CONCAT_INNER(a, b)

// Returns the error of `expression` from the enclosing function, or goes on.
#define SMF_TRY(expression)                                      \
  do {                                                           \
    if (auto smf_try_result = (expression); !smf_try_result)     \
      return std::unexpected(std::move(smf_try_result).error()); \
  } while (false)

// Declares or assigns `target` from a Result, or returns its error from the enclosing function.
#define SMF_ASSIGN(target, expression) \
  SMF_ASSIGN_INNER(SMF_CONCAT(smf_result_, __LINE__), target, expression)
#define SMF_ASSIGN_INNER(result, target, expression)              \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  target = *std::move(result)
