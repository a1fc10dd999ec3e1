#include <cmath>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/sdn/json/json.h"

namespace smf::sdn {
namespace {

std::string_view key_of(const DictEntry& entry) { return entry.key; }
std::string_view key_of(const std::pair<std::string, OwnedValue>& entry) { return entry.first; }
const Value& value_of(const DictEntry& entry) { return entry.value; }
const OwnedValue& value_of(const std::pair<std::string, OwnedValue>& entry) { return entry.second; }

// Of either tree: they offer the same names. Recursive to the depth of the values.
class JsonPrinter {
 public:
  explicit JsonPrinter(std::size_t indent) : indent_(indent) {}

  template <typename AnyValue>
  void value(const AnyValue& value, std::size_t level) {
    if (const auto dict = value.as_dict()) {
      bool first = true;
      out_ += '{';
      for (const auto& entry : *dict) {
        separate(first, level + 1);
        text(key_of(entry));
        out_ += indent_ == 0 ? ":" : ": ";
        this->value(value_of(entry), level + 1);
      }
      close('}', first, level);
    } else if (const auto array = value.as_array()) {
      bool first = true;
      out_ += '[';
      for (const auto& element : *array) {
        separate(first, level + 1);
        this->value(element, level + 1);
      }
      close(']', first, level);
    } else if (const auto table = value.as_table()) {
      rows(*table, level);
    } else {
      scalar(value);
    }
  }

  Result<std::string> finish() && {
    if (is_refused_)
      return fail(ErrorCode::kInvalidArgument, "infinities, NaN and what is not UTF-8 are no JSON");
    return std::move(out_);
  }

 private:
  template <typename AnyTable>
  void rows(const AnyTable& table, std::size_t level) {
    bool first = true;
    out_ += '[';
    for (std::size_t row = 0; row < table.row_count(); ++row) {
      separate(first, level + 1);
      out_ += table.named() ? '{' : '[';
      for (std::size_t column = 0; column < table.column_count(); ++column) {
        if (column > 0) out_ += indent_ == 0 ? "," : ", ";
        if (table.named()) {
          text(table.column_name(column));
          out_ += indent_ == 0 ? ":" : ": ";
        }
        scalar(table.cell(row, column));
      }
      out_ += table.named() ? '}' : ']';
    }
    close(']', first, level);
  }

  template <typename AnyValue>
  void scalar(const AnyValue& value) {
    if (const auto string = value.as_string()) {
      text(*string);
    } else if (const auto truth = value.as_bool()) {
      out_ += *truth ? "true" : "false";
    } else if (const auto integer = value.as_int()) {
      out_ += std::to_string(*integer);
    } else if (const auto real = value.as_float()) {
      is_refused_ = is_refused_ || !std::isfinite(*real);
      out_ += nlohmann::json(*real).dump();
    } else {
      out_ += "null";
    }
  }

  void text(std::string_view characters) {
    try {
      out_ += nlohmann::json(characters).dump();
    } catch (const nlohmann::json::exception&) {
      is_refused_ = true;
    }
  }

  void separate(bool& first, std::size_t level) {
    if (!std::exchange(first, false)) out_ += ',';
    new_line(level);
  }

  void close(char bracket, bool is_empty, std::size_t level) {
    if (!is_empty) new_line(level);
    out_ += bracket;
  }

  void new_line(std::size_t level) {
    if (indent_ == 0) return;
    out_ += '\n';
    out_.append(level * indent_, ' ');
  }

  std::size_t indent_;
  std::string out_{};
  bool is_refused_ = false;
};

template <typename AnyValue>
Result<std::string> print(const AnyValue& value, const JsonOptions& options) try {
  JsonPrinter printer(options.indent);
  printer.value(value, 0);
  return std::move(printer).finish();
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a JSON text");
}

}  // namespace

Result<std::string> to_json(const Value& value, const JsonOptions& options) {
  return print(value, options);
}

Result<std::string> to_json(const OwnedValue& value, const JsonOptions& options) {
  return print(value, options);
}

}  // namespace smf::sdn
