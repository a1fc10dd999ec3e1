#include "runtime/exec/perf_map.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/exec/tiny_code.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

std::string path_of(const char* name) { return testing::TempDir() + "/" + name; }

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream text(read_all(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// Code that nobody reads.
std::span<const std::byte> at(std::uintptr_t address, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(address), size};
}

std::shared_ptr<PerfMap> map_at(const std::string& path, os::SystemCalls* calls = nullptr) {
  return PerfMap::create({.path = path, .calls = calls}).value();
}

TEST(PerfMap, HasALineForEachFunction) {
  const std::string path = path_of("lines.map");
  const auto map = map_at(path);
  map->published(at(0x7f0000001000, 0x40), "sum$i64");
  map->published(at(0xabc, 10), "with spaces in it");
  map->published(at(0x2000, 1), "two\nlines\r\n");
  map->published(at(0x3000, 2), "");
  EXPECT_EQ(read_all(path), "");  // collected
  EXPECT_TRUE(map->flush());
  EXPECT_EQ(read_all(path),
            "7f0000001000 40 sum$i64\n"
            "abc a with spaces in it\n"
            "2000 1 two lines  \n"
            "3000 2 jit_3000\n");
}

TEST(PerfMap, HasWhatTheCodeMemoryPublishes) {
  const std::string path = path_of("published.map");
  const void* code = nullptr;
  const std::byte* second = nullptr;
  {
    CodeMemoryOptions options;
    options.listeners = {map_at(path)};
    CodeMemory memory = CodeMemory::create(options).value();
    code = publish(memory, 7).value();
    auto batch = memory.begin_batch(100).value();
    batch.add(16, "first").value();
    second = batch.add(32, "second").value().address;
    batch.commit().value();
    memory.free(code).value();  // stays
  }
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3u);
  std::ostringstream address, last;
  address << "jit_" << std::hex << reinterpret_cast<std::uintptr_t>(code);
  last << std::hex << reinterpret_cast<std::uintptr_t>(second) << " 20 second";
  EXPECT_TRUE(lines[0].ends_with(address.str())) << lines[0];
  EXPECT_EQ(lines[2], last.str());
}

// Opens another file than it is asked for.
class Elsewhere : public os::SystemCalls {
 public:
  explicit Elsewhere(std::string path) : path_(std::move(path)) {}

  std::string asked{};

  int open(const char* path, int flags, mode_t mode) override {
    asked = path;
    return SystemCalls::open(path_.c_str(), flags, mode);
  }

 private:
  std::string path_;
};

TEST(PerfMap, IsWherePerfLooksAndTheOwnersAlone) {
  const std::string path = path_of("elsewhere.map");
  Elsewhere calls(path);
  const auto map = map_at({}, &calls);
  EXPECT_EQ(calls.asked, "/tmp/perf-" + std::to_string(::getpid()) + ".map");
  EXPECT_EQ(map->path(), calls.asked);
  const auto permissions = std::filesystem::status(path).permissions();
  EXPECT_EQ(permissions & std::filesystem::perms(077), std::filesystem::perms::none);
}

TEST(PerfMap, FollowsNoLinkThatSomebodyPutThere) {
  const std::string path = path_of("link.map"), target = path_of("target");
  std::ofstream(target) << "precious";
  std::filesystem::remove(path);
  std::filesystem::create_symlink(target, path);
  const auto map = PerfMap::create({.path = path});
  ASSERT_FALSE(map);
  EXPECT_EQ(map.error().system_errno, ELOOP);
  EXPECT_EQ(read_all(target), "precious");
}

