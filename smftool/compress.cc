// smftool compress and decompress: how the sections of a module are stored.

#include <memory>
#include <string>

#include "runtime/format/recompress.h"
#include "smftool/commands.h"
#include "smftool/limit_options.h"
#include "smftool/rewriting.h"

namespace smf::tool {
namespace {

struct CompressOptions {
  RewriteOptions files{};
  std::string compression = "zstd";
  Recompression wanted{};
};

Result<ExitStatus> run(const Context& context, CompressOptions options, const char* what) {
  SMF_ASSIGN(options.wanted.compression, parse_compression(options.compression));
  return rewrite(context, options.files, Target::kCurrent, what,
                 [&](const ModuleInput& input, ModuleSpec& spec) {
                   return recompress_sections(spec, input.view(), options.wanted);
                 });
}

}  // namespace

void add_compress(Command tool) {
  Command command = tool.command("compress", "Compress the sections of a module");
  const auto options = std::make_shared<CompressOptions>();
  add_rewrite_options(command, options->files);
  command.option("--compress", options->compression, "How (default zstd, at level 3)")
      .value("none|zstd[:LEVEL]|lz4[:LEVEL]");
  command.flag("--compress-code", options->wanted.code_too, "Code too");
  add_limit_options(command, options->wanted.limits);
  command.examples(
      "smftool compress app.smf -o app.smf\n"
      "smftool compress app.smf -o small.smf --compress zstd:19 --compress-code");
  command.runs([options](const Context& context) { return run(context, *options, "compressing"); });
}

void add_decompress(Command tool) {
  Command command = tool.command("decompress", "Store the sections of a module uncompressed");
  const auto options = std::make_shared<CompressOptions>();
  options->compression = "none";
  add_rewrite_options(command, options->files);
  add_limit_options(command, options->wanted.limits);
  command.examples("smftool decompress small.smf -o app.smf");
  command.runs(
      [options](const Context& context) { return run(context, *options, "decompressing"); });
}

}  // namespace smf::tool
