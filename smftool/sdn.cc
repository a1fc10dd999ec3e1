// smftool sdn: check, fmt, to-json, from-json, get, set; query is in sdn_query.cc.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/sdn/editor.h"
#include "runtime/sdn/format.h"
#include "runtime/sdn/json/json.h"
#include "runtime/sdn/writer.h"
#include "smftool/commands.h"
#include "smftool/messages.h"
#include "smftool/printable.h"
#include "smftool/sdn_input.h"
#include "smftool/sdn_value.h"

namespace smf::tool {
namespace {

constexpr const char* kFile = "An SDN document; - is standard input";

struct SdnOptions {
  std::vector<std::string> files{};
  std::string file{};
  std::string path{};
  std::string value{};
  std::string output{};
  ModeFlags mode{};
  bool lenient = false;  // of fmt, which has no other mode
  bool in_place = false;
  bool check = false;
  bool compact = false;
  bool json = false;
  bool text = false;
};

Result<ExitStatus> check(const Context& context, const SdnOptions& options) {
  SMF_ASSIGN(const sdn::Mode mode, options.mode.mode());
  ExitStatus status = ExitStatus::kDone;
  for (const std::string& path : options.files) {
    auto document = read_sdn(context, path, mode);
    if (!document) {
      report(context, std::move(document).error().at_path(path));
      status = ExitStatus::kSystem;
    } else if (!*document) {
      if (status == ExitStatus::kDone) status = ExitStatus::kFinding;
    } else if (!context.is_quiet) {
      fmt::print(context.out, "OK: {}\n", path == "-" ? "standard input" : printable(path));
    }
  }
  return status;
}

// What only lenient mode reads is written anew. That its strict reading is the same value is what
// write() promises; here it is seen to, for the text may replace the original.
Result<std::string> converted(const sdn::Document& document) {
  SMF_ASSIGN(std::string text, sdn::write(document.root()));
  SMF_ASSIGN(const sdn::Document again, sdn::parse(text));
  SMF_CHECK(again.root() == document.root());
  return text;
}

Result<ExitStatus> format_one(const Context& context, const SdnOptions& options,
                              const std::string& path) {
  const sdn::Mode mode = options.lenient ? sdn::Mode::kLenient : sdn::Mode::kStrict;
  SMF_ASSIGN(const auto document, read_sdn(context, path, mode));
  if (!document) return ExitStatus::kFinding;
  if (!document->is_strict()) warn(context, path, "written anew, without its comments");
  SMF_ASSIGN(const std::string text,
             document->is_strict() ? sdn::format(*document) : converted(*document));
  const bool is_tidy = text == document->text();
  if (options.check) {
    if (!is_tidy) fmt::print(context.out, "{}\n", printable(path));
    return is_tidy ? ExitStatus::kDone : ExitStatus::kFinding;
  }
  if (options.in_place && is_tidy) return ExitStatus::kDone;
  SMF_TRY(write_text(context, options.in_place ? path : "-", text));
  return ExitStatus::kDone;
}

Result<ExitStatus> format_all(const Context& context, const SdnOptions& options) {
  if (options.check && options.in_place)
    return wrong_usage("--check cannot be used with --in-place");
  if (options.lenient && (options.in_place || options.check))
    return wrong_usage("--lenient cannot be used with --in-place or --check");
  ExitStatus status = ExitStatus::kDone;
  for (const std::string& path : options.files) {
    if (options.in_place && path == "-")
      return wrong_usage("--in-place needs a file, not standard input");
    auto done = format_one(context, options, path);
    if (!done) return std::unexpected(std::move(done).error().at_path(path));
    if (*done != ExitStatus::kDone) status = *done;
  }
  return status;
}

Result<ExitStatus> to_json(const Context& context, const SdnOptions& options) {
  SMF_ASSIGN(const sdn::Mode mode, options.mode.mode());
  SMF_ASSIGN(const auto document, read_sdn(context, options.file, mode));
  if (!document) return ExitStatus::kFinding;
  SMF_ASSIGN(const std::string text,
             sdn::to_json(document->root(), {.indent = options.compact ? 0u : 2u}));
  SMF_TRY(write_text(context, options.output, text + "\n"));
  return ExitStatus::kDone;
}

Result<ExitStatus> from_json(const Context& context, const SdnOptions& options) {
  SMF_ASSIGN(const std::string text, read_sdn_text(options.file));
  auto value = sdn::from_json(text);
  if (!value) return std::unexpected(std::move(value).error().at_path(options.file));
  if (value->as_dict() == nullptr) {
    return std::unexpected(
        fail(ErrorCode::kInvalidInput, "an SDN document is a dict: expected an object at the top")
            .error()
            .at_path(options.file));
  }
  auto written = sdn::write(*value);
  if (!written)
    return std::unexpected(blame_input(std::move(written).error()).at_path(options.file));
  SMF_TRY(write_text(context, options.output, *written));
  return ExitStatus::kDone;
}

Result<ExitStatus> get(const Context& context, const SdnOptions& options) {
  SMF_ASSIGN(const sdn::Mode mode, options.mode.mode());
  SMF_ASSIGN(const auto document, read_sdn(context, options.file, mode));
  if (!document) return ExitStatus::kFinding;
  auto value = document->get(options.path);
  if (!value) return std::unexpected(std::move(value).error().at_path(options.file));
  SMF_ASSIGN(const std::string text,
             options.json ? sdn::to_json(*value) : value_text(sdn::OwnedValue(*value)));
  fmt::print(context.out, "{}\n", text);
  return ExitStatus::kDone;
}

Result<ExitStatus> set(const Context& context, const SdnOptions& options) {
  SMF_ASSIGN(const sdn::OwnedValue value,
             options.text ? Result<sdn::OwnedValue>(std::string_view(options.value))
                          : parse_value(options.value));
  SMF_ASSIGN(std::string text, read_sdn_text(options.file));
  const auto document = parse_sdn(context, options.file, text);
  if (!document) return ExitStatus::kFinding;
  SMF_ASSIGN(sdn::Editor editor, sdn::Editor::open(std::move(text)));
  if (auto done = editor.set(options.path, value); !done)
    return std::unexpected(blame_input(std::move(done).error()).at_path(options.file));
  const std::string& output = options.output.empty() ? options.file : options.output;
  SMF_TRY(write_text(context, output, std::string(editor.text())));
  return ExitStatus::kDone;
}

void add_files(Command& sdn, const std::shared_ptr<SdnOptions>& options) {
  Command checking = sdn.command("check", "Check that documents can be read");
  checking.arguments("FILE", options->files, "SDN documents; - is standard input");
  options->mode.add_to(checking);
  checking.examples("smftool sdn check note.sdn && echo fine");
  checking.runs([options](const Context& context) { return check(context, *options); });

  Command formatting = sdn.command("fmt", "Make a document tidy, comments and values unchanged");
  formatting.arguments("FILE", options->files, "SDN documents; - is standard input");
  formatting.flag("-i,--in-place", options->in_place, "Change the files");
  formatting.flag("--check", options->check, "List files that are not tidy; status 1 if any");
  formatting.flag("--lenient", options->lenient,
                  "Make strict SDN of lists of YAML, sections of TOML and the like");
  formatting.examples(
      "smftool sdn fmt -i *.sdn\nsmftool sdn fmt --check *.sdn\n"
      "smftool sdn fmt --lenient old.sdn > new.sdn");
  formatting.runs([options](const Context& context) { return format_all(context, *options); });
}

void add_json(Command& sdn, const std::shared_ptr<SdnOptions>& options) {
  Command to = sdn.command("to-json", "Print a document as JSON");
  to.argument("FILE", options->file, kFile);
  to.option("-o,--output", options->output, "Where to (default: standard output)").value("OUT");
  to.flag("--compact", options->compact, "On one line");
  options->mode.add_to(to);
  to.examples("smftool sdn to-json note.sdn | jq '.possible[].mangled_name'");
  to.runs([options](const Context& context) {
    if (options->output.empty()) options->output = "-";
    return to_json(context, *options);
  });

  Command from = sdn.command("from-json", "Print JSON as a document");
  from.argument("FILE", options->file, "A JSON text; - is standard input");
  from.option("-o,--output", options->output, "Where to (default: standard output)").value("OUT");
  from.examples("smftool sdn from-json data.json -o data.sdn");
  from.runs([options](const Context& context) {
    if (options->output.empty()) options->output = "-";
    return from_json(context, *options);
  });
}

void add_values(Command& sdn, const std::shared_ptr<SdnOptions>& options) {
  Command getting = sdn.command("get", "Print one value of a document");
  getting.argument("FILE", options->file, kFile);
  getting.argument("PATH", options->path, "Keys, indices and columns joined by dots: users.0.name");
  getting.flag("--json", options->json, "As JSON");
  options->mode.add_to(getting);
  getting.examples("smftool sdn get build.sdn build.target\nsmftool sdn get a.sdn 'paths.\"a.b\"'");
  getting.runs([options](const Context& context) { return get(context, *options); });

  Command setting = sdn.command("set", "Change one value of a document and no other byte");
  setting.argument("FILE", options->file, kFile);
  setting.argument("PATH", options->path, "Where; the last key may be new");
  setting.argument("VALUE", options->value, "As it would stand after 'key:'");
  setting.flag("--text", options->text, "VALUE is text, whatever it looks like");
  setting.option("-o,--output", options->output, "Where to (default: the file itself)")
      .value("OUT");
  setting.examples(
      "smftool sdn set build.sdn build.target aarch64\n"
      "smftool sdn set build.sdn build.flags '[fast, \"a, b\"]' -o new.sdn");
  setting.runs([options](const Context& context) { return set(context, *options); });
}

}  // namespace

void add_sdn(Command tool) {
  Command sdn = tool.command("sdn", "Work with documents in SDN, the notation of note.sdn");
  const auto options = std::make_shared<SdnOptions>();
  add_files(sdn, options);
  add_json(sdn, options);
  add_values(sdn, options);
  add_sdn_query(sdn);
}

}  // namespace smf::tool
