#include "runtime/sdn/format.h"

#include <gtest/gtest.h>

#include "runtime/sdn/random_value.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn {
namespace {

std::string formatted(std::string_view text) {
  const auto document = parse(text);
  if (!document) return document.error().message;
  const auto out = format(*document);
  EXPECT_TRUE(out) << out.error().message;
  return out.value_or("");
}

TEST(Format, IndentsByFourAndKeepsComments) {
  EXPECT_EQ(formatted("\n\n# head\r\na:\r\n\tb: 1  # one \r\n\t# two\r\n\tc:\r\n\t\td: 2\t\r\n"),
            "# head\na:\n    b: 1  # one\n    # two\n    c:\n        d: 2\n");
  EXPECT_EQ(formatted("a:\n  t |x, y|\n      1,  2\n      # tombstone\n      3, 4\nb: 1"),
            "a:\n    t |x, y|\n        1,  2\n        # tombstone\n        3, 4\nb: 1\n");
  EXPECT_EQ(formatted("a:\n b:\n  c: 1\n# about d\nd: 2\n# end\n"),
            "a:\n    b:\n        c: 1\n# about d\nd: 2\n# end\n");
}

TEST(Format, LeavesOneBlankLine) {
  EXPECT_EQ(formatted("a: 1\n\n\n\nb: 2\n\n# c\n\n\nd: 3\n\n\n"), "a: 1\n\nb: 2\n\n# c\n\nd: 3\n");
  EXPECT_EQ(formatted(""), "");
  EXPECT_EQ(formatted("\n \n"), "");
}

TEST(Format, LeavesBracketsAndStringsAsTheyAre) {
  constexpr std::string_view kText =
      "a: [\n 1,  \n   # x\n\n\n 2]\nb: \"\"\"one  \n   two\n\n\n\"\"\"\n";
  EXPECT_EQ(formatted(kText), kText);
}

TEST(Format, KeepsTheValuesOfAnyDocument) {
  RandomValues random(9);
  for (int round = 0; round < 1000; ++round) {
    const auto text = write(random.document(4));
    if (!text) continue;
    const std::string once = formatted(*text);  // compares the values itself
    EXPECT_EQ(formatted(once), once);
  }
}

}  // namespace
}  // namespace smf::sdn
