// Where in a document an edit takes place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/sdn/value.h"

namespace smf::sdn::internal {

// What a path leads to.
struct EditSite {
  enum class Kind : std::uint8_t { kRoot, kEntry, kElement, kRow, kCell, kNewEntry };
  Kind kind = Kind::kRoot;
  // The container that holds it: dict, array or table; of a row or a cell, the table.
  std::optional<Value> parent{};
  std::optional<Value> value{};  // what is there; absent for a row and for a new entry
  std::size_t index = 0;         // of the entry, the element or the row
  std::size_t column = 0;        // of a cell
  std::string key{};             // of an entry, also of a new one
};

// kNotFound, or kInvalidArgument for a malformed path and one that leads through a scalar.
Result<EditSite> find_site(const Value& root, const std::vector<std::string>& segments);

// Whether a container stands between brackets; an empty one does.
bool is_inline(std::string_view text, const Value& container);
// Whether a table's rows stand in `= [(…), …]`.
bool has_inline_rows(std::string_view text, const Value& table);

// The start of the line that holds `offset`, and the offset past its line end.
std::uint64_t line_start(std::string_view text, std::uint64_t offset);
std::uint64_t line_end(std::string_view text, std::uint64_t offset);
// The blanks at the start of the line that holds `offset`.
std::string_view indentation_at(std::string_view text, std::uint64_t offset);

}  // namespace smf::sdn::internal
