// Which JSON belongs to another back end.
#pragma once

#include "runtime/mir/json_text.h"

namespace smf::mir {

// Whether read_json keeps it as Op::kForeign, rather than to understand or to refuse it: a string
// or an object with one member, and none of ours. An operator of ours on two operands or on one is
// foreign where its "op" is.
bool is_foreign_instruction(const Json& json);

// The same as End::kForeign.
bool is_foreign_terminator(const Json& json);

}  // namespace smf::mir
