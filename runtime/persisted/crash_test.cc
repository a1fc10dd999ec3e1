// What is left when keeping code stops: at a system call that fails, and when the process is
// killed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/os/fault_calls.h"
#include "runtime/persisted/accident.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kInPlace = 4096;  // bytes of room
constexpr std::size_t kTooLittle = 16;
constexpr int kLeastCalls = 20;  // of one operation

class PersistedCrash : public testing::Test {
 protected:
  PersistedCrash() : path_(scratch_path("crash/module.smf")) {
    fs::create_directories(fs::path(path_).parent_path());
  }
  ~PersistedCrash() override { fs::remove_all(fs::path(path_).parent_path()); }

  void expect_next_writer_mends() {
    const std::string before = read_file(path_);
    ASSERT_TRUE(keep_another(path_));
    expect_mended(before, read_file(path_));
  }

  void fail_each_call(std::size_t room, int error) {
    const std::string bytes = module_with_room(kAccidentRows, room);
    for (int n = 0;; ++n) {
      write_file(path_, bytes);
      const int descriptors = os::descriptor_count();
      os::FaultCalls calls;
      calls.fail_at = n;
      calls.error = error;
      const auto done = keep_some(path_, calls);
      EXPECT_EQ(os::descriptor_count(), descriptors) << n;
      expect_whole(read_file(path_));
      if (calls.calls <= n) {
        EXPECT_TRUE(done) << done.error().describe();
        EXPECT_GE(n, kLeastCalls);
        return;
      }
      if (!done) {
        EXPECT_EQ(done.error().system_errno, error) << n;
      }
      expect_next_writer_mends();
    }
  }

  void die_at_each_call(std::size_t room) {
    const std::string bytes = module_with_room(kAccidentRows, room);
    for (int n = 0;; ++n) {
      write_file(path_, bytes);
      const pid_t child = ::fork();
      if (child == 0) {
        os::FaultCalls calls;
        calls.die_at = n;
        ::_exit(keep_some(path_, calls) ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      const auto kept = expect_whole(read_file(path_));
      if (WIFEXITED(status)) {
        EXPECT_EQ(WEXITSTATUS(status), 0);
        EXPECT_EQ(kept.size(), kSome.size());
        EXPECT_GE(n, kLeastCalls);
        return;
      }
      expect_next_writer_mends();
    }
  }

  std::string path_;
};

TEST_F(PersistedCrash, EachCallInPlaceMayFail) {
  fail_each_call(kInPlace, EIO);
  fail_each_call(kInPlace, ENOSPC);
}

TEST_F(PersistedCrash, EachCallOfARewriteMayFail) {
  fail_each_call(kTooLittle, EIO);
  fail_each_call(kTooLittle, ENOSPC);
}

TEST_F(PersistedCrash, TheProcessMayBeKilledInFrontOfEachCallInPlace) {
  die_at_each_call(kInPlace);
}

TEST_F(PersistedCrash, TheProcessMayBeKilledInFrontOfEachCallOfARewrite) {
  die_at_each_call(kTooLittle);
}

TEST_F(PersistedCrash, AWriterWhoseCallFailedGoesOn) {
  const std::string bytes = module_with_room(kAccidentRows, kInPlace);
  for (int n = 0;; ++n) {
    write_file(path_, bytes);
    os::FaultCalls calls;
    auto writer = PersistedCodeWriter::open(path_, calls);
    ASSERT_TRUE(writer);
    calls.calls = 0;
    calls.fail_at = n;
    static_cast<void>(persist(*writer, 3));
    const bool has_failed = calls.calls > n;
    calls.fail_at = -1;
    EXPECT_TRUE(persist(*writer, 3)) << n;
    EXPECT_TRUE(persist(*writer, 4)) << n;
    EXPECT_EQ(expect_whole(read_file(path_)), (std::set<std::size_t>{3, 4}));
    if (!has_failed) break;
    ASSERT_LT(n, 100);
  }
}

TEST_F(PersistedCrash, CallsMayBeInterruptedAndDoTheirWorkByHalves) {
  write_file(path_, module_with_room(kAccidentRows, kInPlace));
  os::FaultCalls calls;
  calls.halves = true;
  const auto done = keep_some(path_, calls);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(expect_whole(read_file(path_)).size(), kSome.size());
}

}  // namespace
}  // namespace smf
