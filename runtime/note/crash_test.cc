// What is left when an update stops: at a system call that fails, and when the process is killed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/note/accident.h"
#include "runtime/os/fault_calls.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

class Crash : public testing::Test {
 protected:
  Crash() : bytes_(sample_bytes(kAccidentRows)), path_(scratch_path("crash/module.smf")) {
    fs::create_directories(fs::path(path_).parent_path());
    write_file(path_, bytes_);
  }
  ~Crash() override { fs::remove_all(fs::path(path_).parent_path()); }

  void fail_each_call(Operation operation, int error) {
    for (int n = 0;; ++n) {
      write_file(path_, bytes_);
      const int descriptors = os::descriptor_count();
      os::FaultCalls calls;
      calls.fail_at = n;
      calls.error = error;
      const auto done = operation(path_, calls);
      EXPECT_EQ(os::descriptor_count(), descriptors) << n;
      expect_whole(read_file(path_));
      if (calls.calls <= n) {
        EXPECT_TRUE(done) << done.error().describe();
        EXPECT_GE(n, 15);
        return;
      }
      if (!done) {
        EXPECT_EQ(done.error().system_errno, error) << n;
      }
      promote_another(path_);
      expect_tidy(read_file(path_));
      EXPECT_TRUE(names_of(read_file(path_)).made.contains("List$11"));
    }
  }

  void die_at_each_call(Operation operation) {
    for (int n = 0;; ++n) {
      write_file(path_, bytes_);
      const pid_t child = ::fork();
      if (child == 0) {
        os::FaultCalls calls;
        calls.die_at = n;
        ::_exit(operation(path_, calls) ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      expect_whole(read_file(path_));
      if (WIFEXITED(status)) {
        EXPECT_EQ(WEXITSTATUS(status), 0);
        EXPECT_GE(n, 15);
        return;
      }
      promote_another(path_);
      expect_tidy(read_file(path_));
      EXPECT_TRUE(names_of(read_file(path_)).made.contains("List$11"));
    }
  }

  std::string bytes_;
  std::string path_;
};

TEST_F(Crash, EachCallOfAnUpdateInPlaceMayFail) {
  fail_each_call(promote_some, EIO);
  fail_each_call(promote_some, ENOSPC);
}

TEST_F(Crash, EachCallOfARewriteMayFail) {
  fail_each_call(add_some, EIO);
  fail_each_call(add_some, ENOSPC);
}

TEST_F(Crash, TheProcessMayBeKilledInFrontOfEachCallOfAnUpdateInPlace) {
  die_at_each_call(promote_some);
}

TEST_F(Crash, TheProcessMayBeKilledInFrontOfEachCallOfARewrite) { die_at_each_call(add_some); }

TEST_F(Crash, AWriterWhoseCallFailedGoesOn) {
  for (int n = 0;; ++n) {
    write_file(path_, bytes_);
    os::FaultCalls calls;
    auto updater = NoteUpdater::open(path_, calls);
    ASSERT_TRUE(updater);
    calls.calls = 0;
    calls.fail_at = n;
    const auto first = updater->promote(some_rows());
    const bool has_failed = calls.calls > n;
    calls.fail_at = -1;
    EXPECT_TRUE(updater->promote(some_rows())) << n;
    EXPECT_TRUE(updater->promote({.mangled_name = "List$11"})) << n;
    expect_tidy(read_file(path_));
    EXPECT_TRUE(names_of(read_file(path_)).made.contains("List$2"));
    if (!has_failed) break;
    ASSERT_LT(n, 100);
  }
}

TEST_F(Crash, CallsMayBeInterruptedAndDoTheirWorkByHalves) {
  os::FaultCalls calls;
  calls.halves = true;
  const auto done = promote_some(path_, calls);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_TRUE(expect_whole(read_file(path_)).made.contains("List$2"));
}

}  // namespace
}  // namespace smf
