// What each construct of the language means.
#include <gtest/gtest.h>

#include <string>

#include "runtime/sdn/document.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn {
namespace {

// The value at `path` of a text, written on one line; or the error.
std::string meaning(std::string_view text, std::string_view path = "k") {
  const auto document = parse(text);
  if (!document) return "error " + document.error().message;
  const auto value = document->get(path);
  if (!value) return "error " + value.error().message;
  const auto written = write_inline(*value, {.cells = Quoting::kEveryString});
  return written ? *written : "error " + written.error().message;
}

TEST(Numbers, AreIntsAndFloats) {
  EXPECT_EQ(meaning("k: 42"), "42");
  EXPECT_EQ(meaning("k: -123"), "-123");
  EXPECT_EQ(meaning("k: 1_000_000"), "1000000");
  EXPECT_EQ(meaning("k: 3.14"), "3.14");
  EXPECT_EQ(meaning("k: 1.23e-4"), "0.000123");
  EXPECT_EQ(meaning("k: 1e5"), "1e+05");
  EXPECT_EQ(meaning("k: 2E+3"), "2000.0");
  EXPECT_EQ(meaning("k: -0.0"), "-0.0");
  EXPECT_EQ(meaning("k: 1_0.2_5"), "10.25");
  EXPECT_EQ(meaning("k: 9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(meaning("k: -9223372036854775808"), "-9223372036854775808");
}

TEST(Numbers, WhatMerelyBeginsLikeOneIsAString) {
  for (const std::string text :
       {"2.1.0", "0.0.0.0", "14a73b", "4g", "2026-01-28", "10:30", "1_",   "1__0", "1.",  ".5",
        "+5",    "-",       "--1",    "1e", "1e+",        "0x10",  "1_.5", "inf",  "nan", "-x"}) {
    const auto document = parse_owned("k: " + text);
    ASSERT_TRUE(document) << text;
    EXPECT_EQ(document->get("k")->as_string(), text);
    EXPECT_FALSE(document->get("k")->quoted());
  }
}

TEST(Scalars, AreNullsAndBools) {
  EXPECT_EQ(meaning("k: null"), "null");
  EXPECT_EQ(meaning("k: nil"), "null");
  EXPECT_EQ(meaning("k: true"), "true");
  EXPECT_EQ(meaning("k: false"), "false");
  EXPECT_EQ(meaning("k:"), "null");
  EXPECT_EQ(meaning("k: # nothing\nl: 1"), "null");
  EXPECT_EQ(parse("k: \"null\"")->get("k")->as_string(), "null");
}

TEST(Strings, KeepTheirText) {
  EXPECT_EQ(parse("k: /tmp/x")->get("k")->as_string(), "/tmp/x");
  EXPECT_EQ(parse("k: alice@example.com")->get("k")->as_string(), "alice@example.com");
  EXPECT_EQ(parse("k: Dict.get() return type  ")->get("k")->as_string(), "Dict.get() return type");
  EXPECT_EQ(parse("k: a#b # c")->get("k")->as_string(), "a#b");
  EXPECT_EQ(parse("k:#b")->get("k")->as_string(), "#b");
  EXPECT_EQ(parse("k: it's [a] {b}, c")->get("k")->as_string(), "it's [a] {b}, c");
  EXPECT_EQ(parse("k: \"a # b\" # c")->get("k")->as_string(), "a # b");
  EXPECT_EQ(parse("k: \"\"")->get("k")->as_string(), "");
}

TEST(Strings, ReplaceEscapes) {
  EXPECT_EQ(parse(R"(k: "a\n\t\r\\\"\u{41}\u{e9}\u{20AC}\u{1F600}z")")->get("k")->as_string(),
            "a\n\t\r\\\"A\u00e9\u20ac\U0001F600z");
  EXPECT_EQ(parse(R"(k: "\u{0}")")->get("k")->as_string(), std::string_view("\0", 1));
}

TEST(Strings, WithoutEscapesPointIntoTheText) {
  const std::string text = "k: \"abc\"";
  const auto document = parse(text);
  EXPECT_EQ(document->get("k")->as_string()->data(), text.data() + 4);
}

TEST(Strings, InTripleQuotesTakeLinesAndQuotes) {
  EXPECT_EQ(parse("k: \"\"\"a \"b\"\n  c\\n\"\"\" # d\nl: 1")->get("k")->as_string(),
            "a \"b\"\n  c\n");
  EXPECT_EQ(parse("k: \"\"\"\"\"\"")->get("k")->as_string(), "");
}

TEST(Blocks, AreDictsAndArrays) {
  EXPECT_EQ(meaning("k:\n    a: 1\n    b: two\n"), "{a: 1, b: two}");
  EXPECT_EQ(meaning("k:\n    1\n    two three\n    \"4\"\n    [5]\n    {s: 6}\n"),
            "[1, two three, \"4\", [5], {s: 6}]");
  EXPECT_EQ(meaning("k:\n  \"a b\": 1\n"), "{\"a b\": 1}");
  EXPECT_EQ(meaning("k:\n  http://x\n  std::map\n  a == b\n  10:30\n"),
            "[http://x, std::map, a == b, 10:30]");
}

TEST(Blocks, NestAndEndSeveralAtOnce) {
  const std::string_view text =
      "k:\n  a:\n    b:\n      1\n      2\n    c: 3\nl: 4\nm:\n\n  # x\n  n: 5";
  EXPECT_EQ(meaning(text, ""), "{k: {a: {b: [1, 2], c: 3}}, l: 4, m: {n: 5}}");
}

TEST(Blocks, MayBeIndentedByTabsThroughout) {
  EXPECT_EQ(meaning("k:\n\ta:\n\t\tb: 1\n"), "{a: {b: 1}}");
}

TEST(Brackets, HoldValuesOverSeveralLines) {
  EXPECT_EQ(meaning("k = {xval: 10, yval: 20}"), "{xval: 10, yval: 20}");
  EXPECT_EQ(meaning("k = [1, 2, 3, 4, 5]"), "[1, 2, 3, 4, 5]");
  EXPECT_EQ(meaning("k: [\n  1, # one\n\n2,\r\n]\nl: 1"), "[1, 2]");
  EXPECT_EQ(meaning("k: {a: [b c, {d: e}], \"f g\": h: i,}"), "{a: [b c, {d: e}], \"f g\": h: i}");
  EXPECT_EQ(meaning("k: []"), "[]");
  EXPECT_EQ(meaning("k: { }"), "{}");
}

TEST(Keys, AreBareOrQuoted) {
  EXPECT_EQ(meaning("a.b/c-d_1: 2", "\"a.b/c-d_1\""), "2");
  EXPECT_EQ(meaning("caf\u00e9: 2", "caf\u00e9"), "2");
  EXPECT_EQ(meaning("\"x y\\n\" = 2", "\"x y\n\""), "2");
  EXPECT_EQ(meaning("k:2"), "2");
}

TEST(Tables, HaveNamedColumns) {
  const auto document = parse("users |id, name, age|\n    1, Alice, 30\n    2, \"B, b\", 25\n");
  ASSERT_TRUE(document);
  const Table users = *document->get("users")->as_table();
  EXPECT_TRUE(users.named());
  EXPECT_EQ(users.row_count(), 2u);
  EXPECT_EQ(users.column("age"), 2u);
  EXPECT_EQ(users.column("nobody"), std::nullopt);
  EXPECT_EQ(users.cell(1, 1).as_string(), "B, b");
  EXPECT_EQ(document->get("users.1.age")->as_int(), 25);
  EXPECT_EQ(document->get("users.0.1")->as_string(), "Alice");
}

TEST(Tables, HaveTypes) {
  EXPECT_EQ(meaning("k: table{int, string, boolean}\n    1, a, true\n    2, b, false\n"),
            "table{int, string, boolean} = [(1, \"a\", true), (2, \"b\", false)]");
  EXPECT_EQ(meaning("k: table{i64, text} = [(1, a), (\n2, \"(b)\",),]\n"),
            "table{i64, text} = [(1, \"a\"), (2, \"(b)\")]");
  EXPECT_EQ(meaning("k = table{i64} = []"), "table{i64} = []");
}

TEST(Tables, StandBetweenBracketsToo) {
  EXPECT_EQ(meaning("k: [table|a, b| = [(1, ), (2, 3)]]"), "[table|a, b| = [(1, \"\"), (2, 3)]]");
}

TEST(Tables, MayBeEmptyOrBeginOnTheHeadersLine) {
  EXPECT_EQ(meaning("k |a, b|"), "table|a, b| = []");
  EXPECT_EQ(meaning("k |a, b| # none\nl: 1"), "table|a, b| = []");
  EXPECT_EQ(meaning("k |a, b| 1, 2\n    3, 4\nl: 1"), "table|a, b| = [(1, 2), (3, 4)]");
  EXPECT_EQ(meaning("o:\n  k |a|\n    1\n  l: 2", "o"), "{k: table|a| = [(1)], l: 2}");
}

TEST(Tables, SkipRowsThatAreComments) {
  EXPECT_EQ(meaning("k |a|\n    1\n#   2\n    # 3\n\n    4 # 5\n"), "table|a| = [(1), (4)]");
}

TEST(Rows, MayHaveEmptyCells) {
  EXPECT_EQ(meaning("k |a, b, c|\n  1, , 3"), "table|a, b, c| = [(1, \"\", 3)]");
  EXPECT_EQ(meaning("k |a, b, c|\n  a, b, "), "table|a, b, c| = [(\"a\", \"b\", \"\")]");
  EXPECT_EQ(meaning("k |a, b, c, d|\n  true, , , "),
            "table|a, b, c, d| = [(true, \"\", \"\", \"\")]");
  EXPECT_EQ(meaning("k |a, b, c|\n  , a, "), "table|a, b, c| = [(\"\", \"a\", \"\")]");
  EXPECT_EQ(meaning("k |a, b, c, d, e, f, g, h, i, j, l|\n  1, 2, 3, 4, 5, , 7, 8, 9, 10, 11"),
            "table|a, b, c, d, e, f, g, h, i, j, l| = [(1, 2, 3, 4, 5, \"\", 7, 8, 9, 10, 11)]");
}

TEST(Rows, GiveTheRestOfTheLineToABareLastCell) {
  for (const std::string_view last :
       {"works with null coalescing operator", "BUG-RT-001: workaround",
        "slices string with s[0:end]", "a, b, and c", "say \"x\""}) {
    const std::string text = "k |id, note|\r\n    1, " + std::string(last) + " # c\r\n";
    const auto document = parse(text);
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->get("k.0.note")->as_string(), last);
  }
}

TEST(Text, MayHaveAByteOrderMarkAndCarriageReturns) {
  const auto document = parse("\uFEFFk: a\r\nl:\r\n  1\r\nm: \"b\" \r\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->get("k")->as_string(), "a");
  EXPECT_EQ(document->get("k")->position(), (Position{1, 4}));
  EXPECT_EQ(document->get("l.0")->as_int(), 1);
  EXPECT_EQ(document->get("m")->as_string(), "b");
}

TEST(Text, MayBeEmpty) {
  EXPECT_EQ(parse("")->dict().size(), 0u);
  EXPECT_EQ(parse("\n # only a comment")->dict().size(), 0u);
}

}  // namespace
}  // namespace smf::sdn
