// Another program as a filter: bytes in, bytes out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"

namespace smf::os {

struct FilterResult {
  int exit_status = 0;  // 128 and the signal's number where a signal ended it
  std::string output{};
  std::string errors{};  // what it printed on standard error
};

// Runs `command`, its first word looked up in PATH, with `input` as its standard input, and waits
// for it. No shell. Input and output are kept in memory files, so neither can block the other.
// kSystem where there is no such program (system_errno ENOENT) or no memory file. Thread-safe.
Result<FilterResult> run_filter(const std::vector<std::string>& command, std::string_view input);

}  // namespace smf::os
