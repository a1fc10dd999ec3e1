// Where a text is wrong, and what was expected there.
//
// A parser that fails reports one Diagnostic. smf::Error carries its "LINE:COLUMN: message" and
// its byte offset; a tool that wants to show the line with a caret asks for the Diagnostic itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/error.h"

namespace smf::sdn {

// What kind of mistake it is. (That a file cannot be read is smf::Error with kSystem: this package
// reads text, not files.)
enum class ErrorKind : std::uint8_t {
  kSyntax,           // bytes that no text may hold: not UTF-8, a control character
  kUnexpectedToken,  // something else was expected here
  kUnexpectedEnd,    // the text ends inside a bracket or a header
  kUnclosedString,
  kBadEscape,
  kBadNumber,  // does not fit 64 bits, or the range of a double
  kBadIndentation,
  kRowWidth,  // a table row has another number of cells than the table has columns
  kDuplicateKey,
  kPathNotFound,
  kTypeMismatch,
  kLimit,
};

// "duplicate key" for kDuplicateKey, and so on: words for a person, stable for a program.
std::string_view name(ErrorKind kind);

// The smf code that goes with it: kLimit, kNotFound or kInvalidInput.
ErrorCode code(ErrorKind kind);

// A place in a text; both count from 1, columns in characters (code points), not bytes.
struct Position {
  std::uint64_t line = 1;
  std::uint64_t column = 1;
  friend bool operator==(const Position&, const Position&) = default;
};

// The place of byte `offset` of `text`, which may be its end. Linear in `offset`: for messages, not
// for loops. A byte order mark at the start of the text takes no column.
Position position_of(std::string_view text, std::uint64_t offset);

struct Diagnostic {
  ErrorKind kind = ErrorKind::kSyntax;
  Position position{};
  std::uint64_t offset = 0;  // bytes from the start of the text
  std::string message{};     // what was found, what was expected; no position
  // The line, made safe to print: control characters and what is not UTF-8 are replaced by
  // U+FFFD, and only some 120 characters around the mistake are kept of a longer line.
  std::string source_line{};
  std::uint64_t caret = 0;  // characters of source_line before the mistake

  // "LINE:COLUMN: message", then the source line, then a caret under the mistake; every line ends
  // with a newline.
  std::string render() const;

  // "LINE:COLUMN: message" with the offset, for those who have no use for the rest.
  Error to_error() const;
};

// The Diagnostic for byte `offset` of `text`. Linear in `offset`.
Diagnostic diagnose(std::string_view text, std::uint64_t offset, ErrorKind kind,
                    std::string message);

}  // namespace smf::sdn
