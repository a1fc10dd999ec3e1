// Every kind of mistake, where it is and what is said of it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/sdn/document.h"

namespace smf::sdn {
namespace {

struct Case {
  std::string text;
  ErrorKind kind;
  std::uint64_t line, column;
  std::string part;  // of the message
};

void expect_mistakes(const std::vector<Case>& cases, const ParseOptions& options = {}) {
  for (const Case& expected : cases) {
    SCOPED_TRACE(expected.text);
    Diagnostic diagnostic;
    const auto document = parse(expected.text, options, &diagnostic);
    ASSERT_FALSE(document);
    EXPECT_EQ(name(diagnostic.kind), name(expected.kind));
    EXPECT_EQ(diagnostic.position.line, expected.line);
    EXPECT_EQ(diagnostic.position.column, expected.column);
    EXPECT_NE(diagnostic.message.find(expected.part), std::string::npos) << diagnostic.message;
    EXPECT_EQ(document.error().offset, diagnostic.offset);
    EXPECT_EQ(document.error().code, code(expected.kind));
    const std::string position =
        std::to_string(expected.line) + ":" + std::to_string(expected.column) + ": ";
    EXPECT_EQ(document.error().message, position + diagnostic.message);
  }
}

TEST(Errors, NameBytesThatNoTextMayHold) {
  expect_mistakes({
      {"a: 1\nk: caf\xE9 x", ErrorKind::kSyntax, 2, 7, "not UTF-8"},
      {"k: \xC0\x80", ErrorKind::kSyntax, 1, 4, "not UTF-8"},
      {"k: \xED\xA0\x80", ErrorKind::kSyntax, 1, 4, "not UTF-8"},
      {"k: \xF4\x90\x80\x80", ErrorKind::kSyntax, 1, 4, "not UTF-8"},
      {"k: \u20ac\x01", ErrorKind::kSyntax, 1, 5, "control character"},
      {"k: \"a\x7f\"", ErrorKind::kSyntax, 1, 6, "control character"},
      {"k: a\rb", ErrorKind::kSyntax, 1, 5, "carriage return"},
  });
}

TEST(Errors, NameWhatWasExpectedInstead) {
  constexpr auto kToken = ErrorKind::kUnexpectedToken;
  expect_mistakes({
      {"42", kToken, 1, 1, "expected a key, found '4'"},
      {"abc", ErrorKind::kUnexpectedEnd, 1, 4, "expected ':', '=' or '|'"},
      {"abc def", kToken, 1, 5, "found 'd'"},
      {"\u20ac @", kToken, 1, 3, "found '@'"},
      {"http://x", kToken, 1, 5, "expected ':', '='"},
      {"k =\nl: 1", kToken, 1, 4, "expected a value after '=', found the end of the line"},
      {"k: \"a\" b", kToken, 1, 8, "expected the end of the line, found 'b'"},
      {"k: [1] 2", kToken, 1, 8, "expected the end of the line"},
      {"k: [1\n2]", kToken, 2, 1, "expected ',' or ']', found '2'"},
      {"k: [1}", kToken, 1, 6, "expected ',' or ']', found '}'"},
      {"k: [1, , 2]", kToken, 1, 8, "expected a value, found ','"},
      {"k: [f[0], 1]", kToken, 1, 6, "needs quotes"},
      {"k: [(1, 2)]", kToken, 1, 5, "needs quotes"},
      {"k: {a}", kToken, 1, 6, "expected ':' after a key"},
      {"k: {a: , b: 1}", kToken, 1, 8, "expected a value"},
      {"k: {1: 2}", kToken, 1, 5, "expected a key"},
      {"k |a, |", kToken, 1, 7, "expected a column name"},
      {"k |a\nb|", kToken, 1, 5, "expected ',' or '|'"},
      {"k |a, b|\n  \"x\" y, 1", kToken, 2, 7, "expected ',' after a cell, found 'y'"},
      {"k: table{i64} = [1]", kToken, 1, 18, "expected a row in parentheses"},
  });
}

TEST(Errors, NameATextThatEndsTooSoon) {
  constexpr auto kEnd = ErrorKind::kUnexpectedEnd;
  expect_mistakes({
      {"k: [1,", kEnd, 1, 7, "expected a value or ']'"},
      {"k: [\n1", kEnd, 2, 2, "expected ',' or ']', found the end of the text"},
      {"k: {a: 1", kEnd, 1, 9, "expected ',' or '}'"},
      {"k: {a:", kEnd, 1, 7, "expected a value"},
      {"k |a, b", kEnd, 1, 8, "expected ',' or '|'"},
      {"k: table{i64} = [(1", kEnd, 1, 20, "expected ',' or ')'"},
      {"k =", kEnd, 1, 4, "expected a value after '='"},
  });
}

TEST(Errors, NameStringsThatAreNotClosed) {
  constexpr auto kOpen = ErrorKind::kUnclosedString;
  expect_mistakes({
      {"k: \"abc", kOpen, 1, 4, "expected '\"' before the end of the text"},
      {"k: \"abc\nl: \"d\"", kOpen, 1, 4, "before the end of the line"},
      {"k: \"a\\\"\n", kOpen, 1, 4, ""},
      {"k: \"a\\", kOpen, 1, 4, ""},
      {"k: \"\"\"a\nb\"\"", kOpen, 1, 4, "expected '\"\"\"'"},
      {"k |a, b|\n  1, \"x", kOpen, 2, 6, ""},
      {"\"k: 1", kOpen, 1, 1, ""},
  });
}

TEST(Errors, NameBadEscapes) {
  constexpr auto kEscape = ErrorKind::kBadEscape;
  expect_mistakes({
      {R"(k: "a\x41")", kEscape, 1, 6, "found a backslash and 'x'"},
      {R"(k: "a\q")", kEscape, 1, 6, "expected \\n"},
      {R"(k: "\u0041")", kEscape, 1, 5, "\\u{...}"},
      {R"(k: "\u{}")", kEscape, 1, 5, ""},
      {R"(k: "\u{D800}")", kEscape, 1, 5, ""},
      {R"(k: "\u{110000}")", kEscape, 1, 5, ""},
      {R"(k: "\u{0000041}")", kEscape, 1, 5, ""},
      {R"(k: "\u{-1}")", kEscape, 1, 5, ""},
      {R"(k: "\u{41")", kEscape, 1, 5, ""},
  });
}

TEST(Errors, NameNumbersOutOfRange) {
  constexpr auto kNumber = ErrorKind::kBadNumber;
  expect_mistakes({
      {"k: 9223372036854775808", kNumber, 1, 4, "out of range"},
      {"k: -9223372036854775809", kNumber, 1, 4, "out of range"},
      {"k: [1, 99999999999999999999]", kNumber, 1, 8, "out of range"},
      {"k |a, b|\n  1e999, 1", kNumber, 2, 3, "out of range"},
      {"k: 1e-999", kNumber, 1, 4, "out of range"},
  });
}

TEST(Errors, NameBadIndentation) {
  constexpr auto kIndentation = ErrorKind::kBadIndentation;
  expect_mistakes({
      {"a: 1\n  b: 2", kIndentation, 2, 3, "found an indentation of 2, expected 0"},
      {"a:\n    b: 1\n  c: 2", kIndentation, 3, 3, "found an indentation of 2, expected 0"},
      {"  a: 1\nb: 2", kIndentation, 2, 1, "found an indentation of 0, expected 2"},
      {"a:\n    b:\n\t\tc: 1", kIndentation, 3, 1, "found a tab"},
      {"a:\n  \tb: 1", kIndentation, 2, 3, "found a tab"},
      {"k |a|\n    1\n   2", kIndentation, 3, 4, "expected 4 as in the rows before"},
      {"k |a|\n    1\n     2", kIndentation, 3, 6, "expected 4 as in the rows before"},
  });
}

TEST(Errors, NameRowsOfAnotherWidth) {
  constexpr auto kWidth = ErrorKind::kRowWidth;
  expect_mistakes({
      {"k |a, b, c|\n  1, 2", kWidth, 2, 3, "expected 3 cells, found 2"},
      {"k |a, b, c|\n  1 # c", kWidth, 2, 3, "expected 3 cells, found 1"},
      {"k |a, b|\n  1, 2\n  1, \"2\", 3, 4", kWidth, 3, 3, "expected 2 cells, found 4"},
      {"k |a, b| 1", kWidth, 1, 10, "expected 2 cells, found 1"},
      {"k: table{i64, i64} = [(1, 2, 3)]", kWidth, 1, 23, "expected 2 cells, found 3"},
      {"k: table{i64, i64} = [(1)]", kWidth, 1, 23, "expected 2 cells, found 1"},
  });
}

TEST(Errors, NameRepeatedKeys) {
  constexpr auto kTwice = ErrorKind::kDuplicateKey;
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "k" + std::to_string(i) + ": 1\n";
  expect_mistakes({
      {"a: 1\nb: 2\na: 3\nb: 4", kTwice, 3, 1, "the key 'a' is there already"},
      {"k: {a: 1, \"a\": 2}", kTwice, 1, 11, "'a'"},
      {"k |a, b, a|", kTwice, 1, 10, "the column 'a'"},
      {many + "k500: 2\nk1: 3\n", kTwice, 1001, 1, "'k500'"},
  });
}

TEST(Limits, HoldDepth) {
  ParseOptions options;
  options.limits.depth = 3;
  EXPECT_TRUE(parse("k: [[[1]]]", options));
  expect_mistakes({{"k: [[[[1]]]]", ErrorKind::kLimit, 1, 7, "nested deeper than 3"},
                   {"a:\n b:\n  c:\n   d:\n    e: 1", ErrorKind::kLimit, 5, 5, "deeper"},
                   {"a: [[{b: table|c| = []}]]", ErrorKind::kLimit, 1, 10, "deeper"}},
                  options);
  expect_mistakes({{"k: " + std::string(1'000'000, '['), ErrorKind::kLimit, 1, 54, "than 50"}});
}

TEST(Limits, HoldStringsAndKeys) {
  ParseOptions options;
  options.limits.string_bytes = 4;
  EXPECT_TRUE(parse("abcd: \"\\u{1F600}\"", options));
  EXPECT_TRUE(parse("k: abcd", options));
  expect_mistakes({{"k: abcde", ErrorKind::kLimit, 1, 4, "longer than 4 bytes"},
                   {"k: \"abcde\"", ErrorKind::kLimit, 1, 4, "longer than 4 bytes"},
                   {"k: \"abcd\\n\"", ErrorKind::kLimit, 1, 4, "longer than 4 bytes"},
                   {"k: \"\"\"abcde\"\"\"", ErrorKind::kLimit, 1, 4, "longer than 4 bytes"},
                   {"abcde: 1", ErrorKind::kLimit, 1, 1, "longer than 4 bytes"},
                   {"k |abcde|", ErrorKind::kLimit, 1, 4, "longer than 4 bytes"}},
                  options);
}

TEST(Limits, HoldValuesAndText) {
  ParseOptions options;
  options.limits.values = 4;
  EXPECT_TRUE(parse("k: [1, 2, 3]", options));
  expect_mistakes({{"k: [1, 2, 3, 4]", ErrorKind::kLimit, 1, 14, "more than 4 values"},
                   {"k |a|\n  1\n  2\n  3", ErrorKind::kLimit, 4, 3, "more than 4 values"}},
                  options);
  options.limits.text_bytes = 5;
  EXPECT_TRUE(parse("k: 12", options));
  expect_mistakes({{"k: 123", ErrorKind::kLimit, 1, 6, "longer than 5 bytes"}}, options);
}

TEST(Limits, AboveTheirCeilingAreRefused) {
  ParseOptions options;
  options.limits.depth = Limits::kDepthCeiling + 1;
  EXPECT_EQ(parse("", options).error().code, ErrorCode::kInvalidArgument);
}

TEST(Diagnostics, ShowTheLineWithACaret) {
  Diagnostic diagnostic;
  ASSERT_FALSE(parse("a: 1\n\u20ac:\t\"x\" y # z\r\nb: 2", {}, &diagnostic));
  EXPECT_EQ(diagnostic.render(),
            "2:8: expected the end of the line, found 'y'\n"
            "\u20ac:\t\"x\" y # z\n"
            "  \t    ^\n");
}

TEST(Diagnostics, AreSafeToPrintAndShort) {
  Diagnostic diagnostic;
  ASSERT_FALSE(parse("k: a \x1b[31m \xFF", {}, &diagnostic));
  EXPECT_EQ(diagnostic.source_line, "k: a \uFFFD[31m \uFFFD");
  EXPECT_EQ(diagnostic.caret, 5u);
  const std::string wide(100'000, 'x');
  ASSERT_FALSE(parse_owned("k: \"" + wide + "\" y" + wide, {}, &diagnostic));
  EXPECT_EQ(diagnostic.position, (Position{1, 100'007}));
  EXPECT_LE(diagnostic.source_line.size(), 130u);
  EXPECT_EQ(diagnostic.source_line[diagnostic.caret], 'y');
}

}  // namespace
}  // namespace smf::sdn
