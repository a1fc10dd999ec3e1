// An SDN document that a command reads.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/error.h"
#include "runtime/sdn/document.h"
#include "smftool/command.h"
#include "smftool/context.h"

namespace smf::tool {

// The text of a file; "-" is standard input.
Result<std::string> read_sdn_text(const std::string& path);

// The flags --lenient and --upstream.
struct ModeFlags {
  bool lenient = false;
  bool upstream = false;

  void add_to(Command& command);
  // Wrong usage if both are given.
  Result<sdn::Mode> mode() const;
};

// Parses the text of `path`. A mistake in it is printed on standard error, "smftool: FILE:LINE:
// COLUMN: MESSAGE" with the line and a caret below, and nullopt returned: the status is kFinding.
// Warnings are printed in the same form, unless --quiet.
std::optional<sdn::Document> parse_sdn(const Context& context, const std::string& path,
                                       std::string text, sdn::Mode mode = sdn::Mode::kStrict);

// Both.
Result<std::optional<sdn::Document>> read_sdn(const Context& context, const std::string& path,
                                              sdn::Mode mode = sdn::Mode::kStrict);

// Writes text to standard output ("-") or, complete or not at all, to a file.
Result<void> write_text(const Context& context, const std::string& path, const std::string& text);

}  // namespace smf::tool
