// How values are spelled, in JSON and in the text form.
#pragma once

#include <string>
#include <string_view>

namespace smf::mir {

// A JSON string (RFC 8259): what has to be escaped is, and nothing else.
std::string quote(std::string_view text);

// The shortest digits that read back to the same double, with a point or an exponent; "NaN",
// "Infinity", "-Infinity".
std::string spell_float(double value);

}  // namespace smf::mir
