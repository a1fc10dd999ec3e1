#include "runtime/sdn/owned.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "runtime/base/check.h"
#include "runtime/sdn/path.h"

namespace smf::sdn {
namespace {

// The variant's alternatives stand in the order of Kind.
static_assert(static_cast<int>(Kind::kNull) == 0 && static_cast<int>(Kind::kFloat) == 3 &&
              static_cast<int>(Kind::kTable) == 7);

Error not_found(std::string_view segment) {
  return fail(ErrorCode::kNotFound, fmt::format("there is no '{}'", segment)).error();
}

OwnedTable copy(const Table& table) {
  std::vector<std::string> columns;
  columns.reserve(table.column_count());
  for (std::size_t i = 0; i < table.column_count(); ++i) columns.emplace_back(table.column_name(i));
  OwnedTable result(std::move(columns), table.named());
  for (std::size_t row = 0; row < table.row_count(); ++row) {
    std::vector<OwnedValue> cells;
    for (const Value& cell : table.row(row)) cells.emplace_back(cell);
    result.add_row(std::move(cells));
  }
  return result;
}

}  // namespace

OwnedValue::OwnedValue() = default;
OwnedValue::OwnedValue(std::nullptr_t) {}
OwnedValue::OwnedValue(bool value) : value_(value) {}
OwnedValue::OwnedValue(Int value) : value_(value.value) {}
OwnedValue::OwnedValue(double value) : value_(value) {}
OwnedValue::OwnedValue(std::string value) : value_(std::move(value)) {}
OwnedValue::OwnedValue(std::string_view value) : value_(std::string(value)) {}
OwnedValue::OwnedValue(const char* value) : value_(std::string(value)) {}
OwnedValue::OwnedValue(OwnedTable value) : value_(std::make_unique<OwnedTable>(std::move(value))) {}

OwnedValue::OwnedValue(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      break;
    case Kind::kBool:
      value_ = *value.as_bool();
      break;
    case Kind::kInt:
      value_ = *value.as_int();
      break;
    case Kind::kFloat:
      value_ = *value.as_float();
      break;
    case Kind::kString:
      value_ = std::string(*value.as_string());
      break;
    case Kind::kArray: {
      const Array array = *value.as_array();
      Elements elements;
      for (const Value& element : array) elements.emplace_back(element);
      value_ = std::move(elements);
      break;
    }
    case Kind::kDict: {
      const Dict dict = *value.as_dict();
      Entries entries;
      for (const DictEntry& entry : dict) entries.emplace_back(entry.key, OwnedValue(entry.value));
      value_ = std::move(entries);
      break;
    }
    case Kind::kTable:
      value_ = std::make_unique<OwnedTable>(copy(*value.as_table()));
      break;
  }
}

OwnedValue::OwnedValue(const OwnedValue& other) { *this = other; }
OwnedValue::OwnedValue(OwnedValue&& other) noexcept = default;
OwnedValue& OwnedValue::operator=(OwnedValue&& other) noexcept = default;
OwnedValue::~OwnedValue() = default;

OwnedValue& OwnedValue::operator=(const OwnedValue& other) {
  if (this == &other) return *this;
  // Copied before this value goes, which `other` may be a part of.
  auto copied = std::visit(
      [](const auto& held) -> decltype(value_) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::unique_ptr<OwnedTable>>) {
          return std::make_unique<OwnedTable>(*held);
        } else {
          return held;
        }
      },
      other.value_);
  value_ = std::move(copied);
  return *this;
}

OwnedValue OwnedValue::array(Elements elements) {
  OwnedValue result;
  result.value_ = std::move(elements);
  return result;
}

OwnedValue OwnedValue::dict() {
  OwnedValue result;
  result.value_ = Entries();
  return result;
}

OwnedValue OwnedValue::dict_of(std::vector<std::string> keys, Elements values) {
  SMF_CHECK(keys.size() == values.size());
  Entries entries;
  entries.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    entries.emplace_back(std::move(keys[i]), std::move(values[i]));
  OwnedValue result;
  result.value_ = std::move(entries);
  return result;
}

