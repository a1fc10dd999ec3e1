#include "runtime/sdn/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/sdn/path.h"

namespace smf::sdn {
namespace {

// Kinds in their order; numbers are one kind.
int rank(const OwnedValue& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return 0;
    case Kind::kBool:
      return 1;
    case Kind::kInt:
    case Kind::kFloat:
      return 2;
    default:
      return 3;
  }
}

// Without rounding: not every i64 is a double.
std::strong_ordering compare_mixed(std::int64_t a, double b) {
  constexpr double kTwo63 = 9223372036854775808.0;
  if (b >= kTwo63) return std::strong_ordering::less;
  if (b < -kTwo63) return std::strong_ordering::greater;
  const double whole = std::floor(b);
  const auto below = a <=> static_cast<std::int64_t>(whole);
  if (below != 0) return below;
  return whole < b ? std::strong_ordering::less : std::strong_ordering::equal;
}

std::strong_ordering compare_numbers(const OwnedValue& a, const OwnedValue& b) {
  const auto a_int = a.as_int();
  const auto b_int = b.as_int();
  if (a_int && b_int) return *a_int <=> *b_int;
  if (a_int) return compare_mixed(*a_int, *b.as_float());
  if (b_int) return 0 <=> compare_mixed(*b_int, *a.as_float());
  const double x = *a.as_float();
  const double y = *b.as_float();
  if (x < y) return std::strong_ordering::less;
  return x > y ? std::strong_ordering::greater : std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare(const OwnedValue& a, const OwnedValue& b) {
  if (rank(a) != rank(b)) return rank(a) <=> rank(b);
  switch (rank(a)) {
    case 0:
      return std::strong_ordering::equal;
    case 1:
      return *a.as_bool() <=> *b.as_bool();
    case 2:
      return compare_numbers(a, b);
    default:
      return a.as_string().value_or("") <=> b.as_string().value_or("");
  }
}

bool holds(const OwnedValue& a, Comparison comparison, const OwnedValue& b) {
  const bool same_kind = rank(a) == rank(b);
  switch (comparison) {
    case Comparison::kEqual:
      return same_kind && compare(a, b) == 0;
    case Comparison::kNotEqual:
      return !same_kind || compare(a, b) != 0;
    case Comparison::kLess:
      return same_kind && compare(a, b) < 0;
    case Comparison::kLessOrEqual:
      return same_kind && compare(a, b) <= 0;
    case Comparison::kGreater:
      return same_kind && compare(a, b) > 0;
    case Comparison::kGreaterOrEqual:
      return same_kind && compare(a, b) >= 0;
    case Comparison::kContains:
      return a.as_string() && b.as_string() && a.as_string()->contains(*b.as_string());
    case Comparison::kStartsWith:
      return a.as_string() && b.as_string() && a.as_string()->starts_with(*b.as_string());
  }
  return false;
}

TableQuery::TableQuery(const Table& table)
    : table_(table), rows_(table.row_count()), columns_(table.column_count()) {
  std::iota(rows_.begin(), rows_.end(), 0u);
  std::iota(columns_.begin(), columns_.end(), 0u);
}

Result<std::size_t> TableQuery::column(std::string_view name) const {
  if (const auto found = table_.column(name)) return *found;
  if (!table_.named()) {
    if (const auto index = path_index(name, table_.column_count())) return *index;
    return fail(ErrorCode::kNotFound, fmt::format("no column '{}': the table has columns 0 to {}",
                                                  name, table_.column_count() - 1));
  }
  std::string known;
  for (std::size_t i = 0; i < table_.column_count(); ++i)
    known += fmt::format("{}{}", i == 0 ? "" : ", ", table_.column_name(i));
  return fail(ErrorCode::kNotFound, fmt::format("no column '{}': the table has {}", name, known));
}

Result<TableQuery> TableQuery::where(std::string_view name, Comparison comparison,
                                     const OwnedValue& value) const {
  SMF_ASSIGN(const std::size_t at, column(name));
  return where([&](const Row& row) { return holds(OwnedValue(row[at]), comparison, value); });
}

TableQuery TableQuery::where(const std::function<bool(const Row&)>& matches) const {
  TableQuery result = *this;
  std::erase_if(result.rows_, [&](std::uint32_t row) { return !matches(table_.row(row)); });
  return result;
}

Result<TableQuery> TableQuery::order_by(std::string_view name, Order order) const {
  SMF_ASSIGN(const std::size_t at, column(name));
  std::vector<std::pair<OwnedValue, std::uint32_t>> keyed;
  keyed.reserve(rows_.size());
  for (const std::uint32_t row : rows_) keyed.emplace_back(table_.cell(row, at), row);
  // Rows that compare equal stay in their order, whatever the direction.
  std::vector<std::size_t> sorted(keyed.size());
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::ranges::sort(sorted, [&](std::size_t a, std::size_t b) {
    const auto by_value = compare(keyed[a].first, keyed[b].first);
    if (by_value == 0) return a < b;
    return order == Order::kAscending ? by_value < 0 : by_value > 0;
  });
  TableQuery result = *this;
  std::ranges::transform(sorted, result.rows_.begin(),
                         [&](std::size_t index) { return keyed[index].second; });
  return result;
}

TableQuery TableQuery::limit(std::size_t rows) const {
  TableQuery result = *this;
  if (rows < result.rows_.size()) result.rows_.resize(rows);
  return result;
}

TableQuery TableQuery::offset(std::size_t rows) const {
  TableQuery result = *this;
  const auto skipped = static_cast<std::ptrdiff_t>(std::min(rows, rows_.size()));
  result.rows_.erase(result.rows_.begin(), result.rows_.begin() + skipped);
  return result;
}

Result<TableQuery> TableQuery::select(std::span<const std::string_view> columns) const {
  if (columns.empty()) return fail(ErrorCode::kInvalidArgument, "expected a column to select");
  TableQuery result = *this;
  result.columns_.clear();
  for (const std::string_view name : columns) {
    SMF_ASSIGN(const std::size_t at, column(name));
    result.columns_.push_back(static_cast<std::uint32_t>(at));
  }
  return result;
}

std::optional<Row> TableQuery::first() const {
  return rows_.empty() ? std::nullopt : std::optional(table_.row(rows_.front()));
}

std::optional<Row> TableQuery::last() const {
  return rows_.empty() ? std::nullopt : std::optional(table_.row(rows_.back()));
}

Result<std::vector<Value>> TableQuery::pluck(std::string_view name) const {
  SMF_ASSIGN(const std::size_t at, column(name));
  std::vector<Value> values;
  values.reserve(rows_.size());
  for (const std::uint32_t row : rows_) values.push_back(table_.cell(row, at));
  return values;
}

OwnedTable TableQuery::to_table() const {
  std::vector<std::string> names;
  names.reserve(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) names.emplace_back(column_name(i));
  OwnedTable table(std::move(names), table_.named());
  for (const std::uint32_t row : rows_) {
    std::vector<OwnedValue> cells;
    cells.reserve(columns_.size());
    for (const std::uint32_t at : columns_) cells.emplace_back(table_.cell(row, at));
    table.add_row(std::move(cells));
  }
  return table;
}

}  // namespace smf::sdn
