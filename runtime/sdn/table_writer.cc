// TableWriter (writer.h): rows without a tree.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "runtime/base/check.h"
#include "runtime/sdn/spell.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn {

TableWriter::TableWriter(std::string& out, std::string_view key,
                         std::span<const std::string_view> columns, const WriteOptions& options,
                         std::size_t indent)
    : out_(out),
      start_(out.size()),
      column_count_(columns.size()),
      indent_(indent + kStep),
      quoting_(options.cells) {
  SMF_CHECK(!columns.empty());
  std::set<std::string_view> names;
  out_.append(indent, ' ');
  append_key(out_, key);
  std::string_view before = " |";
  if (!is_utf8(key)) mistake_ = "text that is not UTF-8 has no notation";
  for (const std::string_view name : columns) {
    out_ += before;
    before = ", ";
    append_column(out_, name);
    if (!is_utf8(name)) mistake_ = "text that is not UTF-8 has no notation";
    if (!names.insert(name).second) {
      mistake_ = fmt::format("a table with two columns '{}' has no notation", name);
    }
  }
  out_ += "|\n";
}

void TableWriter::separate() {
  SMF_CHECK(column_ < column_count_);
  if (column_++ == 0) {
    out_.append(indent_, ' ');
  } else {
    out_ += ", ";
  }
}

void TableWriter::cell(std::nullptr_t) {
  separate();
  out_ += "null";
}

void TableWriter::cell(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void TableWriter::cell(std::int64_t value) {
  separate();
  append_int(out_, value);
}

void TableWriter::cell(double value) {
  separate();
  if (std::isfinite(value)) {
    append_float(out_, value);
  } else if (mistake_.empty()) {
    mistake_ = "an infinity or NaN has no notation";
  }
}

void TableWriter::cell(std::string_view value) {
  separate();
  if (!is_utf8(value)) {
    if (mistake_.empty()) mistake_ = "text that is not UTF-8 has no notation";
  } else if (quoting_ == Quoting::kEveryString) {
    append_quoted(out_, value);
  } else {
    append_string(out_, value, Place::kCell);
  }
}

void TableWriter::end_row() {
  SMF_CHECK(column_ == column_count_);
  column_ = 0;
  out_ += '\n';
}

Result<void> TableWriter::finish() {
  SMF_CHECK(column_ == 0);
  if (mistake_.empty()) return {};
  out_.resize(start_);
  return fail(ErrorCode::kInvalidArgument, mistake_);
}

}  // namespace smf::sdn