namespace {
template <typename T, typename Variant>
std::optional<T> held(const Variant& value) {
  const T* const found = std::get_if<T>(&value);
  return found == nullptr ? std::nullopt : std::optional<T>(*found);
}
}  // namespace

std::optional<bool> OwnedValue::as_bool() const { return held<bool>(value_); }
std::optional<std::int64_t> OwnedValue::as_int() const { return held<std::int64_t>(value_); }
std::optional<double> OwnedValue::as_float() const { return held<double>(value_); }

std::optional<std::string_view> OwnedValue::as_string() const {
  const auto* const text = std::get_if<std::string>(&value_);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

const OwnedValue::Elements* OwnedValue::as_array() const { return std::get_if<Elements>(&value_); }
const OwnedValue::Entries* OwnedValue::as_dict() const { return std::get_if<Entries>(&value_); }
OwnedValue::Elements* OwnedValue::as_array() { return std::get_if<Elements>(&value_); }

const OwnedTable* OwnedValue::as_table() const {
  const auto* const table = std::get_if<std::unique_ptr<OwnedTable>>(&value_);
  return table == nullptr ? nullptr : table->get();
}

OwnedTable* OwnedValue::as_table() {
  return const_cast<OwnedTable*>(std::as_const(*this).as_table());
}

const OwnedValue* OwnedValue::find(std::string_view key) const {
  const Entries* const entries = as_dict();
  if (entries == nullptr) return nullptr;
  const auto at = std::find_if(entries->begin(), entries->end(),
                               [&](const auto& entry) { return entry.first == key; });
  return at == entries->end() ? nullptr : &at->second;
}

OwnedValue& OwnedValue::put(std::string_view key, OwnedValue value) {
  SMF_CHECK(as_dict() != nullptr);
  if (auto* const present = const_cast<OwnedValue*>(find(key))) {
    return *present = std::move(value);
  }
  return std::get<Entries>(value_).emplace_back(key, std::move(value)).second;
}

// The value that the segments lead to.
Result<OwnedValue*> OwnedValue::step(std::span<const std::string> segments) {
  OwnedValue* at = this;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    OwnedValue* next = nullptr;
    if (at->as_dict() != nullptr) {
      next = const_cast<OwnedValue*>(at->find(segment));
    } else if (Elements* const elements = at->as_array()) {
      if (const auto index = path_index(segment, elements->size())) next = &(*elements)[*index];
    } else if (OwnedTable* const table = at->as_table()) {
      if (++i == segments.size()) return std::unexpected(not_found("a column after " + segment));
      const auto row = path_index(segment, table->row_count());
      auto column = table->column(segments[i]);
      if (!column) column = path_index(segments[i], table->column_count());
      if (row && column) next = &table->cell(*row, *column);
    } else {
      return fail(ErrorCode::kInvalidArgument, fmt::format("expected a container at '{}', found {}",
                                                           segment, describe(at->kind())));
    }
    if (next == nullptr) return std::unexpected(not_found(segments[i]));
    at = next;
  }
  return at;
}

Result<const OwnedValue*> OwnedValue::get(std::string_view path) const {
  SMF_ASSIGN(const std::vector<std::string> segments, split_path(path));
  return const_cast<OwnedValue*>(this)->step(segments);
}

Result<void> OwnedValue::set(std::string_view path, OwnedValue value) {
  SMF_ASSIGN(const std::vector<std::string> segments, split_path(path));
  if (!segments.empty()) {
    const bool in_row = segments.size() > 1;
    const auto parent = step(std::span(segments).first(segments.size() - 1));
    if (parent && (*parent)->as_dict() != nullptr) {
      (*parent)->put(segments.back(), std::move(value));
      return {};
    }
    if (!parent && !in_row) return std::unexpected(parent.error());
  }
  SMF_ASSIGN(OwnedValue* const target, step(segments));
  *target = std::move(value);
  return {};
}

