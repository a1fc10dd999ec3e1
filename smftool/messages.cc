#include "smftool/messages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "smftool/printable.h"

namespace smf::tool {

bool is_coloured(const Context& context, std::FILE* stream) {
  if (context.no_color) return false;
  const char* const forbidden = std::getenv("NO_COLOR");
  if (forbidden != nullptr && *forbidden != '\0') return false;
  const int descriptor = ::fileno(stream);
  return descriptor >= 0 && ::isatty(descriptor) == 1;
}

ExitStatus status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kSystem:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kCancelled:
      return ExitStatus::kSystem;
    case ErrorCode::kInvalidArgument:
      return ExitStatus::kUsage;
    case ErrorCode::kInvalidInput:
    case ErrorCode::kUnsupported:
    case ErrorCode::kLimit:
    case ErrorCode::kNotFound:
      return ExitStatus::kFinding;
  }
  return ExitStatus::kFinding;
}

void report(const Context& context, const Error& error) {
  Error shown = error;
  if (shown.path == "-") shown.path = "standard input";
  std::fflush(context.out);  // what was printed before comes before
  fmt::print(context.err, "smftool: {}\n", printable(shown.describe()));
}

void warn(const Context& context, std::string_view path, std::string_view text) {
  if (context.is_quiet) return;
  std::fflush(context.out);
  fmt::print(context.err, "smftool: {}: warning: {}\n",
             path == "-" ? "standard input" : printable(path), printable(text));
}

Error blame_input(Error error) {
  if (error.code == ErrorCode::kInvalidArgument) error.code = ErrorCode::kInvalidInput;
  return error;
}

std::unexpected<Error> wrong_usage(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace smf::tool