TEST(PerfMap, LeavesAloneWhatIsNotThisUsersFileAlone) {
  const std::string path = path_of("not_ours.map"), target = path_of("precious");
  const int descriptors = os::descriptor_count();
  const auto expect_refused = [&](const char* what) {
    SCOPED_TRACE(what);
    const auto map = PerfMap::create({.path = path});
    ASSERT_FALSE(map);
    EXPECT_EQ(map.error().system_errno, EPERM);
    EXPECT_EQ(os::descriptor_count(), descriptors);
    std::filesystem::remove(path);
  };
  std::filesystem::remove(path);
  std::ofstream(target) << "precious";
  std::filesystem::create_hard_link(target, path);
  expect_refused("a second name of a file");
  EXPECT_EQ(read_all(target), "precious");

  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  expect_refused("a pipe");

  std::ofstream(path) << "another's";
  if (::chown(path.c_str(), ::geteuid() + 1, ::getegid()) == 0) expect_refused("another user's");
  std::filesystem::remove(path);

  std::ofstream(path) << "what another run left";
  EXPECT_TRUE(PerfMap::create({.path = path}));
  EXPECT_EQ(read_all(path), "");
}

TEST(PerfMap, LongNamesAreCut) {
  const std::string path = path_of("long.map");
  map_at(path)->published(at(0x1000, 1), std::string(100'000, 'n'));
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "1000 1 " + std::string(4000, 'n'));
}

TEST(PerfMap, AForkedChildDoesNotWriteTheParentsLines) {
  const std::string path = path_of("fork.map");
  auto map = map_at(path);
  map->published(at(0x1000, 1), "of_the_parent");
  const pid_t child = ::fork();
  if (child == 0) {
    map->published(at(0x2000, 1), "of_the_child");
    static_cast<void>(map->flush());
    map.reset();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_all(path), "");
  map.reset();
  EXPECT_EQ(read_all(path), "1000 1 of_the_parent\n");
}

TEST(PerfMap, ThreadsWriteWholeLines) {
  const std::string path = path_of("threads.map");
  constexpr unsigned kThreads = 3, kLines = 2000;
  {
    const auto map = map_at(path);
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread != kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (unsigned i = 0; i != kLines; ++i)
          map->published(at(0x1000 + i, thread + 1), std::string(20 + thread, 'x'));
      });
    }
  }
  auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), kThreads * kLines);
  std::vector<std::string> expected;
  for (unsigned thread = 0; thread != kThreads; ++thread) {
    for (unsigned i = 0; i != kLines; ++i) {
      std::ostringstream line;
      line << std::hex << 0x1000 + i << ' ' << thread + 1 << ' ' << std::string(20 + thread, 'x');
      expected.push_back(line.str());
    }
  }
  std::ranges::sort(lines);
  std::ranges::sort(expected);
  EXPECT_EQ(lines, expected);
}

// Three buffers full; whether it went well.
bool fill_map(const std::string& path, os::SystemCalls& calls) {
  const auto map = PerfMap::create({.path = path, .calls = &calls});
  if (!map) return false;
  for (std::uintptr_t i = 0; i != 3000; ++i)
    (*map)->published(at(0x1000 + i, 1), std::string(50, 'x'));
  const auto flushed = (*map)->flush();
  EXPECT_EQ(flushed.has_value(), (*map)->status().has_value());
  if (!flushed) {
    EXPECT_EQ(flushed.error().path, path);
  }
  return flushed.has_value();
}

TEST(PerfMap, EachFailureIsToldLeavesWholeLinesAndLeaksNothing) {
  const std::string path = path_of("faults.map");
  const int descriptors = os::descriptor_count();
  int told = 0;
  for (int n = 0;; ++n) {
    std::filesystem::remove(path);
    os::FaultCalls calls;
    calls.fail_at = n;
    calls.error = ENOSPC;
    const bool is_well = fill_map(path, calls);
    EXPECT_EQ(os::descriptor_count(), descriptors);
    const std::string text = read_all(path);
    EXPECT_TRUE(text.empty() || text.ends_with("x\n"));
    if (calls.calls <= n) {
      EXPECT_TRUE(is_well);
      EXPECT_EQ(lines_of(path).size(), 3000u);
      break;
    }
    told += is_well ? 0 : 1;
  }
  EXPECT_GE(told, 4);  // open, and a write for each buffer; not close
}

TEST(PerfMap, WritesThatDoHalfAreGoneOnWith) {
  const std::string path = path_of("halves.map");
  os::FaultCalls calls;
  calls.halves = true;
  EXPECT_TRUE(fill_map(path, calls));
  EXPECT_EQ(lines_of(path).size(), 3000u);
}

}  // namespace
}  // namespace smf
