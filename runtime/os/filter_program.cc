#include "runtime/os/filter_program.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "runtime/base/check.h"
#include "runtime/os/input_file.h"

namespace smf::os {
namespace {

Result<Descriptor> memory_file(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) return fail_system("create a memory file", "", errno);
  return Descriptor(fd, SystemCalls::kernel());
}

Result<void> fill(const Descriptor& file, std::string_view text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size =
        ::pwrite(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_system("write to a memory file", "", errno);
    done += static_cast<std::size_t>(size);
  }
  return {};
}

Result<std::string> content(const Descriptor& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_system("look at a memory file", "", errno);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size =
        ::pread(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail_system("read a memory file", "", errno);
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  return text;
}

// The child's standard streams.
class Streams {
 public:
  Streams() { ::posix_spawn_file_actions_init(&actions_); }
  ~Streams() { ::posix_spawn_file_actions_destroy(&actions_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  int use(const Descriptor& file, int as) {
    return ::posix_spawn_file_actions_adddup2(&actions_, file.get(), as);
  }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

Result<int> wait_for(pid_t process, const std::string& name) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return fail_system("wait for " + name, "", errno);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<FilterResult> run_filter(const std::vector<std::string>& command, std::string_view input) {
  SMF_CHECK(!command.empty());
  SMF_ASSIGN(const Descriptor in, memory_file("filter input"));
  SMF_ASSIGN(const Descriptor out, memory_file("filter output"));
  SMF_ASSIGN(const Descriptor errors, memory_file("filter errors"));
  SMF_TRY(fill(in, input));
  Streams streams;
  const int refused = std::max({streams.use(in, STDIN_FILENO), streams.use(out, STDOUT_FILENO),
                                streams.use(errors, STDERR_FILENO)});
  if (refused != 0) return fail_system("run " + command[0], "", refused);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t process = 0;
  if (const int error = ::posix_spawnp(&process, arguments[0], streams.actions(), nullptr,
                                       arguments.data(), environ))
    return fail_system("run " + command[0], "", error);
  FilterResult result;
  SMF_ASSIGN(result.exit_status, wait_for(process, command[0]));
  SMF_ASSIGN(result.output, content(out));
  SMF_ASSIGN(result.errors, content(errors));
  return result;
}

}  // namespace smf::os
