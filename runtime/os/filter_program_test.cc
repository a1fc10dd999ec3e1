#include "runtime/os/filter_program.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <string>

namespace smf::os {
namespace {

TEST(RunFilter, GivesWhatTheProgramPrints) {
  const std::string input(3'000'000, 'x');  // more than a pipe holds
  const auto done = run_filter({"cat"}, input);
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->exit_status, 0);
  EXPECT_EQ(done->output, input);
  EXPECT_EQ(done->errors, "");
}

TEST(RunFilter, TellsTheExitStatusAndWhatWasSaidOnStandardError) {
  const auto done = run_filter({"sh", "-c", "echo \"$0\" >&2; exit 3", "a 'b"}, "");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_status, 3);
  EXPECT_EQ(done->errors, "a 'b\n");
  const auto killed = run_filter({"sh", "-c", "kill -TERM $$"}, "");
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->exit_status, 128 + SIGTERM);
}

TEST(RunFilter, AProgramThatIsNotThereIsTheSystemsRefusal) {
  const auto done = run_filter({"no-such-program-anywhere"}, "");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kSystem);
  EXPECT_EQ(done.error().system_errno, ENOENT);
  EXPECT_EQ(done.error().message, "cannot run no-such-program-anywhere: No such file or directory");
}

}  // namespace
}  // namespace smf::os
