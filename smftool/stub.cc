// smftool add-stub and strip-stub: what stands in front of a module.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "runtime/os/output_file.h"
#include "smftool/commands.h"
#include "smftool/messages.h"
#include "smftool/rewriting.h"
#include "smftool/stub_choice.h"

namespace smf::tool {
namespace {

constexpr std::string_view kShebang = "#!/usr/bin/env simple\n";
constexpr std::uint64_t kCopyStep = 1u << 20;

struct StubOptions {
  RewriteOptions files{};
  std::string stub{};
  std::string stub_output{};
};

Result<void> save(const PayloadSource& source, const std::string& path) {
  SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(path, {.add_execute_bits = true}));
  ByteVector buffer;
  for (std::uint64_t at = 0; at < source.size(); at += buffer.size()) {
    buffer.resize(std::min(kCopyStep, source.size() - at));
    SMF_TRY(source.read(at, buffer));
    SMF_TRY(out.append(buffer));
  }
  return out.commit();
}

Result<ExitStatus> add_stub(const Context& context, const StubOptions& options) {
  return rewrite(context, options.files, Target::kCurrent, "adding the stub",
                 [&](const ModuleInput&, ModuleSpec& spec) -> Result<void> {
                   SMF_ASSIGN(spec.stub, choose_stub(options.stub));
                   return {};
                 });
}

Result<ExitStatus> strip_stub(const Context& context, const StubOptions& options) {
  return rewrite(context, options.files, Target::kCurrent, "stripping the stub",
                 [&](const ModuleInput&, ModuleSpec& spec) -> Result<void> {
                   if (!spec.stub) return fail(ErrorCode::kNotFound, "has no stub");
                   const Source stub = std::exchange(spec.stub, nullptr);
                   return options.stub_output.empty() ? Result<void>()
                                                      : save(*stub, options.stub_output);
                 });
}

}  // namespace

Result<Source> choose_stub(const std::string& text) {
  if (text == "shebang") return text_source(kShebang);
  return file_source(text);
}

void add_add_stub(Command tool) {
  Command command =
      tool.command("add-stub", "Put a program or an interpreter line in front of a module");
  const auto options = std::make_shared<StubOptions>();
  add_rewrite_options(command, options->files);
  command
      .option("--stub", options->stub,
              "A program, or shebang for the line #!/usr/bin/env simple; replaces a stub "
              "that is there")
      .required()
      .value("shebang|FILE");
  command.examples(
      "smftool add-stub app.smf -o app --stub shebang\n"
      "smftool add-stub app.smf -o app --stub launcher");
  command.runs([options](const Context& context) { return add_stub(context, *options); });
}

void add_strip_stub(Command tool) {
  Command command = tool.command("strip-stub", "Take away what stands in front of a module");
  const auto options = std::make_shared<StubOptions>();
  add_rewrite_options(command, options->files);
  command.option("--stub-out", options->stub_output, "Keep the stub in this file").value("FILE");
  command.examples(
      "smftool strip-stub app -o app.smf\n"
      "smftool strip-stub app -o app.smf --stub-out launcher");
  command.runs([options](const Context& context) { return strip_stub(context, *options); });
}

}  // namespace smf::tool
