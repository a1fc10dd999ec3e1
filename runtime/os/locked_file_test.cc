#include "runtime/os/locked_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/os/fault_calls.h"
#include "runtime/os/output_file.h"

namespace smf::os {
namespace {

namespace fs = std::filesystem;

class Locked : public testing::Test {
 protected:
  Locked() {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = folder_ / "file";
    put(path_, "old");
  }
  static void put(const fs::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  }
  std::string read(const LockedFile& file) const {
    std::string text(file.size(), '\0');
    EXPECT_TRUE(file.read_at(0, std::as_writable_bytes(std::span(text))));
    return text;
  }

  fs::path folder_, path_;
};

TEST_F(Locked, SaysWhetherItIsTheFileOfTheLastLock) {
  LockedFile file(path_, LockedFile::Access::kReadWrite);
  ASSERT_EQ(file.lock(), true);
  file.unlock();
  ASSERT_EQ(file.lock(), false);
  file.unlock();
  put(folder_ / "next", "new");
  fs::rename(folder_ / "next", path_);
  ASSERT_EQ(file.lock(), true);
  EXPECT_EQ(read(file), "new");
}

TEST_F(Locked, KeepsOthersOutUntilItIsUnlocked) {
  LockedFile first(path_, LockedFile::Access::kReadWrite);
  ASSERT_TRUE(first.lock());
  const int other = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(::flock(other, LOCK_EX | LOCK_NB), -1);
  first.unlock();
  EXPECT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
  ::close(other);
}

// The path names another file by the time the lock is there.
class Replacing : public SystemCalls {
 public:
  explicit Replacing(fs::path path) : path_(std::move(path)) {}
  int flock(int fd, int operation) override {
    if (operation == LOCK_EX && rounds > 0) {
      --rounds;
      fs::rename(path_.string() + std::to_string(rounds), path_);
    }
    return SystemCalls::flock(fd, operation);
  }
  int rounds = 3;

 private:
  fs::path path_;
};

TEST_F(Locked, StartsAgainWhereTheFileWasReplacedWhileItWaited) {
  for (const char* n : {"0", "1", "2"}) put(path_.string() + n, std::string("new ") + n);
  Replacing calls(path_);
  LockedFile file(path_, LockedFile::Access::kReadWrite, calls);
  ASSERT_TRUE(file.lock());
  EXPECT_EQ(read(file), "new 0");
}

TEST_F(Locked, RefusesWhatIsNoRegularFile) {
  LockedFile folder(folder_, LockedFile::Access::kRead);
  const auto locked = folder.lock();
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(folder.is_locked());
}

TEST_F(Locked, AnyCallMayFailAndNothingIsLeftLocked) {
  for (int n = 0;; ++n) {
    const int before = descriptor_count();
    FaultCalls calls;
    calls.fail_at = n;
    bool failed = false;
    {
      LockedFile file(path_, LockedFile::Access::kReadWrite, calls);
      const auto locked = file.lock();
      failed = !locked;
      EXPECT_EQ(file.is_locked(), locked.has_value());
      if (failed) {
        EXPECT_EQ(locked.error().system_errno, EIO);
      }
    }
    EXPECT_EQ(descriptor_count(), before);
    LockedFile again(path_, LockedFile::Access::kReadWrite);
    EXPECT_TRUE(again.lock());
    if (calls.calls <= n) break;
    EXPECT_TRUE(failed || n >= 4) << n;  // open, flock, fstat, stat; what comes after is unlocking
  }
}

TEST_F(Locked, WritesInPlaceByHalvesToo) {
  FaultCalls calls;
  calls.halves = true;
  LockedFile file(path_, LockedFile::Access::kReadWrite, calls);
  ASSERT_TRUE(file.lock());
  ASSERT_TRUE(file.write_at(1, as_bytes("n old tale of some length")));
  ASSERT_TRUE(file.sync_data());
  file.unlock();
  ASSERT_TRUE(file.lock());
  EXPECT_EQ(read(file), "on old tale of some length");
}

TEST_F(Locked, OutputFileKeepsExtendedAttributes) {
  if (::setxattr(path_.c_str(), "user.smf.test", "kept", 4, 0) != 0)
    GTEST_SKIP() << "this file system has no extended attributes";
  auto out = OutputFile::create(path_);
  ASSERT_TRUE(out && out->append(as_bytes("new")) && out->commit());
  char value[16] = {};
  ASSERT_EQ(::getxattr(path_.c_str(), "user.smf.test", value, sizeof value), 4);
  EXPECT_STREQ(value, "kept");
}

}  // namespace
}  // namespace smf::os
