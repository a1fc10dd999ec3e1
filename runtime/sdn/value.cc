#include "runtime/sdn/value.h"

#include <fmt/format.h>

#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "runtime/sdn/path.h"

namespace smf::sdn {

using internal::Node;

std::optional<bool> Value::as_bool() const {
  if (kind() != Kind::kBool) return std::nullopt;
  return node_->payload.integer != 0;
}

std::optional<std::int64_t> Value::as_int() const {
  if (kind() != Kind::kInt) return std::nullopt;
  return node_->payload.integer;
}

std::optional<double> Value::as_float() const {
  if (kind() != Kind::kFloat) return std::nullopt;
  return node_->payload.real;
}

std::optional<std::string_view> Value::as_string() const {
  if (kind() != Kind::kString) return std::nullopt;
  return node_->string();
}

std::string_view Value::scalar_text() const {
  if (kind() == Kind::kString) return node_->string();
  if (kind() >= Kind::kArray) return {};
  return storage_->text.substr(node_->start, node_->length());
}

std::optional<Array> Value::as_array() const {
  if (kind() != Kind::kArray) return std::nullopt;
  const Node::Range range = node_->payload.range;
  return Array(storage_, storage_->nodes.at(range.first), range.count);
}

std::optional<Dict> Value::as_dict() const {
  if (kind() != Kind::kDict) return std::nullopt;
  const Node::Range range = node_->payload.range;
  return Dict(storage_, storage_->nodes.at(range.first), range.count);
}

std::optional<Table> Value::as_table() const {
  if (kind() != Kind::kTable) return std::nullopt;
  return Table(storage_, &storage_->tables[static_cast<std::size_t>(node_->payload.integer)]);
}

Error Value::error(std::string_view message, ErrorKind kind) const {
  return diagnose(storage_->text, offset(), kind, std::string(message)).to_error();
}

Position Value::position() const { return position_of(storage_->text, offset()); }

Error Value::mismatch(std::string_view wanted) const {
  return error(fmt::format("expected {}, found {}", wanted, describe(kind())),
               ErrorKind::kTypeMismatch);
}

Result<bool> Value::expect_bool() const {
  if (const auto value = as_bool()) return *value;
  return std::unexpected(mismatch(describe(Kind::kBool)));
}

Result<std::int64_t> Value::expect_int() const {
  if (const auto value = as_int()) return *value;
  return std::unexpected(mismatch(describe(Kind::kInt)));
}

Result<double> Value::expect_float() const {
  if (const auto value = as_float()) return *value;
  if (const auto value = as_int()) return static_cast<double>(*value);
  return std::unexpected(mismatch("a number"));
}

Result<std::string_view> Value::expect_string() const {
  if (const auto value = as_string()) return *value;
  return std::unexpected(mismatch(describe(Kind::kString)));
}

Result<Array> Value::expect_array() const {
  if (const auto value = as_array()) return *value;
  return std::unexpected(mismatch(describe(Kind::kArray)));
}

Result<Dict> Value::expect_dict() const {
  if (const auto value = as_dict()) return *value;
  return std::unexpected(mismatch(describe(Kind::kDict)));
}

Result<Table> Value::expect_table() const {
  if (const auto value = as_table()) return *value;
  return std::unexpected(mismatch(describe(Kind::kTable)));
}

Result<Value> Value::get(std::string_view path) const {
  SMF_ASSIGN(const std::vector<std::string> segments, split_path(path));
  Value at = *this;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    std::optional<Value> next;
    if (const auto dict = at.as_dict()) {
      next = dict->find(segment);
    } else if (const auto array = at.as_array()) {
      if (const auto index = path_index(segment, array->size())) next = (*array)[*index];
    } else if (const auto table = at.as_table()) {
      if (++i == segments.size()) {
        return std::unexpected(
            at.error(fmt::format("path '{}' ends at a table's row: expected a column", path),
                     ErrorKind::kPathNotFound));
      }
      const auto row = path_index(segment, table->row_count());
      auto column = table->column(segments[i]);
      if (!column) column = path_index(segments[i], table->column_count());
      if (row && column) next = table->cell(*row, *column);
    } else {
      return std::unexpected(
          at.error(fmt::format("path '{}': expected a container at '{}', found {}", path, segment,
                               describe(at.kind())),
                   ErrorKind::kTypeMismatch));
    }
    if (!next) {
      return std::unexpected(
          at.error(fmt::format("path '{}': there is no '{}' in this {}", path, segments[i],
                               describe(at.kind()).substr(describe(at.kind()).find(' ') + 1)),
                   ErrorKind::kPathNotFound));
    }
    at = *next;
  }
  return at;
}

std::optional<Value> Dict::find(std::string_view key) const {
  for (std::size_t i = 0; i < size_; ++i) {
    if (first_[2 * i].string() == key) return Value(storage_, first_ + 2 * i + 1);
  }
  return std::nullopt;
}

std::optional<std::size_t> Table::column(std::string_view name) const {
  if (!named()) return std::nullopt;
  for (std::size_t i = 0; i < column_count(); ++i) {
    if (column_name(i) == name) return i;
  }
  return std::nullopt;
}

namespace {

bool equal(const Table& a, const Table& b) {
  if (a.named() != b.named() || a.column_count() != b.column_count() ||
      a.row_count() != b.row_count()) {
    return false;
  }
  for (std::size_t i = 0; i < a.column_count(); ++i) {
    if (a.column_name(i) != b.column_name(i)) return false;
  }
  for (std::size_t row = 0; row < a.row_count(); ++row) {
    for (std::size_t column = 0; column < a.column_count(); ++column) {
      if (!(a.cell(row, column) == b.cell(row, column))) return false;
    }
  }
  return true;
}

bool equal(const Array& a, const Array& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i])) return false;
  }
  return true;
}

bool equal(const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].key != b[i].key || !(a[i].value == b[i].value)) return false;
  }
  return true;
}

}  // namespace

bool operator==(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return a.as_bool() == b.as_bool();
    case Kind::kInt:
      return a.as_int() == b.as_int();
    case Kind::kFloat:
      return std::bit_cast<std::uint64_t>(*a.as_float()) ==
             std::bit_cast<std::uint64_t>(*b.as_float());
    case Kind::kString:
      return a.as_string() == b.as_string();
    case Kind::kArray:
      return equal(*a.as_array(), *b.as_array());
    case Kind::kDict:
      return equal(*a.as_dict(), *b.as_dict());
    case Kind::kTable:
      return equal(*a.as_table(), *b.as_table());
  }
  SMF_CHECK(false);
}

}  // namespace smf::sdn
