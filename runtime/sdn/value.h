// Reading a parsed document: Value and its containers Array, Dict and Table.
//
// All of them are views, two pointers wide, into the Document they came from: valid as long as that
// Document lives (moving it is fine), copied freely, and read from any number of threads at once,
// for a document never changes. Strings they return live as long: in the parsed text or in the
// document. Nothing here allocates, except to make an error message.
//
// Before C++23's longer life of temporaries, `for (auto e : *value.as_dict())` would iterate over a
// view that is gone: give the view a name first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/diagnostic.h"
#include "runtime/sdn/node.h"

namespace smf::sdn {

class Array;
class Dict;
class Table;

// Bytes of a text.
struct Span {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t end() const { return offset + length; }
  friend bool operator==(const Span&, const Span&) = default;
};

class Value {
 public:
  Value(const internal::Storage* storage, const internal::Node* node)
      : storage_(storage), node_(node) {}

  Kind kind() const { return node_->kind(); }
  bool is_null() const { return kind() == Kind::kNull; }

  // The value if it is of that kind, without conversion; else nullopt.
  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_int() const;
  std::optional<double> as_float() const;
  std::optional<std::string_view> as_string() const;
  std::optional<Array> as_array() const;
  std::optional<Dict> as_dict() const;
  std::optional<Table> as_table() const;

  // The text of a scalar: the characters of a string, else what stands in the document, `1_000`.
  // Empty for a container.
  std::string_view scalar_text() const;

  // The same as as_…(), with an error that says where, what was found and what was expected.
  Result<bool> expect_bool() const;
  Result<std::int64_t> expect_int() const;
  Result<double> expect_float() const;  // an int too: 3 is a valid 3.0
  Result<std::string_view> expect_string() const;
  Result<Array> expect_array() const;
  Result<Dict> expect_dict() const;
  Result<Table> expect_table() const;

  // The value at a path below this one: keys, array indices from 0, and for a table a row index
  // and a column (its name, or its index from 0), joined by dots: "a.b.0", "users.1.name". A key
  // with dots or quotes is quoted, with \" and \\ for those two: `paths."a.b"`. The empty path is
  // this value. Errors: kNotFound; kInvalidInput where a scalar would have to be entered;
  // kInvalidArgument where the path itself is malformed. Linear in the dicts on the way.
  Result<Value> get(std::string_view path) const;

  // Bytes from the start of the text to the value's first byte (an opening quote or bracket; the
  // first entry of a block; a table's header).
  std::uint64_t offset() const { return node_->start; }
  // All bytes that belong to the value: quotes and brackets included; of a block or a table, from
  // its first to the last byte of its last value. Found by looking at the text again, when asked
  // for: costs what the way down to the last value costs. A dict that lenient mode gathered from
  // several places ends with its last entry; in upstream mode, where text is lost, the length is 0.
  Span span() const;
  // Line and column of the first byte. Linear in the offset: for messages.
  Position position() const;
  // Whether a string stands in quotes in the text.
  bool quoted() const { return node_->quoted(); }

  // A kInvalidInput error at this value: "LINE:COLUMN: message".
  Error error(std::string_view message, ErrorKind kind = ErrorKind::kSyntax) const;

 private:
  Error mismatch(std::string_view wanted) const;

  const internal::Storage* storage_;
  const internal::Node* node_;
};

// Equal in kind and content; order matters in dicts; floats are equal if their bits are, so that
// -0.0 differs from 0.0. Where the values stand and how they are quoted does not matter. Recursive
// to the depth of the values.
bool operator==(const Value& a, const Value& b);

namespace internal {
// An iterator over views that offer size() and operator[].
template <typename View, typename Item>
class IndexIterator {
 public:
  using value_type = Item;
  using difference_type = std::ptrdiff_t;

