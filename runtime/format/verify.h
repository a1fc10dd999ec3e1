// Every check there is on a module, whatever it costs.
//
// What open() and the accessors refuse one at a time, verify_module() collects: it goes on after a
// finding where that makes sense, reads every symbol, name and relocation, recomputes the hashes,
// decompresses everything within the limits, and parses the note. What the note's rows say is
// checked by verify_note() (runtime/note/verify_note.h), what the bodies of templates say by
// verify_templates() (runtime/mir/check_templates.h). A module without an error among the findings
// of the three is one that every part of this library accepts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/format/compression.h"
#include "runtime/format/view.h"

namespace smf {

enum class Severity : std::uint8_t {
  kError,    // the module is wrong
  kWarning,  // odd, but read the same way by everybody
  kNote,     // a fact, such as what could not be checked
};
std::string_view severity_name(Severity severity);

struct Finding {
  Severity severity = Severity::kError;
  std::uint64_t offset = 0;  // bytes from the start of the file
  std::string message;
};

struct VerifyOptions {
  DecompressionLimits limits{};
  std::size_t max_findings = 1000;  // more are counted, not kept
  // Called as bytes have been checked; for progress bars.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
};

struct VerifyReport {
  std::vector<Finding> findings;                      // in the order of the checks
  std::uint64_t errors = 0, warnings = 0, notes = 0;  // all, kept or not
  bool ok() const { return errors == 0; }
  // Counts a finding, and keeps it while there are fewer than `max_kept`.
  void add(Finding finding, std::size_t max_kept);
};

// Fails only where memory runs out: what is wrong with the module is in the report. Thread-safe.
Result<VerifyReport> verify_module(const SmfView& view, const VerifyOptions& options = {});

}  // namespace smf
