// Text out of files, made safe to print.
#pragma once

#include <string>
#include <string_view>

namespace smf::tool {

// `text` with everything that a terminal could take for a command written as \xNN or \u{NNNN}:
// control characters (C1 ones included), bytes that are no UTF-8, and characters that turn the
// direction of writing. Newlines too: what is printed stays on its line.
std::string printable(std::string_view text);

}  // namespace smf::tool
