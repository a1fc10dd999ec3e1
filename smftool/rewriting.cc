#include "smftool/rewriting.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "runtime/os/locked_file.h"
#include "smftool/messages.h"
#include "smftool/module_output.h"

namespace smf::tool {

void add_rewrite_options(Command& command, RewriteOptions& options) {
  command.argument("IN", options.input, "A module of any dialect; - is standard input");
  command
      .option("-o,--output", options.output,
              "The new module; may be IN itself, - is standard output")
      .required()
      .value("OUT");
  command.option("-j,--jobs", options.jobs, "Threads to use (default: all processors)").value("N");
}

Result<ExitStatus> rewrite(
    const Context& context, const RewriteOptions& options, Target target, const char* what,
    const std::function<Result<void>(const ModuleInput&, ModuleSpec&)>& change) {
  // Between reading a module and replacing it, its note must not be updated in place.
  os::LockedFile lock(options.input, os::LockedFile::Access::kRead);
  std::error_code ignored;
  if (std::filesystem::equivalent(options.input, options.output, ignored)) SMF_TRY(lock.lock());
  SMF_ASSIGN(const ModuleInput input, ModuleInput::open(options.input));
  const auto blame = [&](Error error) {
    return std::unexpected(blame_input(std::move(error)).at_path(options.input));
  };
  auto spec = spec_from_view(input.view(), target, input.file());
  if (!spec) return blame(std::move(spec).error());
  if (auto changed = change(input, *spec); !changed) return blame(std::move(changed).error());
  if (auto checked = check_spec(*spec); !checked) return blame(std::move(checked).error());
  const unsigned jobs = options.jobs != 0 ? options.jobs : available_processors();
  auto summary = write_module(context, *spec, options.output, jobs, what);
  if (!summary) return blame(std::move(summary).error());
  print_summary(context, *spec, *summary, options.output);
  return ExitStatus::kDone;
}

}  // namespace smf::tool
