// smftool: the command line over the library.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "smftool/context.h"
#include "smftool/messages.h"

namespace {

// Relative paths count from where the user stands. `bazel run` starts programs in a folder of its
// own and says in BUILD_WORKING_DIRECTORY where it was called; ./bazelw, which changes to the
// workspace before it calls Bazel, says in SMF_WORKING_DIRECTORY where it was called itself.
smf::Result<void> go_where_the_user_stands() {
  for (const char* variable : {"SMF_WORKING_DIRECTORY", "BUILD_WORKING_DIRECTORY"}) {
    const char* const folder = std::getenv(variable);
    if (folder == nullptr || *folder == '\0') continue;
    if (::chdir(folder) != 0) return smf::fail_system("change to the folder", folder, errno);
    return {};
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto moved = go_where_the_user_stands(); !moved) {
    smf::tool::report(smf::tool::Context{}, moved.error());
    return static_cast<int>(smf::tool::status_of(moved.error()));
  }
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  return static_cast<int>(smf::tool::run_command_line(std::move(arguments), stdout, stderr));
}
