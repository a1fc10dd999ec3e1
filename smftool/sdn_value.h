// One SDN value, as people type it and as it is printed for them.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/sdn/owned.h"

namespace smf::tool {

// `text` as it would stand after `key:` on one line; kInvalidArgument if it is no value there.
Result<sdn::OwnedValue> parse_value(const std::string& text);

// A scalar's bare text; a dict as a document; other containers on one line.
Result<std::string> value_text(const sdn::OwnedValue& value);

}  // namespace smf::tool
