#include "smftool/printable.h"

#include <gtest/gtest.h>

namespace smf::tool {
namespace {

TEST(Printable, LeavesTextOfAnyLanguageAlone) {
  EXPECT_EQ(printable("plain text, 100 %"), "plain text, 100 %");
  EXPECT_EQ(printable("größer λ 漢字 🙂"), "größer λ 漢字 🙂");
}

TEST(Printable, WritesControlCharactersAsEscapes) {
  EXPECT_EQ(printable("\033[31mred\a"), "\\x1b[31mred\\x07");
  EXPECT_EQ(printable("a\nb\tc"), "a\\nb\\tc");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xC2\x9B"), "\\u{9b}");  // CSI as one character
}

TEST(Printable, WritesCharactersThatTurnTheDirectionAsEscapes) {
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\u{202e}b");
}

TEST(Printable, WritesWhatIsNoUtf8AsBytes) {
  EXPECT_EQ(printable("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xC0\x80"), "\\xc0\\x80");           // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // a surrogate
}

}  // namespace
}  // namespace smf::tool
