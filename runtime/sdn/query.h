// Asking a table: which rows, in which order, which columns.
//
//     SMF_ASSIGN(const sdn::TableQuery found, sdn::TableQuery(table)
//                                                 .where("status", sdn::Comparison::kEqual,
//                                                 "jit"));
//     for (const sdn::Row row : found.rows()) …
//
// A query is a list of row indices over a table it borrows, and the columns to show: no cell is
// copied, and the table's document must outlive it. Steps are applied in the order in which they
// are called, each to what the steps before left: `limit` before `order_by` keeps the first rows of
// the table, after it the first in order. Each step takes a query and gives another; a step that
// names a column which is not there is an error that lists the columns.
//
// Values have a total order, for order_by and for comparisons by size: null, then false and true,
// then numbers by their value (ints and floats together, exactly; -0.0 and 0.0 are equal), then
// strings by their bytes. Between kinds `kEqual` is false, except that an int equals a float of the
// same value. Values of different kinds are not less or greater for `where`: `x < 5` finds numbers.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/sdn/owned.h"
#include "runtime/sdn/value.h"

namespace smf::sdn {

enum class Comparison : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kContains,    // of strings: holds the other one
  kStartsWith,  // of strings
};

enum class Order : std::uint8_t { kAscending, kDescending };

// The total order described above, of scalars.
std::strong_ordering compare(const OwnedValue& a, const OwnedValue& b);

// Whether `a` and `b` compare so.
bool holds(const OwnedValue& a, Comparison comparison, const OwnedValue& b);

// A value, immutable after construction apart from assignment; as thread-safe as its document.
// Throws std::bad_alloc like the vector of indices it is.
class TableQuery {
 public:
  // All rows and all columns.
  explicit TableQuery(const Table& table);

  // A column by its name, or for tables of types by its index from 0 in decimal.
  Result<std::size_t> column(std::string_view name) const;

  Result<TableQuery> where(std::string_view column, Comparison comparison,
                           const OwnedValue& value) const;
  TableQuery where(const std::function<bool(const Row&)>& matches) const;
  // Stable: rows that are equal keep their order.
  Result<TableQuery> order_by(std::string_view column, Order order = Order::kAscending) const;
  TableQuery limit(std::size_t rows) const;
  TableQuery offset(std::size_t rows) const;
  // Only these columns, in this order. where() and order_by() still see all.
  Result<TableQuery> select(std::span<const std::string_view> columns) const;

  std::size_t count() const { return rows_.size(); }
  bool any() const { return !rows_.empty(); }
  std::optional<Row> first() const;
  std::optional<Row> last() const;
  // Whole rows of the table, whatever is selected.
  Row row(std::size_t index) const { return table_.row(rows_.at(index)); }
  // Of row `index`, the selected column `column`.
  Value cell(std::size_t index, std::size_t column) const {
    return table_.cell(rows_.at(index), columns_.at(column));
  }
  // One column of all rows.
  Result<std::vector<Value>> pluck(std::string_view column) const;

  std::size_t column_count() const { return columns_.size(); }
  std::string_view column_name(std::size_t column) const {
    return table_.column_name(columns_.at(column));
  }

  // A table of its own, for writing. At least one column is selected, always.
  OwnedTable to_table() const;

 private:
  Table table_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> columns_;
};

}  // namespace smf::sdn
