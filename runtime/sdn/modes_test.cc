// What the cases of testdata/sdn do not say of the lenient and the upstream mode: warnings, spans,
// limits, texts that are large.
#include <gtest/gtest.h>

#include <string>

#include "runtime/sdn/document.h"
#include "runtime/sdn/editor.h"
#include "runtime/sdn/format.h"
#include "runtime/sdn/random_value.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn {
namespace {

constexpr ParseOptions kLenient{.mode = Mode::kLenient};
constexpr ParseOptions kUpstream{.mode = Mode::kUpstream};

TEST(Warnings, ShowTheirLineAndAreInTheOrderOfTheText) {
  const auto document = parse("a:\n  x: 1\n  x: 2\nb:\n  - \u20ac: {y: 1, y: 2}\n", kLenient);
  ASSERT_TRUE(document) << document.error().message;
  ASSERT_EQ(document->warnings().size(), 3u);
  EXPECT_EQ(document->warnings()[1].position, (Position{5, 3}));
  EXPECT_EQ(document->warnings()[2].render(),
            "5:15: the key 'y' is there already: the last one counts\n"
            "  - \u20ac: {y: 1, y: 2}\n"
            "              ^\n");
  EXPECT_EQ(document->warnings()[2].offset, document->text().find("y: 2"));
  EXPECT_FALSE(document->is_strict());
}

TEST(Warnings, AreKeptUpToALimitAndCountedBeyond) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "a: 1\n";
  const auto document = parse(text, kLenient);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->warnings().size(), 100u);
  EXPECT_EQ(document->warnings()[99].position.line, 101u);
  EXPECT_EQ(document->warning_count(), 499u);
  EXPECT_TRUE(parse(text, {.mode = Mode::kLenient, .limits = {.warnings = 0}})->warnings().empty());
  EXPECT_EQ(parse("", {.limits = {.warnings = Limits::kWarningsCeiling + 1}}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(Lenient, MeansTheSameForEveryStrictText) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const auto text = write(RandomValues(seed).document(4));
    ASSERT_TRUE(text);
    const auto strict = parse(*text);
    const auto lenient = parse(*text, kLenient);
    ASSERT_TRUE(strict && lenient) << *text;
    ASSERT_TRUE(strict->root() == lenient->root() && lenient->is_strict()) << *text;
  }
}

TEST(Lenient, KnowsWhereGatheredValuesStand) {
  const std::string_view text = "[a]\nb = [1, 2] # c\n[d]\nl:\n- x\n- {y: \"z\"}\n[e]\n";
  const auto document = parse(text, kLenient);
  ASSERT_TRUE(document);
  const auto bytes = [&](std::string_view path) {
    const Span span = document->get(path)->span();
    return text.substr(span.offset, span.length);
  };
  EXPECT_EQ(bytes("a"), "b = [1, 2]");
  EXPECT_EQ(bytes("a.b"), "[1, 2]");
  EXPECT_EQ(bytes("d.l"), "x\n- {y: \"z\"}");
  EXPECT_EQ(bytes("d.l.1"), "{y: \"z\"}");
  EXPECT_EQ(bytes("e"), "");
  EXPECT_EQ(document->get("e")->position(), (Position{7, 4}));
}

TEST(Lenient, HoldsTheLimits) {
  const ParseOptions shallow{.mode = Mode::kLenient, .limits = {.depth = 2}};
  EXPECT_TRUE(parse("k:\n- - 1\n", shallow));
  EXPECT_EQ(parse("k:\n- - - 1\n", shallow).error().message, "2:5: nested deeper than 2");
  EXPECT_TRUE(parse("[a.b]\nc = 1\n", shallow));
  EXPECT_EQ(parse("[a.b.c]\n", shallow).error().message, "1:6: nested deeper than 2");
  EXPECT_TRUE(parse("a b\n  c: 1\n", shallow));
  EXPECT_EQ(parse("a b\n  c: [1]\n", shallow).error().message, "2:6: nested deeper than 2");
  const ParseOptions few{.mode = Mode::kLenient, .limits = {.values = 2}};
  EXPECT_TRUE(parse("k:\n- 1\n", few));
  EXPECT_EQ(parse("k:\n- 1\n- 2\n", few).error().code, ErrorCode::kLimit);
  EXPECT_EQ(parse("[a]\n[b]\n[c]\n", few).error().code, ErrorCode::kLimit);
}

TEST(Lenient, ReadsManyRepeatedKeysAndSections) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += "k" + std::to_string(i % 25'000) + ": " + std::to_string(i) + "\n";
  }
  for (int i = 0; i < 20'000; ++i) text += "[s.t" + std::to_string(i % 10'000) + "]\nx = 1\n";
  const auto document = parse(text, kLenient);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->dict().size(), 25'001u);
  EXPECT_EQ(document->get("k7")->as_int(), 25'007);
  EXPECT_EQ(document->get("s")->as_dict()->size(), 10'000u);
  EXPECT_EQ(document->warning_count(), 25'000u + 20'000u + 10'000u);
}

TEST(Lenient, IsWrittenAsStrictText) {
  const auto document = parse("[a]\nl:\n- x: 1\n  y: 2\n[b]\nc d\n  e: f\n", kLenient);
  ASSERT_TRUE(document);
  EXPECT_EQ(format(*document).error().code, ErrorCode::kInvalidArgument);
  const auto text = write(document->root());
  ASSERT_TRUE(text);
  EXPECT_TRUE(parse(*text)->root() == document->root()) << *text;
}

TEST(Upstream, HasNoSpansButOffsets) {
  const auto document = parse("a: $x\n", kUpstream);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->get("a")->span(), (Span{4, 0}));
  EXPECT_EQ(document->get("a")->position(), (Position{1, 5}));
  EXPECT_FALSE(document->is_strict());
}

TEST(Upstream, HoldsTheLimits) {
  const std::string deep = "k: " + std::string(100'000, '[');
  EXPECT_EQ(parse(deep, kUpstream).error().message, "1:54: nested deeper than 50");
  const ParseOptions small{.mode = Mode::kUpstream, .limits = {.string_bytes = 4, .values = 3}};
  EXPECT_EQ(parse("k: abcde\n", small).error().code, ErrorCode::kLimit);
  EXPECT_EQ(parse("k: \"abcde\"\n", small).error().code, ErrorCode::kLimit);
  EXPECT_EQ(parse("k |a|\n    ab cd\n", small).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(parse("k |a|\n    1\n", small));
  EXPECT_EQ(parse("k |a|\n    1\n    2\n", small).error().code, ErrorCode::kLimit);
}

TEST(Upstream, ReadsWhatItLosesInLinearTime) {
  std::string text = "k:\n  a: 1\n";
  for (int i = 0; i < 100'000; ++i) text += "  $@ 7 [\n";
  const auto document = parse(text, kUpstream);
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->warnings().size(), 100u);
  EXPECT_EQ(document->warning_count(), 300'000u);
  EXPECT_EQ(document->get("k")->as_dict()->size(), 1u);
}

}  // namespace
}  // namespace smf::sdn
