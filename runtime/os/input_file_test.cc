#include "runtime/os/input_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/os/fault_calls.h"

namespace smf::os {
namespace {

std::string file_of(std::size_t size) {
  const std::string path = testing::TempDir() + "/input-" + std::to_string(size);
  std::string text(size, 'x');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 256);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(InputFile, ReadsByPositionAlsoByHalves) {
  const std::string path = file_of(1000);
  FaultCalls calls;
  calls.halves = true;
  const auto file = InputFile::open(path, calls);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size(), 1000u);
  ByteVector out(500);
  ASSERT_TRUE(file->read_at(250, out));
  EXPECT_EQ(as_text(out), slurp(path).substr(250, 500));
}

TEST(InputFile, ReadingPastTheEndIsAnError) {
  const auto file = InputFile::open(file_of(100));
  ByteVector out(10);
  EXPECT_TRUE(file->read_at(90, out));
  EXPECT_FALSE(file->read_at(91, out));
  EXPECT_FALSE(file->read_at(5000, out));
}

TEST(InputFile, WhatIsNoRegularFileIsRefusedByName) {
  for (const std::string path : {"/", "/dev/null"}) {
    const auto file = InputFile::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(file.error().path, path);
  }
  EXPECT_EQ(InputFile::open("/absent/file").error().system_errno, ENOENT);
}

// `operation` with each of its system calls failing in turn: an error that names the path, and no
// descriptor left. Returns how many calls there are.
template <typename Operation>
int fail_each_call(Operation operation) {
  const int before = descriptor_count();
  for (int n = 0;; ++n) {
    FaultCalls calls;
    calls.fail_at = n;
    const Result<void> done = operation(calls);
    EXPECT_EQ(descriptor_count(), before) << "call " << n;
    if (calls.calls <= n) {
      EXPECT_TRUE(done);
      return n;
    }
    if (done) continue;  // close() may fail where nothing is lost
    EXPECT_EQ(done.error().code, ErrorCode::kSystem);
    EXPECT_EQ(done.error().system_errno, EIO);
    EXPECT_FALSE(done.error().path.empty());
  }
}

TEST(InputFile, EverySystemCallMayFail) {
  const std::string path = file_of(1000);
  EXPECT_EQ(fail_each_call([&](SystemCalls& calls) -> Result<void> {
              SMF_ASSIGN(const InputFile file, InputFile::open(path, calls));
              ByteVector out(100);
              return file.read_at(10, out);
            }),
            4);  // open, fstat, pread, close
}

TEST(FileBytes, EverySystemCallMayFail) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, std::size_t{5} << 20}) {
    const std::string path = file_of(size);
    EXPECT_GE(fail_each_call([&](SystemCalls& calls) -> Result<void> {
                SMF_TRY(FileBytes::load(path, UINT64_MAX, calls));
                return {};
              }),
              4);
  }
}

TEST(FileBytes, SmallFilesAreReadAndLargeOnesMapped) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4} << 20, (std::size_t{4} << 20) + 1}) {
    const std::string path = file_of(size);
    auto file = FileBytes::load(path);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->is_mapped(), size > FileBytes::kReadWholeBytes);
    EXPECT_TRUE(as_text(file->bytes()) == slurp(path));
    const auto* data = file->bytes().data();
    const FileBytes moved = std::move(*file);
    EXPECT_EQ(moved.bytes().data(), data);
  }
}

TEST(FileBytes, ReadsByHalvesGiveTheWhole) {
  FaultCalls calls;
  calls.halves = true;
  const std::string path = file_of(1000);
  EXPECT_EQ(as_text(FileBytes::load(path, UINT64_MAX, calls)->bytes()), slurp(path));
}

TEST(FileBytes, TheLimitHoldsForFilesAndForStreams) {
  const std::string path = file_of(1000);
  EXPECT_TRUE(FileBytes::load(path, 1000));
  EXPECT_EQ(FileBytes::load(path, 999).error().code, ErrorCode::kLimit);
  const auto endless = FileBytes::load("/dev/zero", 5'000'000);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, ErrorCode::kLimit);
  EXPECT_EQ(endless.error().path, "/dev/zero");
}

TEST(FileBytes, APipeIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "through a pipe", 14), 14);
  ::close(ends[1]);
  const auto file = FileBytes::load("/proc/self/fd/" + std::to_string(ends[0]));
  ASSERT_TRUE(file) << file.error().describe();
  EXPECT_EQ(as_text(file->bytes()), "through a pipe");
  ::close(ends[0]);
}

TEST(FileBytes, AFolderIsRefused) {
  EXPECT_EQ(FileBytes::load("/").error().message, "is a directory");
}

}  // namespace
}  // namespace smf::os
