#include "runtime/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace smf {
namespace {

TEST(Error, DescribesPathOffsetAndMessage) {
  Error error = fail_at(0x1a0, "section 3 ends past the file").error();
  EXPECT_EQ(error.describe(), "offset 0x1a0: section 3 ends past the file");
  EXPECT_EQ(std::move(error).at_path("a.smf").describe(),
            "a.smf: offset 0x1a0: section 3 ends past the file");
}

TEST(Error, KeepsThePathItHas) {
  Error error = fail_system("open it", "inner", ENOENT).error();
  EXPECT_EQ(std::move(error).at_path("outer").describe(),
            "inner: cannot open it: No such file or directory");
}

Result<int> twice(Result<int> in) {
  SMF_ASSIGN(const int value, std::move(in));
  return 2 * value;
}

TEST(Result, AssignPassesValuesOnAndErrorsUp) {
  EXPECT_EQ(twice(21), 42);
  EXPECT_EQ(twice(fail(ErrorCode::kLimit, "too large")).error().message, "too large");
}

}  // namespace
}  // namespace smf
