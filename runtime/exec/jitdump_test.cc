// The file is read back by the specification: tools/perf/Documentation/jitdump-specification.txt.
#include "runtime/exec/jitdump.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/exec/elf_machine.h"
#include "runtime/exec/tiny_code.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

std::uint64_t now_ns() {
  struct timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

struct Load {
  std::uint64_t timestamp = 0;
  std::uint32_t tid = 0;
  std::uint64_t address = 0;
  std::string name{};
  ByteVector code{};
};

struct Dump {
  std::uint64_t timestamp = 0;
  std::vector<Load> loads{};
  bool is_closed = false;
  bool is_whole = false;  // ends with a record
};

// Checks everything that holds for any file.
Dump read_dump(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Bytes bytes = as_bytes(text);
  Dump dump;
  if (bytes.empty()) return dump;
  const auto u32 = [&](std::uint64_t at) { return load<std::uint32_t>(bytes, at); };
  const auto u64 = [&](std::uint64_t at) { return load<std::uint64_t>(bytes, at); };
  const auto pid = static_cast<std::uint32_t>(::getpid());
  EXPECT_EQ(u32(0), 0x4a695444u);
  EXPECT_EQ(u32(4), 1u);
  EXPECT_EQ(u32(8), 40u);
  EXPECT_EQ(u32(12), internal::kElfMachine);
  EXPECT_EQ(u32(16), 0u);
  EXPECT_EQ(u32(20), pid);
  dump.timestamp = u64(24);
  EXPECT_EQ(u64(32), 0u);
  std::uint64_t at = 40, last_time = dump.timestamp;
  while (in_range(at, 16, bytes.size()) && in_range(at, u32(at + 4), bytes.size())) {
    const std::uint32_t kind = u32(at), size = u32(at + 4);
    EXPECT_FALSE(dump.is_closed);
    EXPECT_GE(u64(at + 8), last_time);
    last_time = u64(at + 8);
    if (kind == 3) {
      EXPECT_EQ(size, 16u);
      dump.is_closed = true;
    } else {
      EXPECT_EQ(kind, 0u);
      EXPECT_EQ(u32(at + 16), pid);
      EXPECT_EQ(u64(at + 24), u64(at + 32));
      EXPECT_EQ(u64(at + 48), dump.loads.size());  // indices are in order
      const std::uint64_t code_size = u64(at + 40);
      const char* const name = text.data() + at + 56;
      dump.loads.push_back(
          {.timestamp = last_time, .tid = u32(at + 20), .address = u64(at + 24), .name = name});
      const std::uint64_t code_at = 56 + dump.loads.back().name.size() + 1;
      EXPECT_EQ(size, code_at + code_size);
      append_bytes(dump.loads.back().code, bytes.subspan(at + code_at, size - code_at));
    }
    at += size;
  }
  dump.is_whole = at == bytes.size();
  return dump;
}

class JitDumpTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::shared_ptr<JitDump> make() const {
    return JitDump::create({.folder = folder_, .calls = nullptr}).value();
  }

  const std::string folder_ =
      testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string path_ = folder_ + "/jit-" + std::to_string(::getpid()) + ".dump";
};

TEST_F(JitDumpTest, HasARecordForEachFunctionWithItsBytes) {
  const std::uint64_t before = now_ns();
  const auto code = code_returning(7);
  std::vector<const void*> functions;
  {
    CodeMemoryOptions options;
    options.listeners = {make()};
    CodeMemory memory = CodeMemory::create(options).value();
    for (const char* const name : {"sum$i64", "", "with\nnewline"}) {
      auto writer = memory.begin(code.size()).value();
      std::ranges::copy(code, writer.bytes().begin());
      functions.push_back(writer.commit(name).value());
    }
    auto batch = memory.begin_batch(100).value();
    for (const char* const name : {"first", "second"}) {
      const auto function = batch.add(code.size(), name).value();
      std::ranges::copy(code, function.bytes.begin());
      functions.push_back(function.address);
    }
    batch.commit().value();
    memory.free(functions[0]).value();  // stays in the file
  }
  const std::uint64_t after = now_ns();
  const Dump dump = read_dump(path_);
  EXPECT_TRUE(dump.is_whole);
  EXPECT_TRUE(dump.is_closed);
  EXPECT_GE(dump.timestamp, before);
  ASSERT_EQ(dump.loads.size(), 5u);
  char unnamed[32];
  std::snprintf(unnamed, sizeof unnamed, "jit_%zx", reinterpret_cast<std::size_t>(functions[1]));
  const char* const names[] = {"sum$i64", unnamed, "with newline", "first", "second"};
  for (std::size_t i = 0; i != 5; ++i) {
    const Load& load = dump.loads[i];
    EXPECT_EQ(load.name, names[i]);
    EXPECT_EQ(load.address, reinterpret_cast<std::uintptr_t>(functions[i]));
    EXPECT_EQ(load.code, code);
    EXPECT_EQ(load.tid, static_cast<std::uint32_t>(::gettid()));
    EXPECT_LE(load.timestamp, after);
  }
}

TEST_F(JitDumpTest, PerfIsShownAPageThatNeverHoldsWhatIsWritten) {
  auto dump = make();
  std::vector<MapsLine> markers;
  for (MapsLine& line : read_maps())
    if (line.path.contains(".dump")) markers.push_back(std::move(line));
  ASSERT_EQ(markers.size(), 1u);
  EXPECT_EQ(markers[0].permissions, "r-xp");
  EXPECT_EQ(std::filesystem::path(markers[0].path).filename(),
            std::filesystem::path(path_).filename());
  EXPECT_EQ(markers[0].offset, std::uint64_t{1} << 40);
  EXPECT_TRUE(read_dump(path_).is_whole);  // perf finds a header
  dump.reset();
  EXPECT_EQ(os::mapping_count(".dump"), 0u);
}

