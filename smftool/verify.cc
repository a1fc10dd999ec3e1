// smftool verify: every check there is, a line a finding.

#include "runtime/format/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/check_templates.h"
#include "runtime/note/verify_note.h"
#include "runtime/persisted/verify_persisted.h"
#include "smftool/commands.h"
#include "smftool/counted.h"
#include "smftool/json_output.h"
#include "smftool/limit_options.h"
#include "smftool/messages.h"
#include "smftool/module_input.h"
#include "smftool/printable.h"
#include "smftool/progress.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

struct VerifyArguments {
  std::vector<std::string> files{};
  VerifyOptions verify{};
  bool json = false;
};

Style style_of(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return Style::kRed;
    case Severity::kWarning:
      return Style::kYellow;
    case Severity::kNote:
      return Style::kFaint;
  }
  return Style::kPlain;
}

// Findings are the result that was asked for: they go to standard output.
void print_report(const Context& context, const std::string& path, const VerifyReport& report) {
  const bool coloured = is_coloured(context, context.out);
  const std::string name = path == "-" ? "standard input" : printable(path);
  for (const Finding& finding : report.findings) {
    if (context.is_quiet && finding.severity != Severity::kError) continue;
    fmt::print(context.out, "{}: offset 0x{:x}: {}: {}\n", name, finding.offset,
               styled(severity_name(finding.severity), style_of(finding.severity), coloured),
               printable(finding.message));
  }
  const std::uint64_t all = report.errors + report.warnings + report.notes;
  if (all > report.findings.size())
    fmt::print(context.out, "{}: {}\n", name,
               counted(all - report.findings.size(), "more finding"));
  if (context.is_quiet) return;
  fmt::print(
      context.out, "{}: {}; {}, {}\n", name,
      report.ok() ? styled("ok", Style::kGreen, coloured) : styled("not ok", Style::kRed, coloured),
      counted(report.errors, "error"), counted(report.warnings, "warning"));
}

void write_report(JsonOutput& json, const std::string& path, const VerifyReport& report) {
  json.begin_object();
  json.field("path", path);
  json.field("ok", report.ok());
  json.field("errors", report.errors);
  json.field("warnings", report.warnings);
  json.field("notes", report.notes);
  json.begin_array("findings");
  for (const Finding& finding : report.findings) {
    json.element({{"severity", severity_name(finding.severity)},
                  {"offset", finding.offset},
                  {"message", finding.message}});
  }
  json.end();
  json.end();
}

// A file that cannot even be opened as a module has that one finding.
VerifyReport report_of(const Error& error) {
  VerifyReport report;
  report.findings.push_back(
      {.severity = Severity::kError, .offset = error.offset.value_or(0), .message = error.message});
  report.errors = 1;
  return report;
}

Result<VerifyReport> verify_file(const Context& context, const std::string& path,
                                 VerifyOptions options) {
  auto input = ModuleInput::open(path);
  if (!input) {
    if (status_of(input.error()) == ExitStatus::kSystem)
      return std::unexpected(std::move(input).error());
    return report_of(input.error());
  }
  Progress progress(context, "verifying");
  options.progress = progress.callback();
  SMF_ASSIGN(VerifyReport report, verify_module(input->view(), options));
  SMF_TRY(verify_note(input->view(), options, report));
  SMF_TRY(verify_persisted(input->view(), options, report));
  SMF_TRY(mir::verify_templates(input->view(), options, report));
  return report;
}

Result<ExitStatus> run(const Context& context, const VerifyArguments& options) {
  ExitStatus status = ExitStatus::kDone;
  std::unique_ptr<JsonOutput> json;
  if (options.json) {
    json = std::make_unique<JsonOutput>(context.out, "smf.verify/1");
    json->begin_array("files");
  }
  for (const std::string& path : options.files) {
    auto found = verify_file(context, path, options.verify);
    if (!found) {
      if (json) json->element({{"path", path}, {"error", found.error().describe()}});
      report(context, std::move(found).error().at_path(path));
      status = ExitStatus::kSystem;
      continue;
    }
    if (json) {
      write_report(*json, path, *found);
    } else {
      print_report(context, path, *found);
    }
    if (!found->ok()) status = std::max(status, ExitStatus::kFinding);
  }
  return status;
}

}  // namespace

void add_verify(Command tool) {
  Command command = tool.command("verify", "Check everything about a module");
  const auto options = std::make_shared<VerifyArguments>();
  command.arguments("FILE", options->files, "Modules of any dialect; - is standard input");
  command.flag("--json", options->json, "One JSON document, schema smf.verify/1");
  add_limit_options(command, options->verify.limits);
  command.examples(
      "smftool verify app.smf\n"
      "smftool verify --quiet *.smf || echo 'something is wrong'");
  command.runs([options](const Context& context) { return run(context, *options); });
}

}  // namespace smf::tool
