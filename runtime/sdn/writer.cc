#include "runtime/sdn/writer.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <utility>

#include "runtime/base/check.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/spell.h"

namespace smf::sdn {
namespace {

constexpr std::string_view kNotUtf8 = "text that is not UTF-8 has no notation";
constexpr std::string_view kNotFinite = "an infinity or NaN has no notation";

// Entries of the two trees.
std::string_view key_of(const DictEntry& entry) { return entry.key; }
std::string_view key_of(const std::pair<std::string, OwnedValue>& entry) { return entry.first; }
const Value& value_of(const DictEntry& entry) { return entry.value; }
const OwnedValue& value_of(const std::pair<std::string, OwnedValue>& entry) { return entry.second; }

// Writes values of either tree: they offer the same names.
class Printer {
 public:
  explicit Printer(const WriteOptions& options) : options_(options) {}

  template <typename AnyValue>
  void block(const AnyValue& dict, std::size_t indent, std::uint32_t depth);
  template <typename AnyValue>
  void inline_value(const AnyValue& value, std::uint32_t depth, Place place = Place::kBracket);
  template <typename AnyValue>
  void scalar(const AnyValue& value, Place place, Quoting quoting = Quoting::kWhenNeeded);

  template <typename Cells>
  void row(const Cells& cells, std::size_t indent) {
    out_.append(indent, ' ');
    std::string_view before;
    for (const auto& cell : cells) {
      out_ += std::exchange(before, ", ");
      scalar(cell, Place::kCell, options_.cells);
    }
    out_ += '\n';
  }

  Result<std::string> finish() && {
    if (!mistake_) return std::move(out_);
    return std::unexpected(*std::move(mistake_));
  }

 private:
  template <typename AnyValue>
  void entry(std::string_view key, const AnyValue& value, std::size_t indent, std::uint32_t depth);
  template <typename AnyValue>
  void array(const AnyValue& value, std::size_t line, std::size_t indent, std::uint32_t depth);
  template <typename AnyTable>
  void rows(const AnyTable& table, std::size_t indent);
  template <typename AnyTable>
  void inline_rows(const AnyTable& table);
  template <typename AnyTable>
  void columns(const AnyTable& table, std::string_view brackets);

  void key(std::string_view text) {
    if (!is_utf8(text)) refuse(kNotUtf8);
    append_key(out_, text);
  }
  bool enter(std::uint32_t depth) {
    const std::uint32_t most = std::min(options_.max_depth, Limits::kDepthCeiling);
    if (depth > most) refuse(fmt::format("nested deeper than {}", most), ErrorCode::kLimit);
    return depth <= most;
  }
  void refuse(std::string_view message, ErrorCode code = ErrorCode::kInvalidArgument) {
    if (!mistake_) mistake_ = fail(code, std::string(message)).error();
  }

