#include "bench/system_calls.h"

#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include "bench/results.h"

namespace smf::bench {
namespace {

using Prepare = std::function<std::function<void(int)>()>;

constexpr int kRefused = 3;

[[noreturn]] void run_child(int count, const Prepare& prepare) {
  const std::function<void(int)> work = prepare();
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kRefused);
  ::raise(SIGSTOP);
  for (int i = 0; i != count; ++i) work(i);
  ::_exit(0);
}

// Entries into the kernel from the child's stop to its end. Each is reported twice, when it begins
// and when it ends, but for the one that ends the process.
Result<std::uint64_t> watch(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return fail_system("wait for", "a child", errno);
  if (!WIFSTOPPED(status)) return fail_system("watch", "a child's system calls", EPERM);
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  std::uint64_t stops = 0;
  int signal = 0;
  while (true) {
    if (::ptrace(PTRACE_SYSCALL, child, nullptr, signal) != 0) break;
    if (::waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) break;
    const bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
    if (is_call) ++stops;
    signal = is_call ? 0 : WSTOPSIG(status);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(ErrorCode::kSystem, "the child that was watched did not end well");
  return (stops + 1) / 2;
}

Result<std::uint64_t> count_all(int count, const Prepare& prepare) {
  const pid_t child = ::fork();
  if (child < 0) return fail_system("fork", "", errno);
  if (child == 0) run_child(count, prepare);
  return watch(child);
}

}  // namespace

Result<double> count_system_calls(int count, const Prepare& prepare) {
  SMF_ASSIGN(const std::uint64_t ending, count_all(0, prepare));
  SMF_ASSIGN(const std::uint64_t all, count_all(count, prepare));
  return (static_cast<double>(all) - static_cast<double>(ending)) / count;
}

void add_system_calls(const std::string& subject, const std::string& who, int count,
                      const Prepare& prepare) {
  std::string name = fmt::format("{}.system_calls/{}", subject, who);
  if (const auto calls = count_system_calls(count, prepare); calls) {
    add_exact(std::move(name), "calls", *calls);
  } else {
    results().left_out.push_back({std::move(name), calls.error().describe()});
  }
}

}  // namespace smf::bench
