#include "bench/instructions.h"

#include <fmt/format.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <regex>
#include <string_view>
#include <vector>

#include "bench/temporary_folder.h"
#include "runtime/base/bytes.h"
#include "runtime/os/input_file.h"

namespace smf::bench {
namespace {

namespace fs = std::filesystem;

struct Counted {
  std::string name;
  int iterations;
  Benchmark* benchmark;                 // null: registered for counting only
  void (*function)(benchmark::State&);  // then
};

std::vector<Counted>& all_counted() {
  static std::vector<Counted> instance;
  return instance;
}

// In the order in which Google Benchmark runs them: those that are only counted come last.
std::vector<Counted> counted_of(const std::string& filter) {
  std::vector<Counted> chosen;
  const std::regex expression(filter);
  for (const Counted& each : all_counted()) {
    if (std::regex_search(each.name, expression)) chosen.push_back(each);
  }
  const auto is_timed = [](const Counted& each) { return each.benchmark != nullptr; };
  std::vector<Counted> ordered;
  std::ranges::copy_if(chosen, std::back_inserter(ordered), is_timed);
  std::ranges::copy_if(chosen, std::back_inserter(ordered), std::not_fn(is_timed));
  return ordered;
}

std::optional<std::string> find_program(std::string_view name) {
  const char* const path = std::getenv("PATH");
  std::string_view left = path == nullptr ? "/usr/bin:/bin" : path;
  while (!left.empty()) {
    const auto end = std::min(left.find(':'), left.size());
    std::string candidate = fmt::format("{}/{}", left.substr(0, end), name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return std::nullopt;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Its standard output goes nowhere, and its messages to `folder`/log.
Result<void> run_in(const std::string& folder, std::vector<std::string> words) {
  std::vector<std::string> environment = {"PATH=/usr/bin:/bin", "LD_BIND_NOW=1",
                                          fmt::format("{}=.", kOwnFolderVariable)};
  const std::vector<char*> arguments = pointers_to(words), variables = pointers_to(environment);
  const std::string log = folder + "/log";
  const pid_t child = ::fork();
  if (child < 0) return fail_system("start valgrind", {}, errno);
  if (child == 0) {
    ::personality(ADDR_NO_RANDOMIZE);
    const bool is_ready = ::chdir(folder.c_str()) == 0 &&
                          std::freopen("/dev/null", "w", stdout) != nullptr &&
                          std::freopen(log.c_str(), "w", stderr) != nullptr;
    if (is_ready) ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail_system("wait for valgrind", {}, errno);
  }
  if (status == 0) return {};
  const auto said = os::FileBytes::load(log);
  return fail(ErrorCode::kSystem, fmt::format("valgrind ended with status {:#x}: {}", status,
                                              said ? as_text(said->bytes()) : std::string_view()));
}

// The number in the line "totals: N" of a profile.
Result<std::uint64_t> total_of(const std::string& path) {
  SMF_ASSIGN(const os::FileBytes file, os::FileBytes::load(path));
  const std::string_view text = as_text(file.bytes());
  constexpr std::string_view kKey = "\ntotals: ";
  const auto at = text.find(kKey);
  std::uint64_t total = 0;
  if (at != std::string_view::npos)
    std::from_chars(text.data() + at + kKey.size(), text.data() + text.size(), total);
  if (total != 0) return total;
  return fail(ErrorCode::kInvalidInput, fmt::format("{}: no total", path));
}

// Of `count` benchmarks with `times` N iterations.
Result<std::vector<std::uint64_t>> totals(const std::string& valgrind, int times,
                                          const std::string& filter, std::size_t count) {
  std::string folder = folder_for_temporary_files() + "/smf_counts_XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return fail_system("make a folder", folder, errno);
  std::vector<std::uint64_t> found;
  const auto work = [&]() -> Result<void> {
    SMF_TRY(run_in(folder,
                   {valgrind, "--tool=callgrind", "--callgrind-out-file=profile",
                    // Code that is made is written through another mapping than it runs from.
                    "--smc-check=all", "--zero-before=benchmark::State::StartKeepRunning()",
                    "--dump-before=benchmark::State::FinishKeepRunning()",
                    fs::read_symlink("/proc/self/exe").string(), fmt::format("--count={}", times),
                    fmt::format("--benchmark_filter={}", filter.empty() ? "." : filter)}));
    for (std::size_t i = 1; i <= count; ++i) {
      SMF_ASSIGN(const std::uint64_t total, total_of(fmt::format("{}/profile.{}", folder, i)));
      found.push_back(total);
    }
    return {};
  };
  const auto done = work();
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (!done) return std::unexpected(done.error());
  return found;
}

}  // namespace

void count_iterations(std::string name, int iterations, Benchmark* benchmark) {
  all_counted().push_back({std::move(name), iterations, benchmark, nullptr});
}

void count_only(std::string name, int iterations, void (*function)(benchmark::State&)) {
  all_counted().push_back({std::move(name), iterations, nullptr, function});
}

Result<void> count_instructions(const std::string& filter) {
  const std::vector<Counted> counted = counted_of(filter);
  if (counted.empty()) return {};
  const auto valgrind = find_program("valgrind");
  if (!valgrind) {
    results().left_out.push_back({"instructions", "valgrind is not installed"});
    return {};
  }
  SMF_ASSIGN(const auto once, totals(*valgrind, 1, filter, counted.size()));
  SMF_ASSIGN(const auto twice, totals(*valgrind, 2, filter, counted.size()));
  for (std::size_t i = 0; i < counted.size(); ++i) {
    const auto more = static_cast<double>(twice[i]) - static_cast<double>(once[i]);
    add_exact(counted[i].name, "instructions", more / counted[i].iterations);
  }
  return {};
}

std::string prepare_counting(int times, const std::string& filter) {
  std::string names;
  for (const Counted& each : counted_of(filter)) {
    Benchmark* const one =
        each.benchmark != nullptr
            ? each.benchmark
            : benchmark::RegisterBenchmark(("count:" + each.name).c_str(), each.function);
    one->Iterations(benchmark::IterationCount{times} * each.iterations);
    names +=
        (names.empty() ? "" : "|") + (each.benchmark != nullptr ? each.name : "count:" + each.name);
  }
  return fmt::format("^({})(/|$)", names);
}

}  // namespace smf::bench
