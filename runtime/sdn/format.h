// A document's text made tidy, comments and all.
//
// Indentation becomes 4 spaces a level, line ends "\n", blanks at the end of lines go, of several
// blank lines one is left, and none at the start and the end; a comment on a line of its own is
// indented like the line below it. What stands inside a line stays as it is, and so do the lines
// inside brackets and strings. The values are the same before and after, by comparison. (write()
// spells everything anew and knows no comments.)
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/sdn/document.h"

namespace smf::sdn {

// The document is_strict(), else kInvalidArgument: write() makes strict SDN of any other. Linear.
// Thread-safe.
Result<std::string> format(const Document& document);

}  // namespace smf::sdn
