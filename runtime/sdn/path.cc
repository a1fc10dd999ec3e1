#include "runtime/sdn/path.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace smf::sdn {
namespace {

// Takes a quoted segment off the front of `rest`; false if it is not closed.
bool take_quoted(std::string_view& rest, std::string& segment) {
  std::size_t at = 1;
  for (; at < rest.size() && rest[at] != '"'; ++at) {
    const bool escape =
        rest[at] == '\\' && at + 1 < rest.size() && (rest[at + 1] == '"' || rest[at + 1] == '\\');
    if (escape) ++at;
    segment += rest[at];
  }
  if (at == rest.size()) return false;
  rest.remove_prefix(at + 1);
  return true;
}

}  // namespace

Result<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> segments;
  std::string_view rest = path;
  bool more = !path.empty();
  while (more) {
    std::string segment;
    if (rest.starts_with('"')) {
      if (!take_quoted(rest, segment)) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("path '{}': a quote is not closed", path));
      }
    } else {
      const std::size_t dot = std::min(rest.find('.'), rest.size());
      if (dot == 0) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("path '{}': expected a key or an index, found nothing", path));
      }
      segment = rest.substr(0, dot);
      rest.remove_prefix(dot);
    }
    segments.push_back(std::move(segment));
    more = !rest.empty();
    if (more && rest[0] != '.') {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("path '{}': expected '.' after a closing quote", path));
    }
    if (more) rest.remove_prefix(1);
  }
  return segments;
}

std::optional<std::size_t> path_index(std::string_view segment, std::size_t size) {
  std::size_t index = 0;
  const char* const end = segment.data() + segment.size();
  const auto [last, error] = std::from_chars(segment.data(), end, index);
  if (error != std::errc{} || last != end || index >= size) return std::nullopt;
  return index;
}

}  // namespace smf::sdn
