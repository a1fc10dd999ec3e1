#include "runtime/note/appended.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "runtime/base/fences.h"
#include "runtime/format/view.h"
#include "runtime/note/columns.h"
#include "runtime/note/layout.h"

namespace smf {
namespace {

constexpr std::size_t kLineSize = kNoteTerminatorLine.size();
static_assert(kNoteCommittedLine.size() == kLineSize);

}  // namespace

bool may_end_at(std::string_view section, std::uint64_t end) {
  if (end < kLineSize || end > section.size()) return false;
  const std::string_view line = section.substr(end - kLineSize, kLineSize);
  return line == kNoteTerminatorLine || line == kNoteCommittedLine;
}

std::optional<std::string_view> appended_text(std::string_view section, std::uint64_t end) {
  if (end < kLineSize || end > section.size()) return std::nullopt;
  // Before: whoever saw a tombstone sees the commit. After: whoever sees the commit sees the rows.
  acquire_fence();
  if (section.substr(end - kLineSize, kLineSize) != kNoteCommittedLine) return std::nullopt;
  acquire_fence();
  return terminated_note(as_bytes(section.substr(end)));
}

Result<void> AppendedRows::read_on() {
  while (const auto text = appended_text(section_, end_)) {
    std::string table = "rows |";
    for (std::uint32_t i = 0; i < column_count_; ++i)
      table += fmt::format("{}c{}", i == 0 ? "" : ",", i);
    table += "|\n";
    const std::size_t header_size = table.size();
    table += *text;
    SMF_ASSIGN(sdn::Document document, sdn::parse_owned(std::move(table)));
    if (document.dict().size() != 1)
      return fail(ErrorCode::kInvalidInput, "what was appended to the note is no rows");
    const auto rows = document.dict()[0].value.as_table();
    if (!rows) return fail(ErrorCode::kInvalidInput, "what was appended to the note is no rows");
    documents_.push_back(std::move(document));  // under which the rows' views stay
    for (std::size_t i = 0; i < rows->row_count(); ++i) {
      InstantiationRow row = read_instantiation(rows->row(i), columns_);
      row.offset += end_ - header_size;
      rows_.push_back(row);
      by_name_.emplace(row.mangled_name, &rows_.back());
    }
    end_ += text->size();
  }
  return {};
}

std::optional<InstantiationRow> AppendedRows::find(std::string_view mangled_name) const {
  const auto found = by_name_.find(mangled_name);
  if (found == by_name_.end()) return std::nullopt;
  return *found->second;
}

}  // namespace smf
