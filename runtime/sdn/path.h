// Paths such as `a.b.0` or `paths."x.y"`, for Value::get and OwnedValue.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"

namespace smf::sdn {

// The segments of a path, quotes and their escapes (\" and \\) removed; none for the empty path.
// kInvalidArgument for an empty segment, a quote that is not closed, or text after a closed one.
Result<std::vector<std::string>> split_path(std::string_view path);

// A segment of decimal digits as an index below `size`; nullopt for anything else.
std::optional<std::size_t> path_index(std::string_view segment, std::size_t size);

}  // namespace smf::sdn
