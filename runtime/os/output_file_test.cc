#include "runtime/os/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "runtime/os/fault_calls.h"

namespace smf::os {
namespace {

namespace fs = std::filesystem;

class Output : public testing::Test {
 protected:
  Output() {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = folder_ / "file";
    ::setenv("TMPDIR", folder_.c_str(), 1);
  }

  std::size_t entry_count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_, path_;
};

// Something of every operation; what arrives is "new CONTENT".
Result<void> write_new(const std::string& path, SystemCalls& calls,
                       const OutputFile::Options& options = {}) {
  SMF_ASSIGN(OutputFile file, OutputFile::create(path, options, calls));
  SMF_TRY(file.append(as_bytes("new content")));
  SMF_TRY(file.overwrite(4, as_bytes("CONTENT")));
  ByteVector back(3);
  SMF_TRY(file.read_back(0, back));
  return file.commit();
}

// A failure of each system call in turn. The destination is old or new and whole, nothing else lies
// in the folder, and no descriptor is left.
void fail_each_call(const fs::path& path, const std::string& old, bool has_unnamed_files) {
  for (const int error : {EIO, ENOSPC}) {
    for (int n = 0;; ++n) {
      fs::remove(path);
      if (!old.empty()) std::ofstream(path) << old;
      const int before = descriptor_count();
      FaultCalls calls;
      calls.fail_at = n;
      calls.error = error;
      calls.has_unnamed_files = has_unnamed_files;
      const auto done = write_new(path, calls);
      EXPECT_EQ(descriptor_count(), before) << "call " << n;
      const std::string now = slurp(path);
      if (done) {
        EXPECT_EQ(now, "new CONTENT") << "call " << n;
      } else {
        EXPECT_EQ(done.error().system_errno, error) << "call " << n;
        EXPECT_EQ(done.error().path, path) << "call " << n;
        EXPECT_TRUE(now == old || now == "new CONTENT") << "call " << n << ": " << now;
      }
      for (const auto& entry : fs::directory_iterator(path.parent_path()))
        EXPECT_EQ(entry.path(), path) << "left over by call " << n;
      if (calls.calls <= n) break;
    }
  }
}

TEST_F(Output, EverySystemCallMayFailForANewFile) {
  fail_each_call(path_, "", true);
  fail_each_call(path_, "", false);
}

TEST_F(Output, EverySystemCallMayFailWhenReplacing) {
  fail_each_call(path_, "old", true);
  fail_each_call(path_, "old", false);
}

TEST_F(Output, ShortWritesAndInterruptionsGiveTheWhole) {
  FaultCalls calls;
  calls.halves = true;
  calls.step = 2;
  ASSERT_TRUE(write_new(path_, calls));
  EXPECT_EQ(slurp(path_), "new CONTENT");
}

TEST_F(Output, WithoutCommitNothingIsWritten) {
  for (const bool has_unnamed_files : {true, false}) {
    FaultCalls calls;
    calls.has_unnamed_files = has_unnamed_files;
    auto file = OutputFile::create(path_, {}, calls);
    ASSERT_TRUE(file && file->append(as_bytes("text")));
    const OutputFile moved = std::move(*file);
    EXPECT_FALSE(fs::exists(path_));
  }
  EXPECT_EQ(entry_count(), 0u);
}

TEST_F(Output, ReplacingKeepsTheModeAndCanAddExecuteBits) {
  std::ofstream(path_) << "old";
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  ASSERT_TRUE(write_new(path_, SystemCalls::kernel()));
  EXPECT_EQ(static_cast<int>(fs::status(path_).permissions()), 0640);
  ASSERT_TRUE(write_new(path_, SystemCalls::kernel(), {.add_execute_bits = true}));
  EXPECT_EQ(static_cast<int>(fs::status(path_).permissions()), 0750);
}

TEST_F(Output, ANewFileHonoursTheUmask) {
  const mode_t before = ::umask(027);
  ASSERT_TRUE(write_new(path_, SystemCalls::kernel()));
  ::umask(before);
  EXPECT_EQ(static_cast<int>(fs::status(path_).permissions()), 0640);
}

TEST_F(Output, ASymbolicLinkIsFollowedAndStays) {
  const fs::path target = folder_ / "target", link = folder_ / "link";
  std::ofstream(target) << "old";
  fs::create_symlink("target", link);
  ASSERT_TRUE(write_new(link, SystemCalls::kernel()));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(slurp(target), "new CONTENT");
}

TEST_F(Output, ASymbolicLinkToNothingYetIsFollowed) {
  const fs::path target = folder_ / "target", link = folder_ / "link";
  fs::create_symlink("target", link);
  ASSERT_TRUE(write_new(link, SystemCalls::kernel()));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(slurp(target), "new CONTENT");
}

TEST_F(Output, AFolderThatIsAbsentOrAFolderAsFileIsAnError) {
  EXPECT_EQ(OutputFile::create(folder_ / "absent" / "file").error().system_errno, ENOENT);
  EXPECT_EQ(OutputFile::create(folder_).error().system_errno, EISDIR);
}

TEST_F(Output, ADeviceTakesTheBytesAndAFullOneIsAnError) {
  EXPECT_TRUE(write_new("/dev/null", SystemCalls::kernel()));
  const auto full = write_new("/dev/full", SystemCalls::kernel());
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().system_errno, ENOSPC);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_EQ(entry_count(), 0u);
}

// What `body` returns in a child process, 0 to 255.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

TEST_F(Output, StandardOutputGetsTheBytesAtCommitOnly) {
  const int status = in_child([&] {
    const int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY, 0666);
    ::dup2(fd, STDOUT_FILENO);
    auto file = OutputFile::create("-");
    if (!file || !file->append(as_bytes("streamed")) || fs::file_size(path_) != 0) return 1;
    return file->commit() ? 0 : 2;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(slurp(path_), "streamed");
  EXPECT_EQ(entry_count(), 1u);
}

TEST_F(Output, AFileSizeLimitIsAnErrorAndLeavesTheOldFile) {
  std::ofstream(path_) << "old";
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto file = OutputFile::create(path_);
    if (!file) return 1;
    const auto done = file->append(ByteVector(10'000));
    return done || done.error().system_errno != EFBIG ? 2 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(slurp(path_), "old");
  EXPECT_EQ(entry_count(), 1u);
}

// Old and new are 200 000 equal bytes each; anything else is a partial file.
[[noreturn]] void replace_for_ever(const std::string& path) {
  for (char c = 'a';; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
    auto file = OutputFile::create(path);
    if (!file) ::_exit(1);
    for (int piece = 0; piece < 20; ++piece)
      if (!file->append(as_bytes(std::string(10'000, c)))) ::_exit(2);
    if (!file->commit()) ::_exit(3);
  }
}

TEST_F(Output, AProcessKilledAtAnyMomentNeverLeavesAPartialFile) {
  std::mt19937 random(3);
  std::ofstream(path_) << std::string(200'000, 'A');
  for (int round = 0; round < 60; ++round) {
    const pid_t child = ::fork();
    if (child == 0) replace_for_ever(path_);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 8000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    const std::string now = slurp(path_);
    ASSERT_EQ(now.size(), 200'000u);
    ASSERT_EQ(now.find_first_not_of(now[0]), std::string::npos);
  }
}

TEST_F(Output, AFolderAppearsWithAllItsFilesOrNotAtAll) {
  const fs::path destination = folder_ / "out";
  for (int n = 0;; ++n) {
    fs::remove_all(destination);
    const int before = descriptor_count();
    FaultCalls calls;
    calls.fail_at = n;
    bool is_done = false;
    {
      auto directory = OutputDirectory::create(destination.string() + "/", calls);
      if (directory) {
        std::ofstream(fs::path(directory->staging()) / "inside") << "text";
        is_done = directory->commit().has_value();
      }
    }
    EXPECT_EQ(descriptor_count(), before);
    EXPECT_EQ(entry_count(), fs::exists(destination) ? 1u : 0u) << "call " << n;
    EXPECT_EQ(slurp(destination / "inside"), fs::exists(destination) ? "text" : "");
    if (calls.calls <= n) {
      EXPECT_TRUE(is_done);
      break;
    }
  }
}

TEST_F(Output, AFolderThatHoldsSomethingIsNotReplaced) {
  fs::create_directories(folder_ / "out");
  EXPECT_TRUE(OutputDirectory::create(folder_ / "out"));
  std::ofstream(folder_ / "out" / "mine") << "text";
  EXPECT_EQ(OutputDirectory::create(folder_ / "out").error().system_errno, ENOTEMPTY);
  EXPECT_EQ(OutputDirectory::create("/dev/null").has_value(), false);
}

}  // namespace
}  // namespace smf::os