  const WriteOptions& options_;
  std::string out_;
  std::optional<Error> mistake_;
};

template <typename AnyValue>
void Printer::block(const AnyValue& dict, std::size_t indent, std::uint32_t depth) {
  bool first = true;
  bool spacious = false;  // the entry before took more than a line
  const auto entries = dict.as_dict();
  for (const auto& item : *entries) {
    const auto& value = value_of(item);
    const bool tall = value.kind() == Kind::kTable || value.kind() == Kind::kDict;
    if (indent == 0 && !first && (tall || spacious)) out_ += '\n';
    entry(key_of(item), value, indent, depth);
    first = false;
    spacious = tall;
  }
}

template <typename AnyValue>
void Printer::entry(std::string_view name, const AnyValue& value, std::size_t indent,
                    std::uint32_t depth) {
  const std::size_t line = out_.size();
  out_.append(indent, ' ');
  key(name);
  if (const auto table = value.as_table()) {
    if (!enter(depth + 1)) return;
    out_ += table->named() ? " " : ": table";
    columns(*table, table->named() ? "||" : "{}");
    out_ += '\n';
    rows(*table, indent + kStep);
    return;
  }
  out_ += ':';
  const auto dict = value.as_dict();
  if (dict && dict->size() > 0) {
    out_ += '\n';
    if (enter(depth + 1)) block(value, indent + kStep, depth + 1);
    return;
  }
  out_ += ' ';
  if (value.as_array()) {
    array(value, line, indent + kStep, depth);
  } else {
    inline_value(value, depth, Place::kLine);
  }
  out_ += '\n';
}

// On the line that begins at `line` if it fits there, else below, one element a line.
template <typename AnyValue>
void Printer::array(const AnyValue& value, std::size_t line, std::size_t indent,
                    std::uint32_t depth) {
  const std::size_t start = out_.size();
  inline_value(value, depth);
  if (out_.size() - line <= options_.line_width || mistake_) return;
  const auto elements = value.as_array();
  for (const auto& element : *elements) {
    if (element.kind() == Kind::kTable) return;  // has no form as a line of a block
  }
  if (elements->empty()) return;
  out_.resize(start - 1);
  for (const auto& element : *elements) {
    out_ += '\n';
    out_.append(indent, ' ');
    inline_value(element, depth + 1, Place::kBlockLine);
  }
}

template <typename AnyValue>
void Printer::inline_value(const AnyValue& value, std::uint32_t depth, Place place) {
  if (const auto elements = value.as_array()) {
    if (!enter(depth + 1)) return;
    std::string_view before = "[";
    for (const auto& element : *elements) {
      out_ += std::exchange(before, ", ");
      inline_value(element, depth + 1);
    }
    out_ += elements->empty() ? "[]" : "]";
  } else if (const auto entries = value.as_dict()) {
    if (!enter(depth + 1)) return;
    std::string_view before = "{";
    for (const auto& item : *entries) {
      out_ += std::exchange(before, ", ");
      key(key_of(item));
      out_ += ": ";
      inline_value(value_of(item), depth + 1);
    }
    out_ += entries->empty() ? "{}" : "}";
  } else if (const auto table = value.as_table()) {
    if (!enter(depth + 1)) return;
    out_ += "table";
    columns(*table, table->named() ? "||" : "{}");
    out_ += " = ";
    inline_rows(*table);
  } else {
    scalar(value, place);
  }
}

template <typename AnyValue>
void Printer::scalar(const AnyValue& value, Place place, Quoting quoting) {
  switch (value.kind()) {
    case Kind::kNull:
      out_ += "null";
      return;
    case Kind::kBool:
      out_ += *value.as_bool() ? "true" : "false";
      return;
    case Kind::kInt:
      append_int(out_, *value.as_int());
      return;
    case Kind::kFloat: {
      if (!std::isfinite(*value.as_float())) return refuse(kNotFinite);
      append_float(out_, *value.as_float());
      return;
    }
    case Kind::kString: {
      const std::string_view text = *value.as_string();
      if (!is_utf8(text)) return refuse(kNotUtf8);
      if (quoting == Quoting::kEveryString) {
        append_quoted(out_, text);
      } else {
        append_string(out_, text, place);
      }
      return;
    }
    default:
      refuse(fmt::format("{} as a table's cell has no notation", describe(value.kind())));
  }
}

template <typename AnyTable>
void Printer::columns(const AnyTable& table, std::string_view brackets) {
  std::set<std::string_view> names;
  out_ += brackets[0];
  for (std::size_t i = 0; i < table.column_count(); ++i) {
    if (i > 0) out_ += ", ";
    const std::string_view name = table.column_name(i);
    if (!is_utf8(name)) refuse(kNotUtf8);
    if (table.named() && !names.insert(name).second) {
      refuse(fmt::format("a table with two columns '{}' has no notation", name));
    }
    append_column(out_, name);
  }
  out_ += brackets[1];
}

template <typename AnyTable>
void Printer::rows(const AnyTable& table, std::size_t indent) {
  for (std::size_t row = 0; row < table.row_count(); ++row) {
    out_.append(indent, ' ');
    for (std::size_t column = 0; column < table.column_count(); ++column) {
      if (column > 0) out_ += ", ";
      scalar(table.cell(row, column), Place::kCell, options_.cells);
    }
    out_ += '\n';
  }
}

template <typename AnyTable>
void Printer::inline_rows(const AnyTable& table) {
  out_ += '[';
  for (std::size_t row = 0; row < table.row_count(); ++row) {
    out_ += row > 0 ? ", (" : "(";
    for (std::size_t column = 0; column < table.column_count(); ++column) {
      if (column > 0) out_ += ", ";
      scalar(table.cell(row, column), Place::kParenthesis, options_.cells);
    }
    out_ += ')';
  }
  out_ += ']';
}

template <typename AnyValue>
Result<std::string> write_document(const AnyValue& value, const WriteOptions& options) {
  if (!value.as_dict()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a document is a dict, not {}", describe(value.kind())));
  }
  Printer printer(options);
  printer.block(value, 0, 0);
  return std::move(printer).finish();
}

template <typename AnyValue>
Result<std::string> write_one(const AnyValue& value, const WriteOptions& options) {
  Printer printer(options);
  printer.inline_value(value, 0);
  return std::move(printer).finish();
}

// Runs `work`; memory that runs out becomes an Error.
template <typename Work>
Result<std::string> guarded(Work work) try {
  return work();
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for an SDN text");
}

Result<std::string> write_cells(std::span<const OwnedValue> cells, const WriteOptions& options,
                                std::size_t indent) {
  Printer printer(options);
  printer.row(cells, indent);
  return std::move(printer).finish();
}

}  // namespace

Result<std::string> write_row(std::span<const OwnedValue> cells, const WriteOptions& options,
                              std::size_t indent) {
  SMF_CHECK(!cells.empty());
  return guarded([&] { return write_cells(cells, options, indent); });
}

Result<std::string> write(const Value& value, const WriteOptions& options) {
  return guarded([&] { return write_document(value, options); });
}

Result<std::string> write(const OwnedValue& value, const WriteOptions& options) {
  return guarded([&] { return write_document(value, options); });
}

Result<std::string> write_inline(const Value& value, const WriteOptions& options) {
  return guarded([&] { return write_one(value, options); });
}

Result<std::string> write_inline(const OwnedValue& value, const WriteOptions& options) {
  return guarded([&] { return write_one(value, options); });
}

}  // namespace smf::sdn
