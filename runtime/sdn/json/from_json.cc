#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/sdn/json/json.h"

namespace smf::sdn {
namespace {

// The columns that all elements share, if they are to be a table.
std::optional<std::vector<std::string>> columns_of(const OwnedValue::Elements& elements) {
  std::vector<std::string> columns;
  for (const OwnedValue& element : elements) {
    const OwnedValue::Entries* const entries = element.as_dict();
    if (entries == nullptr || entries->empty()) return std::nullopt;
    if (columns.empty())
      for (const auto& [key, value] : *entries) columns.push_back(key);
    const bool same =
        std::ranges::equal(*entries, columns, {}, [](const auto& e) { return e.first; });
    const bool flat = std::ranges::all_of(
        *entries, [](const auto& entry) { return entry.second.kind() < Kind::kArray; });
    if (!same || !flat) return std::nullopt;
  }
  if (columns.empty()) return std::nullopt;
  return columns;
}

OwnedValue array_or_table(OwnedValue::Elements elements) {
  auto columns = columns_of(elements);
  if (!columns) return OwnedValue::array(std::move(elements));
  OwnedTable table(*std::move(columns));
  for (const OwnedValue& element : elements) {
    std::vector<OwnedValue> cells;
    for (const auto& [key, value] : *element.as_dict()) cells.push_back(value);
    table.add_row(std::move(cells));
  }
  return table;
}

// What the library's reader tells as it goes; a false stops it.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(std::uint32_t max_depth) : max_depth_(max_depth) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > INT64_MAX)
      return refuse(ErrorCode::kInvalidInput,
                    fmt::format("the integer {} does not fit 64 bits with a sign", value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string& text) override {
    // An integer that is too large for the library comes as a float.
    if (text.find_first_of(".eE") == std::string::npos)
      return refuse(ErrorCode::kInvalidInput,
                    fmt::format("the integer {} does not fit 64 bits with a sign", text));
    return add(value);
  }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) override { return false; }  // not in JSON texts

  bool start_object(std::size_t) override { return open(true); }
  bool key(std::string& name) override {
    Open& object = open_.back();
    if (!object.names.insert(name).second)
      return refuse(ErrorCode::kInvalidInput, fmt::format("the key '{}' is there already", name));
    object.keys.push_back(std::move(name));
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception& error) override {
    const std::string what = error.what();
    const std::size_t colon = what.find("syntax error");
    mistake_ = fail_at(position > 0 ? position - 1 : 0,
                       colon == std::string::npos ? fmt::format("no JSON near '{}'", token)
                                                  : what.substr(colon))
                   .error();
    return false;
  }

  std::optional<Error>& mistake() { return mistake_; }
  OwnedValue& result() { return result_; }

 private:
  struct Open {
    bool is_object = false;
    std::vector<std::string> keys{};
    std::unordered_set<std::string> names{};
    OwnedValue::Elements values{};
  };

  bool open(bool is_object) {
    if (open_.size() >= max_depth_)
      return refuse(ErrorCode::kLimit, fmt::format("nested deeper than {}", max_depth_));
    open_.push_back({.is_object = is_object});
    return true;
  }

  bool close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (!closed.is_object) return add(array_or_table(std::move(closed.values)));
    return add(OwnedValue::dict_of(std::move(closed.keys), std::move(closed.values)));
  }

  bool add(OwnedValue value) {
    if (open_.empty()) {
      result_ = std::move(value);
    } else {
      open_.back().values.push_back(std::move(value));
    }
    return true;
  }

  bool refuse(ErrorCode code, std::string message) {
    mistake_ = Error{.code = code, .message = std::move(message)};
    return false;
  }

  std::uint32_t max_depth_;
  std::vector<Open> open_{};
  OwnedValue result_{};
  std::optional<Error> mistake_{};
};

}  // namespace

Result<OwnedValue> from_json(std::string_view text, std::uint32_t max_depth) try {
  Builder builder(max_depth);
  if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder))
    return std::move(builder.result());
  SMF_CHECK(builder.mistake().has_value());
  return std::unexpected(*std::move(builder.mistake()));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the values of a JSON text");
}

}  // namespace smf::sdn
