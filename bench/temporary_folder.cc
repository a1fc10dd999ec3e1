#include "bench/temporary_folder.h"

#include <fmt/format.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "runtime/base/check.h"

namespace smf::bench {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<pid_t> the_child{0};
static_assert(std::atomic<pid_t>::is_always_lock_free);

void pass_on(int signal) { ::kill(the_child.load(), signal); }

struct KnownFileSystem {
  std::uint32_t magic;  // linux/magic.h
  std::string_view name;
  bool is_on_disk;
};
constexpr KnownFileSystem kFileSystems[] = {
    {0xEF53, "ext", true},        {0x58465342, "xfs", true},    {0x9123683E, "btrfs", true},
    {0xF2F52010, "f2fs", true},   {0x2FC12FC1, "zfs", true},    {0x794C7630, "overlay", true},
    {0x01021994, "tmpfs", false}, {0x858458F6, "ramfs", false}, {0x6969, "nfs", false},
    {0x65735546, "fuse", false},
};

Place place_of(std::string folder) {
  struct statfs status{};
  if (::statfs(folder.c_str(), &status) != 0) return {};
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  for (const KnownFileSystem& known : kFileSystems) {
    if (known.magic == magic) return {std::move(folder), std::string(known.name), known.is_on_disk};
  }
  return {std::move(folder), fmt::format("{:#x}", magic), true};
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) SMF_CHECK(errno == EINTR);
  return status;
}

}  // namespace

Place find_place(const std::string& folder) {
  if (!folder.empty()) return place_of(folder);
  Place any;
  const char* const candidates[] = {std::getenv("TEST_TMPDIR"), std::getenv("TMPDIR"), "/var/tmp",
                                    "/tmp"};
  for (const char* const candidate : candidates) {
    if (candidate == nullptr || ::access(candidate, W_OK | X_OK) != 0) continue;
    Place place = place_of(candidate);
    if (place.is_on_disk) return place;
    if (any.folder.empty()) any = std::move(place);
  }
  return any;
}

std::string file_system_of(const std::string& path) { return place_of(path).file_system; }

std::string folder_for_temporary_files() {
  // Tests that run side by side, each in a namespace of its own, may have the same number.
  const char* const of_test = std::getenv("TEST_TMPDIR");
  return of_test != nullptr ? of_test : std::filesystem::temp_directory_path().string();
}

std::string own_path(std::string_view name) {
  const char* const own = std::getenv(kOwnFolderVariable);
  if (own != nullptr) return (std::filesystem::path(own) / name).string();
  return fmt::format("{}/{}-{}", folder_for_temporary_files(), name, ::getpid());
}

int run_in_temporary_folder(const Place& place,
                            const std::function<int(const std::string&)>& work) {
  std::string folder = place.folder + "/smf_bench_XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    fmt::print(stderr, "no folder can be made in {}\n", place.folder);
    return 1;
  }
  sigset_t ours, before;
  ::sigemptyset(&ours);
  for (const int signal : kSignals) ::sigaddset(&ours, signal);
  ::sigprocmask(SIG_BLOCK, &ours, &before);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  SMF_CHECK(child >= 0);
  if (child == 0) {
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    std::exit(work(folder));
  }
  the_child = child;
  for (const int signal : kSignals) {
    struct sigaction action{};
    action.sa_handler = pass_on;
    ::sigaction(signal, &action, nullptr);
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  const int status = wait_for(child);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  ::signal(WTERMSIG(status), SIG_DFL);
  ::raise(WTERMSIG(status));
  return 1;
}

}  // namespace smf::bench
