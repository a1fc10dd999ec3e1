#include "runtime/format/verify.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "runtime/format/verifier.h"

namespace smf {

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "?";
}

void VerifyReport::add(Finding finding, std::size_t max_kept) {
  ++(finding.severity == Severity::kError     ? errors
     : finding.severity == Severity::kWarning ? warnings
                                              : notes);
  if (findings.size() < max_kept) findings.push_back(std::move(finding));
}

void Verifier::report(Severity severity, std::uint64_t offset, std::string message) {
  report_.add({severity, offset, std::move(message)}, options_.max_findings);
}

void Verifier::report(const Error& error, std::uint64_t base, std::string_view subject) {
  report(Severity::kError, base + error.offset.value_or(0),
         subject.empty() ? error.message : fmt::format("{}: {}", subject, error.message));
}

VerifyReport Verifier::run() && {
  check_sections();
  check_payloads();
  check_hashes();
  check_symbols();
  check_symbol_index();
  check_relocations();
  check_templates();
  check_note();
  return std::move(report_);
}

Result<VerifyReport> verify_module(const SmfView& view, const VerifyOptions& options) try {
  return Verifier(view, options).run();
} catch (const std::bad_alloc&) {
  return fail(ErrorCode::kOutOfMemory, "not enough memory to verify the module");
}

}  // namespace smf
