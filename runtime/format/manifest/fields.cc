#include "runtime/format/manifest/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace smf::manifest {
namespace {

// A number in decimal, or in hexadecimal behind "0x"; the whole text has to be one.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, is_hex ? 16 : 10);
  if (text.empty() || error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

}  // namespace

Result<std::string> Field::text() const {
  if (const auto text = value_.as_string()) return std::string(*text);
  if (const auto number = value_.as_int()) return fmt::format("{}", *number);
  if (value_.is_null()) return std::string();
  return std::unexpected(value_.error(fmt::format("{}: expected a name or a number", name_)));
}

Result<std::uint64_t> Field::number_up_to(std::uint64_t most) const {
  std::optional<std::uint64_t> number;
  if (const auto text = value_.as_string()) number = parse_number(*text);
  if (const auto integer = value_.as_int(); integer && *integer >= 0)
    number = static_cast<std::uint64_t>(*integer);
  if (number && *number <= most) return *number;
  return std::unexpected(
      value_.error(fmt::format("{}: expected a number from 0 to {}", name_, most)));
}

std::unexpected<Error> Field::unknown(std::string_view name) const {
  return std::unexpected(value_.error(fmt::format("{}: '{}' is not known", name_, name)));
}

Result<std::array<std::uint8_t, 16>> Field::bytes16() const {
  SMF_ASSIGN(const std::string digits, text());
  std::array<std::uint8_t, 16> bytes{};
  bool is_good = digits.size() == 2 * bytes.size();
  for (std::size_t i = 0; is_good && i < bytes.size(); ++i) {
    const auto byte = parse_number("0x" + digits.substr(2 * i, 2));
    is_good = byte && *byte <= UINT8_MAX && digits[2 * i] != 'x' && digits[2 * i + 1] != 'x';
    if (is_good) bytes[i] = static_cast<std::uint8_t>(*byte);
  }
  if (is_good) return bytes;
  return std::unexpected(value_.error(fmt::format("{}: expected 32 hexadecimal digits", name_)));
}

Result<Fields::Columns> Fields::match(const sdn::Value& value,
                                      std::span<const std::string_view> names,
                                      std::initializer_list<int> required) {
  SMF_ASSIGN(const sdn::Table table, value.expect_table());
  for (std::size_t i = 0; i < table.column_count(); ++i) {
    if (!table.named() || std::ranges::find(names, table.column_name(i)) == names.end())
      return std::unexpected(value.error(fmt::format(
          "unknown column '{}'; known are {}", table.column_name(i), fmt::join(names, ", "))));
  }
  Columns columns{.table = table, .names = names, .at = {}};
  for (const std::string_view name : names) columns.at.push_back(table.column(name));
  for (const int column : required) {
    const auto index = static_cast<std::size_t>(column);
    if (!columns.at[index])
      return std::unexpected(
          value.error(fmt::format("the table needs a column '{}'", names[index])));
  }
  return columns;
}

bool Fields::is_empty(const sdn::Value& cell) {
  return cell.is_null() || cell.as_string() == std::string_view();
}

std::optional<sdn::Value> Fields::at(int column) const {
  const auto index = columns_.at[static_cast<std::size_t>(column)];
  if (!index) return std::nullopt;
  return columns_.table.cell(row_, *index);
}

Result<std::string> Fields::text(int column) const {
  const auto cell = at(column);
  if (!cell) return std::string();
  return Field(*cell, columns_.names[static_cast<std::size_t>(column)]).text();
}

Result<std::optional<Hash128>> Fields::hash(int column) const {
  const auto cell = at(column);
  if (!cell || is_empty(*cell)) return std::nullopt;
  SMF_ASSIGN(const auto bytes,
             Field(*cell, columns_.names[static_cast<std::size_t>(column)]).bytes16());
  Hash128 hash;
  for (std::size_t i = 0; i < 8; ++i) {
    hash.high = hash.high << 8 | bytes[i];
    hash.low = hash.low << 8 | bytes[8 + i];
  }
  return hash;
}

}  // namespace smf::manifest
