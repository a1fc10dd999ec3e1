// smftool tour: the sample module packed, inspected, verified and taken apart, step by step.

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/os/output_file.h"
#include "smftool/commands.h"
#include "smftool/messages.h"
#include "smftool/printable.h"
#include "smftool/sample_files.h"
#include "smftool/scratch_folder.h"
#include "smftool/table.h"

namespace smf::tool {
namespace {

struct Step {
  std::string_view explanation;
  std::vector<std::string> arguments;
};

std::vector<Step> steps() {
  return {
      {"Pack: the object's code, data and symbols, a template as the compiler prints it, the note\n"
       "that says which instantiations exist, and a file as data. The module starts at 'answer'.",
       {"pack", "-o", "sample.smf", "--object", "answer.a", "--template", "identity.json", "--note",
        "note.sdn", "--data", "greeting=greeting.txt", "--entry", "answer"}},
      {"Inspect: the header says where the tables are; every section has a type, flags and a "
       "place.\n"
       "'.smf.jit' is room for instantiations made later, '.smf.hash' finds damage.",
       {"inspect", "sample.smf"}},
      {"Symbols, relocations and templates. 'identity' is generic: <1> type parameter, no code "
       "yet.",
       {"inspect", "sample.smf", "--symbols", "--relocs", "--templates"}},
      {"Verify: every table, name, relocation and hash is checked, and the note is read.",
       {"verify", "sample.smf"}},
      {"Note: what exists and what can be made, here by template and arguments ('Float' is 'f64').",
       {"note", "find", "sample.smf", "identity", "Float"}},
      {"Extract: the content of one section, here to the terminal.",
       {"extract", "sample.smf", "greeting"}},
      {"Unpack: the module as a folder of files with a manifest, to look at or to change.",
       {"unpack", "sample.smf", "-o", "unpacked"}},
      {"Pack the folder again: the result is the same to the byte.",
       {"pack", "--manifest", "unpacked/manifest.sdn", "-o", "again.smf"}},
      {"Diff: silence and exit status 0 mean that nothing differs.",
       {"diff", "sample.smf", "again.smf"}},
      {"Jit: there is no 'identity' for f64, but the note says that there can be. Its template is\n"
       "compiled, called, and kept in the module for the next process.",
       {"jit", "sample.smf", "identity$f64", "2.5"}},
      {"The row has moved to the instantiations, and leads to the code that was kept.",
       {"note", "show", "sample.smf"}},
  };
}

// The folder the tour takes place in. The process stands in it while the object lives.
class Workplace {
 public:
  static Result<Workplace> create(const std::string& keep) {
    Workplace place;
    std::error_code error;
    place.home_ = std::filesystem::current_path(error);
    if (error) return fail_system("find the present folder", "", error.value());
    if (keep.empty()) {
      SMF_ASSIGN(ScratchFolder scratch, ScratchFolder::create("smftool-tour"));
      place.folder_ = scratch.path();
      place.scratch_.emplace(std::move(scratch));
    } else {
      std::filesystem::create_directories(keep, error);
      if (error) return fail_system("create the folder", keep, error.value());
      if (!std::filesystem::is_empty(keep, error) || error)
        return fail_system("use the folder", keep, error ? error.value() : ENOTEMPTY);
      place.folder_ = std::filesystem::absolute(keep, error);
    }
    if (::chdir(place.folder_.c_str()) != 0)
      return fail_system("change to the folder", place.folder_, errno);
    return place;
  }

  Workplace(Workplace&& other) noexcept
      : home_(std::move(other.home_)),
        folder_(std::exchange(other.folder_, {})),
        scratch_(std::move(other.scratch_)) {}
  Workplace& operator=(Workplace&&) = delete;
  ~Workplace() {
    if (folder_.empty()) return;
    std::error_code ignored;
    std::filesystem::current_path(home_, ignored);
  }
  const std::string& folder() const { return folder_; }

 private:
  Workplace() = default;
  std::string home_;
  std::string folder_;
  std::optional<ScratchFolder> scratch_{};
};

Result<void> write_sources(const Context& context, bool coloured) {
  fmt::print(context.out, "{}\n",
             styled("The sample module is packed from these files:", Style::kBold, coloured));
  Table table(context.out, coloured, {{}, {"", Align::kRight}, {}});
  for (const SampleFile& file : sample_files()) {
    SMF_ASSIGN(os::OutputFile out, os::OutputFile::create(std::string(file.name)));
    SMF_TRY(out.append(as_bytes(file.content)));
    SMF_TRY(out.commit());
    const std::string_view what = file.name.ends_with(".a")      ? "a C function, compiled"
                                  : file.name.ends_with(".json") ? "a generic function's code"
                                  : file.name.ends_with(".sdn")  ? "instantiations, in SDN"
                                                                 : "any data";
    table.add_row(
        {std::string(file.name), fmt::format("{} bytes", file.content.size()), std::string(what)});
  }
  return {};
}

std::string as_typed(const std::vector<std::string>& arguments) {
  std::string line = "smftool";
  std::size_t column = line.size();
  for (const std::string& argument : arguments) {
    if (column + 1 + argument.size() > 88 && argument.starts_with('-')) {
      line += " \\\n     ";
      column = 5;
    }
    line += " " + argument;
    column += 1 + argument.size();
  }
  return line;
}

void print_ending(const Context& context, const std::string& kept, bool coloured) {
  fmt::print(context.out, "\n{}\n", styled("What to try next:", Style::kBold, coloured));
  if (kept.empty()) {
    fmt::print(context.out, "  smftool tour --keep sample        the same, and keep the files\n");
  } else {
    fmt::print(context.out, "  cd {}\n", printable(kept));
  }
  fmt::print(context.out,
             "  smftool pack --help               objects of your own\n"
             "  smftool inspect --json FILE.smf   for programs\n"
             "  smftool compress IN.smf -o OUT.smf\n"
             "  smftool doctor                    what this machine allows\n");
}

Result<ExitStatus> take_tour(const Context& context, const std::string& keep) {
  const bool coloured = is_coloured(context, context.out);
  SMF_ASSIGN(const Workplace place, Workplace::create(keep));
  SMF_TRY(write_sources(context, coloured));
  for (const Step& step : steps()) {
    fmt::print(context.out, "\n{}\n\n{}\n", step.explanation,
               styled("  $ " + as_typed(step.arguments), Style::kBold, coloured));
    std::vector<std::string> arguments = step.arguments;
    if (context.no_color) arguments.emplace_back("--no-color");
    const ExitStatus status = run_command_line(arguments, context.out, context.err);
    if (status != ExitStatus::kDone) return status;
  }
  print_ending(context, keep.empty() ? "" : place.folder(), coloured);
  return ExitStatus::kDone;
}

}  // namespace

void add_tour(Command tool) {
  Command command =
      tool.command("tour", "Pack, inspect, verify and take apart a sample, with explanations");
  const auto keep = std::make_shared<std::string>();
  command.option("--keep", *keep, "Work in this folder and leave everything there").value("DIR");
  command.examples(
      "smftool tour\n"
      "smftool tour --keep sample && ls sample");
  command.runs([keep](const Context& context) { return take_tour(context, *keep); });
}

}  // namespace smf::tool
