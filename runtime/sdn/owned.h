// Values that a program builds and changes, for write() (writer.h).
//
//     OwnedValue build = OwnedValue::dict();
//     build.put("target", "x86_64");
//     OwnedTable users({"id", "name"});
//     users.add_row({1, "Alice"});
//     build.put("users", std::move(users));
//
// A plain tree, made for clearness: what is read from files is a Document, and tables of millions
// of rows are better streamed through TableWriter. Not thread-safe. Memory that runs out throws
// std::bad_alloc, as with the standard containers these are made of.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/sdn/value.h"

namespace smf::sdn {

class OwnedTable;

class OwnedValue {
 public:
  using Elements = std::vector<OwnedValue>;
  using Entries = std::vector<std::pair<std::string, OwnedValue>>;

  // Implicit, so that rows and dicts are written as in the example above.
  // NOLINTBEGIN(google-explicit-constructor)
  OwnedValue();  // null
  OwnedValue(std::nullptr_t);
  OwnedValue(bool value);
  template <std::integral T>
    requires(!std::same_as<T, bool> && (sizeof(T) < 8 || std::signed_integral<T>))
  OwnedValue(T value) : OwnedValue(Int{value}) {}
  OwnedValue(double value);
  OwnedValue(std::string value);
  OwnedValue(std::string_view value);
  OwnedValue(const char* value);
  OwnedValue(OwnedTable value);
  // NOLINTEND(google-explicit-constructor)
  // A deep copy of a parsed value.
  explicit OwnedValue(const Value& value);

  OwnedValue(const OwnedValue& other);
  OwnedValue(OwnedValue&& other) noexcept;
  OwnedValue& operator=(const OwnedValue& other);
  OwnedValue& operator=(OwnedValue&& other) noexcept;
  ~OwnedValue();

  static OwnedValue array(Elements elements = {});
  static OwnedValue dict();
  // From as many keys, which differ, as values; linear, where put() would look for each key.
  static OwnedValue dict_of(std::vector<std::string> keys, Elements values);

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  // The value if it is of that kind, without conversion; else nullopt or null.
  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_float() const;
  std::optional<std::string_view> as_string() const;
  const Elements* as_array() const;
  const Entries* as_dict() const;
  const OwnedTable* as_table() const;
  Elements* as_array();
  OwnedTable* as_table();

  // The value of this very key of a dict; null if there is none or this is no dict. Linear.
  const OwnedValue* find(std::string_view key) const;
  // Sets a key of a dict, at its old place or at the end; SMF_CHECK that this is a dict. Linear.
  OwnedValue& put(std::string_view key, OwnedValue value);

  // By path, as Value::get reads them. Errors: kNotFound; kInvalidArgument where the path is
  // malformed or leads through a scalar.
  Result<const OwnedValue*> get(std::string_view path) const;
  // Replaces the value at `path`, or adds a key to the dict before the last segment, which must
  // exist.
  Result<void> set(std::string_view path, OwnedValue value);
  // Removes a dict's entry, an array's element or, with an index, a table's row.
  Result<void> erase(std::string_view path);
  // Appends to the array at `path`, or, given an array of as many scalars as there are columns, a
  // row to the table; kInvalidArgument if something else is there.
  Result<void> push(std::string_view path, OwnedValue value);

  // Equal in kind and content, floats by their bits, as for Value.
  friend bool operator==(const OwnedValue& a, const OwnedValue& b);

 private:
  struct Int {
    std::int64_t value;
  };
  explicit OwnedValue(Int value);
  Result<OwnedValue*> step(std::span<const std::string> segments);

  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Elements, Entries,
               std::unique_ptr<OwnedTable>>
      value_;
};

// Rows of equal width; cells are scalars.
class OwnedTable {
 public:
  // Columns with names, or, with `named` false, with types. At least one (SMF_CHECK).
  explicit OwnedTable(std::vector<std::string> columns, bool named = true);

  bool named() const { return named_; }
  std::size_t column_count() const { return columns_.size(); }
  std::size_t row_count() const { return cells_.size() / columns_.size(); }
  const std::string& column_name(std::size_t column) const { return columns_.at(column); }
  std::optional<std::size_t> column(std::string_view name) const;
  const OwnedValue& cell(std::size_t row, std::size_t column) const;
  OwnedValue& cell(std::size_t row, std::size_t column);

  // SMF_CHECK that there are as many cells as columns.
  void add_row(std::vector<OwnedValue> cells);
  void erase_row(std::size_t row);

  friend bool operator==(const OwnedTable& a, const OwnedTable& b);

 private:
  std::vector<std::string> columns_;
  std::vector<OwnedValue> cells_;  // row by row
  bool named_;
};

}  // namespace smf::sdn
