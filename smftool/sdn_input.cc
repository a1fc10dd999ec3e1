#include "smftool/sdn_input.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/os/input_file.h"
#include "runtime/os/output_file.h"
#include "smftool/messages.h"
#include "smftool/printable.h"

namespace smf::tool {

Result<std::string> read_sdn_text(const std::string& path) {
  SMF_ASSIGN(const os::FileBytes bytes, os::FileBytes::load(path, sdn::Limits::kTextCeiling));
  return std::string(as_text(bytes.bytes()));
}

void ModeFlags::add_to(Command& command) {
  command.flag("--lenient", lenient, "Also read lists of YAML, sections of TOML and the like");
  command.flag("--upstream", upstream, "Read as the first implementation of SDN does");
}

Result<sdn::Mode> ModeFlags::mode() const {
  if (lenient && upstream) return wrong_usage("--lenient cannot be used with --upstream");
  if (lenient) return sdn::Mode::kLenient;
  return upstream ? sdn::Mode::kUpstream : sdn::Mode::kStrict;
}

namespace {

std::string shown(const std::string& path) {
  return path == "-" ? "standard input" : printable(path);
}

void print_warnings(const Context& context, const std::string& path,
                    const sdn::Document& document) {
  if (context.is_quiet) return;
  std::fflush(context.out);  // what was printed before comes before
  for (const sdn::Diagnostic& warning : document.warnings()) {
    fmt::print(context.err, "smftool: {}:{}:{}: warning: {}\n", shown(path), warning.position.line,
               warning.position.column, printable(warning.message));
  }
  const std::uint64_t more = document.warning_count() - document.warnings().size();
  if (more > 0) warn(context, path, fmt::format("there are {} more warnings", more));
}

}  // namespace

std::optional<sdn::Document> parse_sdn(const Context& context, const std::string& path,
                                       std::string text, sdn::Mode mode) {
  sdn::Diagnostic mistake;
  auto document = sdn::parse_owned(std::move(text), {.mode = mode}, &mistake);
  if (document) {
    print_warnings(context, path, *document);
    return std::move(*document);
  }
  std::fflush(context.out);
  fmt::print(context.err, "smftool: {}:", shown(path));
  if (mistake.message.empty()) {
    fmt::print(context.err, " {}\n", printable(document.error().message));
  } else {
    fmt::print(context.err, "{}", mistake.render());
  }
  return std::nullopt;
}

Result<std::optional<sdn::Document>> read_sdn(const Context& context, const std::string& path,
                                              sdn::Mode mode) {
  SMF_ASSIGN(std::string text, read_sdn_text(path));
  return parse_sdn(context, path, std::move(text), mode);
}

Result<void> write_text(const Context& context, const std::string& path, const std::string& text) {
  if (path == "-") {
    fmt::print(context.out, "{}", text);
    return {};
  }
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(path));
  SMF_TRY(out.append(as_bytes(text)));
  return out.commit();
}

}  // namespace smf::tool
