#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "runtime/sdn/diagnostic.h"
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

// The text as the library reads it, which tells how far it has come: its events do not.
class Characters {
 public:
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  using iterator_category = std::input_iterator_tag;

  Characters(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  const char& operator*() const { return *at_; }
  Characters& operator++() {
    *furthest_ = at_++;
    return *this;
  }
  Characters operator++(int) {
    const Characters before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Characters& a, const Characters& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

// What the library's reader tells as it goes; a false stops it.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, std::uint32_t max_depth)
      : text_(text), furthest_(text.data()), max_depth_(max_depth) {}
  Characters begin() { return {text_.data(), &furthest_}; }
  Characters end() { return {text_.data() + text_.size(), &furthest_}; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > INT64_MAX)
      return refuse(ErrorKind::kBadNumber,
                    fmt::format("the integer {} does not fit 64 bits with a sign", value));
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string& text) override {
    // An integer that is too large for the library comes as a float.
    if (text.find_first_of(".eE") == std::string::npos)
      return refuse(ErrorKind::kBadNumber,
                    fmt::format("the integer {} does not fit 64 bits with a sign", text));
    return add(value);
  }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t&) override { return false; }  // not in JSON texts

  bool start_object(std::size_t) override { return open(true); }
  bool key(std::string& name) override {
    Open& object = open_.back();
    if (!object.names.insert(name).second)
      return refuse(ErrorKind::kDuplicateKey, fmt::format("the key '{}' is there already", name));
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
    furthest_ = text_.data() + (position > 0 ? std::min(position - 1, text_.size()) : 0);
    return refuse(ErrorKind::kSyntax, colon == std::string::npos
                                          ? fmt::format("no JSON near '{}'", token)
                                          : what.substr(colon));
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
      return refuse(ErrorKind::kLimit, fmt::format("nested deeper than {}", max_depth_));
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

  // At the last byte that was read.
  bool refuse(ErrorKind kind, std::string message) {
    const auto offset = static_cast<std::uint64_t>(furthest_ - text_.data());
    mistake_ = diagnose(text_, offset, kind, std::move(message)).to_error();
    return false;
  }

  std::string_view text_;
  const char* furthest_;

  std::uint32_t max_depth_;
  std::vector<Open> open_{};
  OwnedValue result_{};
  std::optional<Error> mistake_{};
};

}  // namespace

Result<OwnedValue> from_json(std::string_view text, std::uint32_t max_depth) try {
  Builder builder(text, max_depth);
  if (nlohmann::json::sax_parse(builder.begin(), builder.end(), &builder))
    return std::move(builder.result());
  SMF_CHECK(builder.mistake().has_value());
  return std::unexpected(*std::move(builder.mistake()));
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for the values of a JSON text");
}

}  // namespace smf::sdn
