// smftool compress and decompress: how the sections of a module are stored.

#include <memory>
#include <string>

#include "runtime/format/recompress.h"
#include "smftool/commands.h"
#include "smftool/limit_options.h"
#include "smftool/rewriting.h"

namespace smf::tool {
namespace {

struct Options {
  RewriteOptions files{};
  std::string compression = "zstd";
  Recompression wanted{};
};

Result<ExitStatus> run(const Context& context, Options options, const char* what) {
  SMF_ASSIGN(options.wanted.compression, parse_compression(options.compression));
  return rewrite(context, options.files, Target::kCurrent, what,
                 [&](const ModuleInput& input, ModuleSpec& spec) {
                   return recompress_sections(spec, input.view(), options.wanted);
                 });
}

}  // namespace

void add_compress(CLI::App& app, Context& context) {
  CLI::App* const command = app.add_subcommand("compress", "Compress the sections of a module");
  const auto options = std::make_shared<Options>();
  add_rewrite_options(*command, options->files);
  command->add_option("--compress", options->compression, "How (default zstd, at level 3)")
      ->type_name("none|zstd[:LEVEL]|lz4[:LEVEL]");
  command->add_flag("--compress-code", options->wanted.code_too, "Code too");
  add_limit_options(*command, options->wanted.limits);
  command->footer(
      "smftool compress app.smf -o app.smf\n"
      "smftool compress app.smf -o small.smf --compress zstd:19 --compress-code");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options, "compressing"); };
  });
}

void add_decompress(CLI::App& app, Context& context) {
  CLI::App* const command =
      app.add_subcommand("decompress", "Store the sections of a module uncompressed");
  const auto options = std::make_shared<Options>();
  options->compression = "none";
  add_rewrite_options(*command, options->files);
  add_limit_options(*command, options->wanted.limits);
  command->footer("smftool decompress small.smf -o app.smf");
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options, "decompressing"); };
  });
}

}  // namespace smf::tool
