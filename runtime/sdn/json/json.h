// SDN values as JSON, and JSON as SDN.
//
// A named table is an array of objects, a table of types an array of arrays; everything else is
// what it looks like. The way back makes a named table of an array whose elements are objects with
// the same keys in the same order and scalars as values, so that tidy SDN comes out, and so that
// to_json(from_json(text)) holds the same JSON values. Tables of types come back as arrays.
//
// Numbers keep their value exactly: ints as they are, floats as the shortest digits that read back
// to the same bits, always with a point or an exponent. The reading is nlohmann_json's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/owned.h"
#include "runtime/sdn/value.h"

namespace smf::sdn {

struct JsonOptions {
  // Blanks by which a level is indented; 0 puts all of it on one line. The rows of tables take a
  // line each.
  std::size_t indent = 2;
};

// Without a line end after it. Values that came from elsewhere than a document may not be JSON:
// kInvalidArgument for infinities, NaN and text that is not UTF-8. Thread-safe.
Result<std::string> to_json(const Value& value, const JsonOptions& options = {});
Result<std::string> to_json(const OwnedValue& value, const JsonOptions& options = {});

// RFC 8259. Errors: "LINE:COLUMN: message" with the byte's offset, kInvalidInput for what is no
// JSON, a key that an object has twice, and an integer that does not fit an int; kLimit above
// `max_depth`. Thread-safe.
Result<OwnedValue> from_json(std::string_view text, std::uint32_t max_depth = 50);

}  // namespace smf::sdn