Result<void> OwnedValue::erase(std::string_view path) {
  SMF_ASSIGN(const std::vector<std::string> segments, split_path(path));
  if (segments.empty()) return fail(ErrorCode::kInvalidArgument, "expected a path to erase");
  SMF_ASSIGN(OwnedValue* const parent, step(std::span(segments).first(segments.size() - 1)));
  const std::string& last = segments.back();
  if (auto* const entries = std::get_if<Entries>(&parent->value_)) {
    const auto removed = std::erase_if(*entries, [&](auto& entry) { return entry.first == last; });
    if (removed == 0) return std::unexpected(not_found(last));
    return {};
  }
  if (OwnedTable* const table = parent->as_table()) {
    const auto row = path_index(last, table->row_count());
    if (!row) return std::unexpected(not_found(last));
    table->erase_row(*row);
    return {};
  }
  Elements* const elements = parent->as_array();
  if (elements == nullptr) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("expected a container before '{}', found {}", last, describe(parent->kind())));
  }
  const auto index = path_index(last, elements->size());
  if (!index) return std::unexpected(not_found(last));
  elements->erase(elements->begin() + static_cast<std::ptrdiff_t>(*index));
  return {};
}

Result<void> OwnedValue::push(std::string_view path, OwnedValue value) {
  SMF_ASSIGN(const std::vector<std::string> segments, split_path(path));
  SMF_ASSIGN(OwnedValue* const target, step(segments));
  if (OwnedTable* const table = target->as_table()) {
    Elements* const cells = value.as_array();
    if (cells == nullptr || cells->size() != table->column_count()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("a row of the table at '{}' is an array of {} values", path,
                              table->column_count()));
    }
    table->add_row(std::move(*cells));
    return {};
  }
  Elements* const elements = target->as_array();
  if (elements == nullptr) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("expected an array or a table at '{}', found {}", path,
                            describe(target->kind())));
  }
  elements->push_back(std::move(value));
  return {};
}

bool operator==(const OwnedValue& a, const OwnedValue& b) {
  if (a.kind() != b.kind()) return false;
  if (a.kind() == Kind::kFloat) {
    return std::bit_cast<std::uint64_t>(*a.as_float()) ==
           std::bit_cast<std::uint64_t>(*b.as_float());
  }
  if (a.kind() == Kind::kTable) return *a.as_table() == *b.as_table();
  return a.value_ == b.value_;
}

OwnedTable::OwnedTable(std::vector<std::string> columns, bool named)
    : columns_(std::move(columns)), named_(named) {
  SMF_CHECK(!columns_.empty());
}

std::optional<std::size_t> OwnedTable::column(std::string_view name) const {
  const auto at = std::find(columns_.begin(), columns_.end(), name);
  if (!named_ || at == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - columns_.begin());
}

const OwnedValue& OwnedTable::cell(std::size_t row, std::size_t column) const {
  SMF_CHECK(row < row_count() && column < columns_.size());
  return cells_[row * columns_.size() + column];
}

OwnedValue& OwnedTable::cell(std::size_t row, std::size_t column) {
  return const_cast<OwnedValue&>(std::as_const(*this).cell(row, column));
}

void OwnedTable::add_row(std::vector<OwnedValue> cells) {
  SMF_CHECK(cells.size() == columns_.size());
  std::move(cells.begin(), cells.end(), std::back_inserter(cells_));
}

void OwnedTable::erase_row(std::size_t row) {
  SMF_CHECK(row < row_count());
  const auto first = cells_.begin() + static_cast<std::ptrdiff_t>(row * columns_.size());
  cells_.erase(first, first + static_cast<std::ptrdiff_t>(columns_.size()));
}

bool operator==(const OwnedTable& a, const OwnedTable& b) {
  return a.named_ == b.named_ && a.columns_ == b.columns_ && a.cells_ == b.cells_;
}

}  // namespace smf::sdn
