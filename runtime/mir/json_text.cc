#include "runtime/mir/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace smf::mir {
namespace {

constexpr int kMaxDepth = 500;

Result<void> check_depth(std::string_view text) {
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
    }
  }
  return {};
}

}  // namespace

std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto column = before.size() - (before.rfind('\n') + 1) + 1;
  return fmt::format("{}:{}", line, column);
}

Result<Json> parse_json(std::string_view text) {
  SMF_TRY(check_depth(text));
  // The members of each object that is open.
  std::vector<std::set<std::string, std::less<>>> members;
  std::string twice;
  const auto watch = [&](int /*depth*/, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) members.emplace_back();
    if (event == Json::parse_event_t::object_end) members.pop_back();
    if (event == Json::parse_event_t::key && twice.empty()) {
      const auto& name = value.get_ref<const std::string&>();
      if (!members.back().insert(name).second) twice = name;
    }
    return true;
  };
  try {
    Json json = Json::parse(text, watch);
    if (!twice.empty())
      return fail(ErrorCode::kInvalidInput, fmt::format("a member \"{}\" is there twice", twice));
    return json;
  } catch (const Json::parse_error& error) {
    const std::size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    std::string reason = error.what();
    // The library's own account of the place is in front of this.
    if (const auto at = reason.find(": "); at != std::string::npos) reason.erase(0, at + 2);
    return fail_at(byte, fmt::format("{}: not JSON: {}", position(text, byte), reason));
  } catch (const Json::out_of_range&) {
    // The library does not say where.
    return fail(ErrorCode::kInvalidInput, "a number that no double holds, such as 1e999");
  }
}

}  // namespace smf::mir
