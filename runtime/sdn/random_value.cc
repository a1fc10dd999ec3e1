#include "runtime/sdn/random_value.h"

#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

namespace smf::sdn {

std::string RandomValues::text() {
  static constexpr std::string_view kPieces[] = {
      "a",      "Int",    "null",       "nil",    "true",   "false", "42",   "-1",    "1.5",
      "1e3",    " ",      "  ",         "\t",     "\n",     "\r",    "\"",   "\\",    "#",
      " #",     ",",      ":",          "=",      "|",      "[",     "]",    "{",     "}",
      "(",      ")",      "- ",         "table{", "$",      "::",    "/",    "\x01",  "\x7f",
      "\u00e9", "\u20ac", "\U0001F600", "\uFEFF", "table|", "_",     "0x1F", "\"\"\""};
  std::string result;
  for (std::uint64_t pieces = below(5); pieces > 0; --pieces) {
    result += kPieces[below(std::size(kPieces))];
  }
  if (below(8) == 0) result += '\0';
  return result;
}

OwnedValue RandomValues::scalar() {
  switch (below(8)) {
    case 0:
      return nullptr;
    case 1:
      return below(2) == 0;
    case 2:
      return static_cast<std::int64_t>(engine_());
    case 3:
      return static_cast<std::int64_t>(below(200)) - 100;
    case 4: {
      const auto value = std::bit_cast<double>(engine_());
      return std::isfinite(value) ? value : -0.0;
    }
    case 5: {
      constexpr double kSpecial[] = {0.0,    -0.0, 1.0,  1e308,
                                     5e-324, 0.1,  1e22, std::numeric_limits<double>::max()};
      return kSpecial[below(std::size(kSpecial))];
    }
    default:
      return text();
  }
}

OwnedTable RandomValues::table() {
  std::vector<std::string> columns;
  const std::uint64_t count = 1 + below(4);
  columns.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) columns.push_back(text() + std::to_string(i));
  OwnedTable result(std::move(columns), below(3) != 0);
  for (std::uint64_t rows = below(5); rows > 0; --rows) {
    std::vector<OwnedValue> cells;
    cells.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) cells.push_back(scalar());
    result.add_row(std::move(cells));
  }
  return result;
}

OwnedValue RandomValues::any(int depth) {
  if (depth <= 0) return scalar();
  switch (below(6)) {
    case 0:
      return document(depth - 1);
    case 1:
      return table();
    case 2:
    case 3: {
      OwnedValue::Elements elements;
      for (std::uint64_t i = below(8); i > 0; --i) elements.push_back(any(depth - 1));
      return OwnedValue::array(std::move(elements));
    }
    default:
      return scalar();
  }
}

OwnedValue RandomValues::document(int depth) {
  OwnedValue result = OwnedValue::dict();
  for (std::uint64_t i = below(7); i > 0; --i) result.put(text(), any(depth));
  return result;
}

}  // namespace smf::sdn
