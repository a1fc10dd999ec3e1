// Values to tidy SDN: `parse(write(v)) == v` for every v that write accepts.
//
// Dicts become blocks indented by 4, named tables `key |a, b|` with a row a line, short arrays
// `[a, b]`, and strings stay bare unless they would then read as something else. Floats are the
// shortest digits that give the same bits back. What has no notation is an error, never a guess:
// infinities and NaN, text that is not UTF-8, a table without columns or with two columns of one
// name, a container as a table's cell, a nesting deeper than `max_depth`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/owned.h"
#include "runtime/sdn/value.h"

namespace smf::sdn {

enum class Quoting : std::uint8_t {
  kWhenNeeded,   // bare text wherever it reads back as the same string
  kEveryString,  // as note.sdn has it: text in table cells always quoted
};

struct WriteOptions {
  Quoting cells = Quoting::kWhenNeeded;
  std::size_t line_width = 100;  // bytes; an array that does not fit becomes one value a line
  std::uint32_t max_depth = 50;  // as Limits::depth; at most Limits::kDepthCeiling
};

// The whole document. `value` is a dict, else kInvalidArgument. Thread-safe.
Result<std::string> write(const Value& value, const WriteOptions& options = {});
Result<std::string> write(const OwnedValue& value, const WriteOptions& options = {});

// One value of any kind on one line, as it may stand between brackets: `[1, "a, b", {k: null}]`.
Result<std::string> write_inline(const Value& value, const WriteOptions& options = {});
Result<std::string> write_inline(const OwnedValue& value, const WriteOptions& options = {});

// Writes one named table, row by row, to the end of `out`: no memory beyond the text, so tables may
// have any number of rows. Cells are appended from the left; end_row() checks (SMF_CHECK) that
// there are as many as columns. The first mistake (a NaN, text that is not UTF-8) is kept and
// returned by finish(); `out` is then cut back to where it was. Not thread-safe.
class TableWriter {
 public:
  // The header, `key |columns|`, at column `indent`; rows stand 4 deeper.
  TableWriter(std::string& out, std::string_view key, std::span<const std::string_view> columns,
              const WriteOptions& options = {}, std::size_t indent = 0);

  void cell(std::nullptr_t);
  void cell(bool value);
  void cell(std::int64_t value);
  void cell(double value);
  void cell(std::string_view value);
  // A bool would be taken for a pointer to text otherwise.
  void cell(const char* value) { cell(std::string_view(value)); }
  void end_row();
  Result<void> finish();

 private:
  void separate();

  std::string& out_;
  std::size_t start_;  // of the table in out_
  std::size_t column_count_;
  std::size_t column_ = 0;
  std::size_t indent_;
  Quoting quoting_;
  std::string mistake_;
};

// One row with its indentation and line end, as TableWriter writes it: for appending to a table in
// place. Cells are scalars.
Result<std::string> write_row(std::span<const OwnedValue> cells, const WriteOptions& options = {},
                              std::size_t indent = 4);

}  // namespace smf::sdn
