#include "runtime/mir/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace smf::mir {
namespace {

constexpr int kMaxDepth = 500;

// The library would make a float of an integer that is larger than 64 bits.
bool is_too_large(std::string_view number) {
  if (number.find_first_of(".eE") != number.npos) return false;
  std::int64_t negative = 0;
  std::uint64_t positive = 0;
  const char* const begin = number.data();
  const char* const end = begin + number.size();
  const std::errc error = number.starts_with('-') ? std::from_chars(begin, end, negative).ec
                                                  : std::from_chars(begin, end, positive).ec;
  return error == std::errc::result_out_of_range;
}

// What has to be known before the library sees the text. Its syntax is not checked here.
Result<void> check_text(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth)
        return fail_at(i, fmt::format("{}: nested deeper than {}", position(text, i), kMaxDepth),
                       ErrorCode::kLimit);
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const std::string_view rest = text.substr(i);
      const std::string_view number = rest.substr(0, rest.find_first_not_of("+-.eE0123456789"));
      if (is_too_large(number))
        return fail_at(i, fmt::format("{}: an integer of more than 64 bits", position(text, i)));
      i += number.size() - 1;
    }
  }
  return {};
}

// Tells how far the library has read when it calls back.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  std::size_t* read;

  reference operator*() const { return *at; }
  Cursor& operator++() {
    ++at;
    ++*read;
    return *this;
  }
  bool operator==(const Cursor& other) const { return at == other.at; }
};

std::unexpected<Error> not_json(std::string_view text, std::size_t byte,
                                const Json::exception& error) {
  std::string reason = error.what();
  // The library's own account of the place is in front of this.
  for (const std::string_view end : {"] ", ": "})
    if (const auto at = reason.find(end); at != std::string::npos) reason.erase(0, at + end.size());
  return fail_at(byte, fmt::format("{}: not JSON: {}", position(text, byte), reason));
}

}  // namespace

std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto column = before.size() - (before.rfind('\n') + 1) + 1;
  return fmt::format("{}:{}", line, column);
}

Result<Json> parse_json(std::string_view text) {
  SMF_TRY(check_text(text));
  // The members of each object that is open.
  std::vector<std::set<std::string, std::less<>>> members;
  std::string twice;
  std::size_t read = 0;
  std::size_t twice_at = 0;
  const auto watch = [&](int /*depth*/, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) members.emplace_back();
    if (event == Json::parse_event_t::object_end) members.pop_back();
    if (event == Json::parse_event_t::key && twice.empty()) {
      const auto& name = value.get_ref<const std::string&>();
      if (!members.back().insert(name).second) {
        twice = name;
        twice_at = read - 1;
      }
    }
    return true;
  };
  try {
    Json json =
        Json::parse(Cursor{text.data(), &read}, Cursor{text.data() + text.size(), nullptr}, watch);
    if (!twice.empty())
      return fail_at(twice_at, fmt::format("{}: a member \"{}\" is there twice",
                                           position(text, twice_at), twice));
    return json;
  } catch (const Json::parse_error& error) {
    return not_json(text, error.byte > 0 ? error.byte - 1 : 0, error);
  } catch (const Json::out_of_range& error) {  // of a float
    return not_json(text, read > 0 ? read - 1 : 0, error);
  }
}

}  // namespace smf::mir
