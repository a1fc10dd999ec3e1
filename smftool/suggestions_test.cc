#include "smftool/suggestions.h"

#include <gtest/gtest.h>

namespace smf::tool {
namespace {

const std::vector<std::string> kKnown = {"--symbols", "--sections", "--raw", "--json"};

TEST(Suggestions, FindTheWordWithAMistypedLetter) {
  EXPECT_EQ(nearest("--simbols", kKnown), "--symbols");
  EXPECT_EQ(nearest("--rwa", kKnown), "--raw");
  EXPECT_EQ(nearest("--sectoin", kKnown), "--sections");
}

TEST(Suggestions, StaySilentWhereNothingIsNear) {
  EXPECT_EQ(nearest("--frobnicate", kKnown), "");
  EXPECT_EQ(nearest("x", kKnown), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), kKnown), "");
}

}  // namespace
}  // namespace smf::tool
