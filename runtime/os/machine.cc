#include "runtime/os/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "runtime/os/input_file.h"
#include "runtime/os/tiny_function.h"

namespace smf::os {
namespace {

// Newer than the headers that this is built with.
constexpr unsigned kMfdNoexecSeal = 0x8;
constexpr unsigned kMfdExec = 0x10;
constexpr int kPrGetMdwe = 66;
constexpr unsigned long kMdweRefuseExecGain = 1;

constexpr int kAnswer = 42;
constexpr auto kFunction = function_returning(kAnswer);

Attempt failed(std::string_view call) {
  char buffer[128];
  return {.succeeded = false,
          .failure = fmt::format("{}: {}", call, strerror_r(errno, buffer, sizeof buffer))};
}

// A mapping that goes when it leaves the scope.
class Mapping {
 public:
  Mapping(std::size_t size, int protection, int flags, int fd)
      : address_(::mmap(nullptr, size, protection, flags, fd, 0)), size_(size) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (address_ != MAP_FAILED) ::munmap(address_, size_);
  }
  explicit operator bool() const { return address_ != MAP_FAILED; }
  void* get() const { return address_; }

 private:
  void* address_;
  std::size_t size_;
};

// Calls what `code`, executable by now, holds.
Attempt call(void* code) {
  auto* const first = static_cast<char*>(code);
  __builtin___clear_cache(first, first + kFunction.size());
  int (*function)() = nullptr;
  std::memcpy(&function, &code, sizeof function);
  if (function() != kAnswer) return {.failure = "the function returned something else"};
  return {.succeeded = true};
}

Attempt try_memfd(unsigned flags) {
  const Descriptor fd(::memfd_create("smf-probe", MFD_CLOEXEC | flags), SystemCalls::kernel());
  return fd ? Attempt{.succeeded = true} : failed("memfd_create");
}

Attempt try_dual_mapping(std::size_t page) {
  Descriptor fd(::memfd_create("smf-probe", MFD_CLOEXEC | kMfdExec), SystemCalls::kernel());
  if (!fd) fd = Descriptor(::memfd_create("smf-probe", MFD_CLOEXEC), SystemCalls::kernel());
  if (!fd) return failed("memfd_create");
  if (::ftruncate(fd.get(), static_cast<off_t>(page)) != 0) return failed("ftruncate");
  const Mapping writable(page, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get());
  if (!writable) return failed("mmap rw-");
  const Mapping executable(page, PROT_READ | PROT_EXEC, MAP_SHARED, fd.get());
  if (!executable) return failed("mmap r-x");
  std::memcpy(writable.get(), kFunction.data(), kFunction.size());
  return call(executable.get());
}

Attempt try_write_then_exec(std::size_t page) {
  const Mapping memory(page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (!memory) return failed("mmap rw-");
  std::memcpy(memory.get(), kFunction.data(), kFunction.size());
  if (::mprotect(memory.get(), page, PROT_READ | PROT_EXEC) != 0) return failed("mprotect r-x");
  return call(memory.get());
}

// The file perf looks for, unless this process has one already.
Attempt try_perf_map() {
  const std::string path = fmt::format("/tmp/perf-{}.map", ::getpid());
  const Descriptor fd(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600),
                      SystemCalls::kernel());
  if (!fd) return errno == EEXIST ? Attempt{.succeeded = true} : failed("open " + path);
  ::unlink(path.c_str());
  return {.succeeded = true};
}

std::optional<std::string> read_line(const std::string& path) {
  const auto file = FileBytes::load(path, 4096);
  if (!file) return std::nullopt;
  const std::string_view text = as_text(file->bytes());
  return std::string(text.substr(0, text.find('\n')));
}

std::optional<long> read_number(const std::string& path) {
  const auto line = read_line(path);
  long value = 0;
  if (!line || std::from_chars(line->data(), line->data() + line->size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

// The choice in brackets of "always [madvise] never".
std::optional<std::string> read_choice(const std::string& path) {
  auto line = read_line(path);
  if (!line) return std::nullopt;
  const auto open = line->find('['), close = line->find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return line;
  return line->substr(open + 1, close - open - 1);
}

std::string find_program(const std::string& name) {
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    const std::string path = std::string(folder) + "/" + name;
    if (!folder.empty() && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

void examine_processor(Machine& machine) {
  machine.processors = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  machine.allowed_processors = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0
                                   ? static_cast<unsigned>(CPU_COUNT(&allowed))
                                   : machine.processors;
#if defined(__x86_64__)
  machine.has_avx2 = __builtin_cpu_supports("avx2") != 0;
#endif
}

}  // namespace

Machine examine_machine() {
  Machine machine;
  struct utsname system{};
  if (::uname(&system) == 0) {
    machine.kernel = fmt::format("{} {}", system.sysname, system.release);
    machine.arch = system.machine;
  }
  machine.page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  examine_processor(machine);

  machine.memfd = try_memfd(0);
  machine.memfd_exec_flag = try_memfd(kMfdExec);
  machine.memfd_noexec_seal_flag = try_memfd(kMfdNoexecSeal);
  machine.memfd_noexec = read_number("/proc/sys/vm/memfd_noexec");
  machine.dual_mapping = try_dual_mapping(machine.page_size);
  machine.write_then_exec = try_write_then_exec(machine.page_size);
  const int mdwe = ::prctl(kPrGetMdwe, 0, 0, 0, 0);
  if (mdwe >= 0)
    machine.denies_write_exec = (static_cast<unsigned>(mdwe) & kMdweRefuseExecGain) != 0;
  machine.selinux_enforcing = read_number("/sys/fs/selinux/enforce");

  machine.perf_event_paranoid = read_number("/proc/sys/kernel/perf_event_paranoid");
  machine.perf_map = try_perf_map();
  machine.gdb = find_program("gdb");
  machine.transparent_huge_pages = read_choice("/sys/kernel/mm/transparent_hugepage/enabled");
  machine.randomize_va_space = read_number("/proc/sys/kernel/randomize_va_space");
  return machine;
}

}  // namespace smf::os
