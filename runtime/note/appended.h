// Rows that were appended to a note in place, behind a text that is known.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "runtime/base/error.h"
#include "runtime/note/note.h"
#include "runtime/note/rows.h"
#include "runtime/sdn/document.h"

namespace smf {

// Whether a text that ends `end` bytes into `section` ended there when it was packed, or before
// rows were appended: the line before is a terminator, in force or committed.
bool may_end_at(std::string_view section, std::uint64_t end);

// What was committed behind a text that ended at `end`, up to and including the terminator line now
// in force; nullopt where the text still ends there. Everything a writer did before it committed is
// visible then. `section` may be a mapping that others write to.
std::optional<std::string_view> appended_text(std::string_view section, std::uint64_t end);

// Not thread-safe. `section` must outlive it; its rows are copies, and stay where they are.
class AppendedRows {
 public:
  // Behind the text that ends at `end`: rows of `column_count` columns.
  AppendedRows(std::string_view section, std::uint64_t end, const NoteColumns& columns,
               std::uint32_t column_count)
      : section_(section), end_(end), columns_(columns), column_count_(column_count) {}

  // Takes in what was appended since. One comparison where nothing was. kInvalidInput where that is
  // no rows of so many columns; nothing of it is taken in then.
  Result<void> read_on();

  std::optional<InstantiationRow> find(std::string_view mangled_name) const;
  // The first row for which `matches` holds.
  template <typename Matches>
  std::optional<InstantiationRow> find_if(const Matches& matches) const {
    for (const InstantiationRow& row : rows_)
      if (matches(row)) return row;
    return std::nullopt;
  }

 private:
  std::string_view section_;
  std::uint64_t end_;
  NoteColumns columns_;
  std::uint32_t column_count_;
  std::deque<sdn::Document> documents_{};  // that the rows' views point into
  std::deque<InstantiationRow> rows_{};
  std::unordered_map<std::string_view, const InstantiationRow*> by_name_{};
};

}  // namespace smf
