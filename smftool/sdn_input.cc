#include "smftool/sdn_input.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/os/input_file.h"
#include "runtime/os/output_file.h"
#include "smftool/printable.h"

namespace smf::tool {

Result<std::string> read_sdn_text(const std::string& path) {
  SMF_ASSIGN(const os::FileBytes bytes, os::FileBytes::load(path, sdn::Limits::kTextCeiling));
  return std::string(as_text(bytes.bytes()));
}

std::optional<sdn::Document> parse_sdn(const Context& context, const std::string& path,
                                       std::string text) {
  sdn::Diagnostic mistake;
  auto document = sdn::parse_owned(std::move(text), {}, &mistake);
  if (document) return std::move(*document);
  fmt::print(context.err, "smftool: {}:", path == "-" ? "standard input" : printable(path));
  if (mistake.message.empty()) {
    fmt::print(context.err, " {}\n", printable(document.error().message));
  } else {
    fmt::print(context.err, "{}", mistake.render());
  }
  return std::nullopt;
}

Result<std::optional<sdn::Document>> read_sdn(const Context& context, const std::string& path) {
  SMF_ASSIGN(std::string text, read_sdn_text(path));
  return parse_sdn(context, path, std::move(text));
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
