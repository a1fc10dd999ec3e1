// JSON as a tree, and where in the text it is wrong.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "runtime/base/error.h"

namespace smf::mir {

// Members stay in their order.
using Json = nlohmann::ordered_json;

// Line and column of a byte, both from 1: "3:17".
std::string position(std::string_view text, std::size_t byte);

// kInvalidInput for what is no JSON and for a member that is there twice, kLimit where it is nested
// deeper than 500: the library's parser recurses, and so does whoever walks the tree. Both say
// LINE:COLUMN.
Result<Json> parse_json(std::string_view text);

}  // namespace smf::mir
