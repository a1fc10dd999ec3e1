// An SDN document that a command reads.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/error.h"
#include "runtime/sdn/document.h"
#include "smftool/context.h"

namespace smf::tool {

// The text of a file; "-" is standard input.
Result<std::string> read_sdn_text(const std::string& path);

// Parses the text of `path`. A mistake in it is printed on standard error, "smftool: FILE:LINE:
// COLUMN: MESSAGE" with the line and a caret below, and nullopt returned: the status is kFinding.
std::optional<sdn::Document> parse_sdn(const Context& context, const std::string& path,
                                       std::string text);

// Both.
Result<std::optional<sdn::Document>> read_sdn(const Context& context, const std::string& path);

// Writes text to standard output ("-") or, complete or not at all, to a file.
Result<void> write_text(const Context& context, const std::string& path, const std::string& text);

}  // namespace smf::tool
