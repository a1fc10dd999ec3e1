#include "runtime/os/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <filesystem>

namespace smf::os {
namespace {

TEST(Machine, KnowsTheBasics) {
  const Machine machine = examine_machine();
  EXPECT_TRUE(std::has_single_bit(machine.page_size));
  EXPECT_GE(machine.processors, 1u);
  EXPECT_GE(machine.allowed_processors, 1u);
  EXPECT_FALSE(machine.kernel.empty());
}

TEST(Machine, SaysWhyAnAttemptFailed) {
  const Machine machine = examine_machine();
  for (const Attempt& attempt :
       {machine.memfd, machine.memfd_exec_flag, machine.memfd_noexec_seal_flag,
        machine.dual_mapping, machine.write_then_exec, machine.perf_map}) {
    EXPECT_EQ(attempt.succeeded, attempt.failure.empty()) << attempt.failure;
  }
}

TEST(Machine, LeavesNothingBehind) {
  const auto open_files = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = open_files();
  examine_machine();
  EXPECT_EQ(open_files(), before);
  EXPECT_FALSE(std::filesystem::exists("/tmp/perf-" + std::to_string(::getpid()) + ".map"));
}

}  // namespace
}  // namespace smf::os
