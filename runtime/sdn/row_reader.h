// One row of a table, read without the table: for an index that knows where rows begin.
//
//     sdn::RowReader reader;
//     SMF_ASSIGN(const auto row, reader.read(text, offset, 8));
//     if (row) use((*row)[3]);
//
// Gives what parse() gives for the same row: cells are parsed by the same code, and the bytes the
// row takes are checked as parse() checks them. What stands around the row is not looked at: not
// its indentation, and not the header, so the caller has to know how many columns there are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/value.h"

namespace smf::sdn {

// Holds the memory of one row and is reused: after the first, a row without escapes allocates
// nothing. Not thread-safe.
class RowReader {
 public:
  explicit RowReader(const Limits& limits = {});
  ~RowReader();
  RowReader(const RowReader&) = delete;
  RowReader& operator=(const RowReader&) = delete;

  // The row whose line begins at byte `line` of `text`; nullopt if the line is a comment or has no
  // content. Views are valid until the next call. Errors are those of parse(), with positions in
  // `text`; kInvalidArgument if no line begins at `line`.
  Result<std::optional<Row>> read(std::string_view text, std::uint64_t line,
                                  std::uint32_t column_count);

 private:
  Limits limits_;
  internal::Storage storage_;
};

}  // namespace smf::sdn
