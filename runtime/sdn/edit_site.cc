#include "runtime/sdn/edit_site.h"

#include <fmt/format.h>

#include "runtime/sdn/path.h"
#include "runtime/sdn/scan.h"

namespace smf::sdn::internal {
namespace {

Error not_found(std::string_view segment) {
  return fail(ErrorCode::kNotFound, fmt::format("nothing is at '{}'", segment)).error();
}

EditSite entry_site(const Value& parent, const std::string& key) {
  const Dict dict = *parent.as_dict();
  for (std::size_t i = 0; i < dict.size(); ++i) {
    if (dict[i].key == key)
      return {.kind = EditSite::Kind::kEntry,
              .parent = parent,
              .value = dict[i].value,
              .index = i,
              .key = key};
  }
  return {.kind = EditSite::Kind::kNewEntry, .parent = parent, .index = dict.size(), .key = key};
}

}  // namespace

Result<EditSite> find_site(const Value& root, const std::vector<std::string>& segments) {
  EditSite site{.value = root};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    const Value at = *site.value;
    if (at.as_dict()) {
      site = entry_site(at, segment);
      if (!site.value && i + 1 < segments.size()) return std::unexpected(not_found(segment));
    } else if (const auto array = at.as_array()) {
      const auto index = path_index(segment, array->size());
      if (!index) return std::unexpected(not_found(segment));
      site = {.kind = EditSite::Kind::kElement,
              .parent = at,
              .value = (*array)[*index],
              .index = *index};
    } else if (const auto table = at.as_table()) {
      const auto row = path_index(segment, table->row_count());
      if (!row) return std::unexpected(not_found(segment));
      site = {.kind = EditSite::Kind::kRow, .parent = at, .index = *row};
      if (++i == segments.size()) return site;
      auto column = table->column(segments[i]);
      if (!column) column = path_index(segments[i], table->column_count());
      if (!column) return std::unexpected(not_found(segments[i]));
      site.kind = EditSite::Kind::kCell;
      site.column = *column;
      site.value = table->cell(*row, *column);
    } else {
      return fail(ErrorCode::kInvalidArgument, fmt::format("expected a container at '{}', found {}",
                                                           segment, describe(at.kind())));
    }
  }
  return site;
}

bool is_inline(std::string_view text, const Value& container) {
  const std::uint64_t start = container.offset();
  if (start >= text.size() || (text[start] != '[' && text[start] != '{')) return false;
  // A block of lines that begin with brackets themselves begins where its first element does.
  if (const auto array = container.as_array())
    return array->empty() || (*array)[0].offset() != start;
  return true;  // no key begins with a bracket
}

bool has_inline_rows(std::string_view text, const Value& table) {
  const std::uint64_t end = table.span().end();
  if (end == 0 || text[end - 1] != ']') return false;
  const Table rows = *table.as_table();
  if (rows.row_count() == 0) return text[end - 1] == ']';
  // The last cell of a row on a line is part of the table to its very end.
  return rows.cell(rows.row_count() - 1, rows.column_count() - 1).span().end() != end;
}

std::uint64_t line_start(std::string_view text, std::uint64_t offset) {
  if (offset == 0) return 0;
  const std::size_t at = text.rfind('\n', offset - 1);
  return at == std::string_view::npos ? 0 : at + 1;
}

std::uint64_t line_end(std::string_view text, std::uint64_t offset) {
  const std::size_t at = text.find('\n', offset);
  return at == std::string_view::npos ? text.size() : at + 1;
}

std::string_view indentation_at(std::string_view text, std::uint64_t offset) {
  const std::uint64_t start = line_start(text, offset);
  std::uint64_t end = start;
  while (end < text.size() && is_blank(text[end])) ++end;
  return text.substr(start, end - start);
}

}  // namespace smf::sdn::internal
