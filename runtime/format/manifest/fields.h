// Values of a manifest as the numbers and names they stand for; what does not fit is an error at
// its line and column. Internal to this package.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/sdn/value.h"

namespace smf::manifest {

// One value and what it is called.
class Field {
 public:
  Field(const sdn::Value& value, std::string_view name) : value_(value), name_(name) {}

  // A string, or a number as it would be written: `200` and `"200"` are the same name.
  Result<std::string> text() const;
  // A number from 0 to what T holds; also as text, "0x1f".
  template <typename T>
  Result<T> number() const {
    SMF_ASSIGN(const std::uint64_t value, number_up_to(std::numeric_limits<T>::max()));
    return static_cast<T>(value);
  }
  // What `parse` makes of the text; it gives nullopt for a name it does not know.
  template <typename Parse>
  auto named(Parse parse) const
      -> Result<typename decltype(parse(std::string_view()))::value_type> {
    SMF_ASSIGN(const std::string name, text());
    const auto value = parse(name);
    if (!value) return unknown(name);
    return *value;
  }
  // 32 hexadecimal digits, in the order of the bytes.
  Result<std::array<std::uint8_t, 16>> bytes16() const;

 private:
  Result<std::uint64_t> number_up_to(std::uint64_t most) const;
  std::unexpected<Error> unknown(std::string_view name) const;

  const sdn::Value& value_;
  std::string_view name_;
};

// A row of a table whose columns are found by name; columns that are missing, and empty cells, have
// defaults.
class Fields {
 public:
  struct Columns {
    sdn::Table table;
    std::span<const std::string_view> names;
    std::vector<std::optional<std::size_t>> at;  // of names[i], in the table
  };
  // Fails for a column that is not among `names`, or where one of `required` is missing.
  static Result<Columns> match(const sdn::Value& value, std::span<const std::string_view> names,
                               std::initializer_list<int> required);

  Fields(const Columns& columns, std::size_t row) : columns_(columns), row_(row) {}

  // The cell; nullopt where the table has no such column.
  std::optional<sdn::Value> at(int column) const;
  Result<std::string> text(int column) const;  // "" by default
  template <typename T>
  Result<T> number(int column, T by_default) const {
    const auto cell = at(column);
    if (!cell || is_empty(*cell)) return by_default;
    return Field(*cell, columns_.names[static_cast<std::size_t>(column)]).template number<T>();
  }
  template <typename Parse, typename T>
  Result<T> named(int column, Parse parse, T by_default) const {
    const auto cell = at(column);
    if (!cell || is_empty(*cell)) return by_default;
    return Field(*cell, columns_.names[static_cast<std::size_t>(column)]).named(parse);
  }
  // 32 hexadecimal digits, high half first.
  Result<std::optional<Hash128>> hash(int column) const;

 private:
  static bool is_empty(const sdn::Value& cell);

  const Columns& columns_;
  std::size_t row_;
};

}  // namespace smf::manifest