TEST_F(JitDumpTest, CodeLargerThanTheBufferIsWrittenWhole) {
  std::vector<ByteVector> codes;
  for (const std::size_t size : {10, 200'000, 65'536, 65'000, 10, 1})
    codes.emplace_back(size, static_cast<std::byte>(codes.size() + 1));
  {
    const auto dump = make();
    for (const ByteVector& code : codes) dump->published(code, "large");
    EXPECT_TRUE(dump->flush());
    EXPECT_FALSE(read_dump(path_).is_closed);
  }
  const Dump dump = read_dump(path_);
  EXPECT_TRUE(dump.is_whole);
  ASSERT_EQ(dump.loads.size(), codes.size());
  for (std::size_t i = 0; i != codes.size(); ++i) EXPECT_EQ(dump.loads[i].code, codes[i]);
}

TEST_F(JitDumpTest, AForkedChildWritesNothing) {
  auto dump = make();
  dump->published(ByteVector(10), "of_the_parent");
  const pid_t child = ::fork();
  if (child == 0) {
    dump->published(ByteVector(100'000), "of_the_child");
    dump.reset();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  dump.reset();
  const Dump read = read_dump(path_);
  EXPECT_TRUE(read.is_whole);
  ASSERT_EQ(read.loads.size(), 1u);
  EXPECT_EQ(read.loads[0].name, "of_the_parent");
}

TEST_F(JitDumpTest, ThreadsWriteWholeRecordsUnderTheirNumbers) {
  constexpr int kThreads = 3, kFunctions = 1000;
  std::mutex mutex;
  std::map<std::string, std::uint32_t> expected;
  {
    const auto dump = make();
    std::vector<std::jthread> threads;
    for (int thread = 0; thread != kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        const std::string name = "thread_" + std::to_string(thread);
        const ByteVector code(static_cast<std::size_t>(100 + thread),
                              static_cast<std::byte>(thread));
        for (int i = 0; i != kFunctions; ++i) dump->published(code, name);
        const std::lock_guard lock(mutex);
        expected[name] = static_cast<std::uint32_t>(::gettid());
      });
    }
  }
  const Dump dump = read_dump(path_);
  EXPECT_TRUE(dump.is_whole);
  EXPECT_TRUE(dump.is_closed);
  ASSERT_EQ(dump.loads.size(), static_cast<std::size_t>(kThreads * kFunctions));
  std::map<std::string, int> counts;
  for (const Load& load : dump.loads) {
    ++counts[load.name];
    EXPECT_EQ(load.tid, expected[load.name]);
    EXPECT_EQ(load.code.size(), 100u + static_cast<unsigned>(load.name.back() - '0'));
  }
  for (const auto& [name, count] : counts) EXPECT_EQ(count, kFunctions) << name;
}

// Whether all went well that there is a status of; the end has none.
bool fill_dump(const std::string& folder, os::SystemCalls& calls) {
  const auto dump = JitDump::create({.folder = folder, .calls = &calls});
  if (!dump) return false;
  for (int i = 0; i != 30; ++i) (*dump)->published(ByteVector(10'000), "function");
  (*dump)->published(ByteVector(100'000), "large");
  const auto flushed = (*dump)->flush();
  EXPECT_EQ(flushed.has_value(), (*dump)->status().has_value());
  return flushed.has_value();
}

TEST_F(JitDumpTest, EachFailureIsToldLeavesWholeRecordsAndLeaksNothing) {
  const int descriptors = os::descriptor_count();
  for (int n = 0;; ++n) {
    std::filesystem::remove(path_);
    os::FaultCalls calls;
    calls.fail_at = n;
    calls.error = ENOSPC;
    const bool is_well = fill_dump(folder_, calls);
    EXPECT_EQ(os::descriptor_count(), descriptors) << n;
    EXPECT_EQ(os::mapping_count(".dump"), 0u) << n;
    const Dump dump = read_dump(path_);
    if (calls.calls <= n) {
      EXPECT_TRUE(is_well);
      EXPECT_TRUE(dump.is_closed);
      EXPECT_EQ(dump.loads.size(), 31u);
      EXPECT_GE(n, 10);  // open, fstat, mmap, six writes at least, munmap, close
      break;
    }
    if (n <= 3) {  // open, whose it is, the header, the mapping: then there is no file
      EXPECT_FALSE(is_well);
      // But one that may be somebody else's.
      EXPECT_EQ(std::filesystem::exists(path_), n == 1) << n;
      continue;
    }
    EXPECT_TRUE(dump.is_whole) << n;
    if (is_well) {
      EXPECT_EQ(dump.loads.size(), 31u) << n;
    }
  }
}

TEST_F(JitDumpTest, WritesThatDoHalfAreGoneOnWith) {
  os::FaultCalls calls;
  calls.halves = true;
  calls.step = 777;
  EXPECT_TRUE(fill_dump(folder_, calls));
  EXPECT_EQ(read_dump(path_).loads.size(), 31u);
}

TEST_F(JitDumpTest, AFolderThatIsNotThereIsToldWithThePath) {
  const auto dump = JitDump::create({.folder = folder_ + "/none", .calls = nullptr});
  ASSERT_FALSE(dump);
  EXPECT_EQ(dump.error().code, ErrorCode::kSystem);
  EXPECT_TRUE(dump.error().path.contains("/none/jit-"));
}

}  // namespace
}  // namespace smf