  IndexIterator() = default;
  IndexIterator(const View& view, std::size_t index) : view_(view), index_(index) {}
  Item operator*() const { return view_[index_]; }
  IndexIterator& operator++() {
    ++index_;
    return *this;
  }
  IndexIterator operator++(int) {
    IndexIterator before = *this;
    ++index_;
    return before;
  }
  // Of the same view only, as with any container.
  friend bool operator==(const IndexIterator& a, const IndexIterator& b) {
    return a.index_ == b.index_;
  }

 private:
  View view_{nullptr, nullptr, 0};
  std::size_t index_ = 0;
};
}  // namespace internal

// Values in order. Indices are checked (SMF_CHECK).
class Array {
 public:
  using Iterator = internal::IndexIterator<Array, Value>;

  Array(const internal::Storage* storage, const internal::Node* first, std::uint32_t size)
      : storage_(storage), first_(first), size_(size) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Value operator[](std::size_t index) const {
    SMF_CHECK(index < size_);
    return {storage_, first_ + index};
  }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size_}; }

 private:
  const internal::Storage* storage_;
  const internal::Node* first_;
  std::uint32_t size_;
};

struct DictEntry {
  std::string_view key;
  Value value;
  std::uint64_t key_offset;  // bytes from the start of the text
};

// Entries in the order of the text, keys unique.
class Dict {
 public:
  using Iterator = internal::IndexIterator<Dict, DictEntry>;

  Dict(const internal::Storage* storage, const internal::Node* first, std::uint32_t size)
      : storage_(storage), first_(first), size_(size) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  DictEntry operator[](std::size_t index) const {
    SMF_CHECK(index < size_);
    const internal::Node* key = first_ + 2 * index;
    return {key->string(), {storage_, key + 1}, key->start};
  }
  // The value of this very key (dots mean nothing here). Linear in the number of entries.
  std::optional<Value> find(std::string_view key) const;
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size_}; }

 private:
  const internal::Storage* storage_;
  const internal::Node* first_;
  std::uint32_t size_;
};

// One row of a table. Cells are scalars.
class Row {
 public:
  using Iterator = internal::IndexIterator<Row, Value>;

  Row(const internal::Storage* storage, const internal::Node* first, std::uint32_t size)
      : storage_(storage), first_(first), size_(size) {}

  std::size_t size() const { return size_; }
  Value operator[](std::size_t column) const {
    SMF_CHECK(column < size_);
    return {storage_, first_ + column};
  }
  // Bytes from the start of the text to the first cell (to the comma after it if it is empty).
  std::uint64_t offset() const { return first_->start; }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size_}; }

 private:
  const internal::Storage* storage_;
  const internal::Node* first_;
  std::uint32_t size_;
};

// Rows of equal width, at least one column. Indices are checked (SMF_CHECK).
class Table {
 public:
  Table(const internal::Storage* storage, const internal::TableShape* shape)
      : storage_(storage), shape_(shape) {}

  // Whether the columns have names (`key |a, b|`) or types (`key: table{i64, text}`).
  bool named() const { return shape_->named; }
  std::size_t column_count() const { return shape_->column_count; }
  std::size_t row_count() const { return shape_->row_count; }

  // The name, or the type, of a column.
  std::string_view column_name(std::size_t column) const {
    SMF_CHECK(column < shape_->column_count);
    return storage_->nodes[shape_->columns + static_cast<std::uint32_t>(column)].string();
  }
  // The column of that name; nullopt for a table of types. Linear in the number of columns: look
  // it up once, before the rows.
  std::optional<std::size_t> column(std::string_view name) const;

  Row row(std::size_t row) const {
    SMF_CHECK(row < shape_->row_count);
    const std::size_t first = shape_->cells + row * shape_->column_count;
    return {storage_, storage_->nodes.at(static_cast<std::uint32_t>(first)), shape_->column_count};
  }
  Value cell(std::size_t row, std::size_t column) const { return this->row(row)[column]; }

 private:
  const internal::Storage* storage_;
  const internal::TableShape* shape_;
};

}  // namespace smf::sdn
