// The parts of the parser that have tests of their own: scanning, checking, counting.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "runtime/sdn/scan.h"
#include "runtime/sdn/specials.h"
#include "runtime/sdn/spell.h"
#include "runtime/sdn/text_check.h"
#include "runtime/sdn/unique_keys.h"

namespace smf::sdn {
namespace {

TEST(Scan, FindsTheSamePlaceWithAndWithoutSimd) {
  std::mt19937_64 random(7);
  constexpr std::string_view kBytes = "\"\\\nab #!\x5b\x5d\x0b\xa2\xdc\x8a";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 70, 'x');
    for (std::uint64_t i = random() % 4; i > 0 && !text.empty(); --i) {
      text[random() % text.size()] = kBytes[random() % kBytes.size()];
    }
    const char* const end = text.data() + text.size();
    const std::size_t plain = std::min(text.find_first_of("\"\\\n"), text.size());
    ASSERT_EQ(find_quote_escape_or_newline(text.data(), end) - text.data(),
              static_cast<std::ptrdiff_t>(plain));
    ASSERT_EQ(find_quote_escape_or_newline_portable(text.data(), end) - text.data(),
              static_cast<std::ptrdiff_t>(plain));
  }
}

// Text in which specials are rare or frequent, as a window of any size sees it.
std::string random_text(std::mt19937_64& random, std::size_t size) {
  constexpr std::string_view kBytes = "\"\\\n \t\r\x1f\x20\x7e\x7f\x80\xc3\xa4\xff";
  std::string text(size, 'x');
  const std::uint64_t rarity = std::uint64_t{1} << (random() % 8);
  for (char& c : text)
    if (random() % rarity == 0) c = kBytes[random() % kBytes.size()];
  return text;
}

TEST(Specials, AreTheSameWithAndWithoutAvx2) {
#if defined(__x86_64__)
  if (!internal::has_avx2()) GTEST_SKIP() << "no AVX2";
  std::mt19937_64 random(11);
  for (int round = 0; round < 5'000; ++round) {
    const std::string text = random_text(random, random() % 600);
    std::vector<std::uint16_t> portable(text.size() + 8), avx2(text.size() + 8);
    portable.resize(internal::list_specials_portable(text.data(), text.size(), portable.data()));
    avx2.resize(internal::list_specials_avx2(text.data(), text.size(), avx2.data()));
    ASSERT_EQ(portable, avx2) << round;
    ASSERT_EQ(plain_blocks_portable(text.data(), text.size()),
              plain_blocks_avx2(text.data(), text.size()))
        << round;
  }
#else
  GTEST_SKIP() << "not x86-64";
#endif
}

TEST(Specials, AreFoundFromWhereverTheCursorStands) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_text(random, random() % 9'000);
    const char* const end = text.data() + text.size();
    internal::Specials specials(text.data(), end);
    const std::size_t longest_step = 1 + random() % 3'000;
    for (const char* p = text.data();; p += 1 + random() % longest_step) {
      if (p >= end) break;
      ASSERT_EQ(specials.next(p), find_quote_escape_or_newline_portable(p, end)) << round;
    }
  }
}

TEST(TextCheck, FindsABadByteWhereverItStands) {
  for (std::size_t size : {1u, 63u, 64u, 65u, 200u}) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      EXPECT_FALSE(find_bad_byte(text));
      for (const char bad : {'\x00', '\x1f', '\x7f', '\x80', '\xff', '\r'}) {
        text[at] = bad;
        const auto found = find_bad_byte(text);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->offset, at);
      }
    }
  }
}

TEST(TextCheck, AcceptsEveryCharacterAndItsNeighboursInLength) {
  EXPECT_FALSE(
      find_bad_byte("\t\n\r\n \u0080\u07ff\u0800\xED\x9F\xBF\uE000\uffff\U00010000\U0010ffff"));
  EXPECT_EQ(character_size("\xC2"), 0u);
  EXPECT_EQ(character_size("\xE0\x9F\xBF"), 0u);
  EXPECT_EQ(character_size("\xF0\x8F\xBF\xBF"), 0u);
  EXPECT_EQ(character_size("\xE2\x82"), 0u);
  EXPECT_EQ(character_size("\xE2\x82\xAC"), 3u);
}

std::vector<internal::Node> nodes_of(const std::vector<std::string>& texts) {
  std::vector<internal::Node> nodes;
  for (const std::string& text : texts) {
    nodes.push_back(
        {0, internal::Node::make_tag(Kind::kString, text.size()), {.text = text.data()}});
  }
  return nodes;
}

TEST(UniqueKeys, TakeStepsInProportionToTheirNumber) {
  for (const std::uint32_t count : {10u, 1'000u, 100'000u}) {
    std::vector<std::string> texts;
    for (std::uint32_t i = 0; i < count; ++i) texts.push_back(fmt::format("key{}", i));
    const auto nodes = nodes_of(texts);
    std::uint64_t steps = 0;
    EXPECT_EQ(internal::find_repeated(nodes.data(), count, 1, &steps), std::nullopt);
    EXPECT_LE(steps, 8 * std::uint64_t{count});
  }
}

TEST(UniqueKeys, FindTheSameRepetitionByHashingAndBySorting) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> texts;
    for (std::uint64_t i = 2 + random() % 60; i > 0; --i) {
      texts.push_back(std::to_string(random() % 400));
    }
    const auto nodes = nodes_of(texts);
    const auto count = static_cast<std::uint32_t>(nodes.size());
    EXPECT_EQ(internal::find_repeated(nodes.data(), count, 1),
              internal::find_repeated_by_sorting(nodes.data(), count, 1));
  }
}

TEST(Spell, KeepsWhatReadsBackBareAndQuotesTheRest) {
  for (const auto bare :
       {"Dict.get() return type", "/tmp/x", "2.1.0", "a:b", "it's", "a#b", "-x"}) {
    EXPECT_TRUE(reads_back_bare(bare, Place::kLine)) << bare;
  }
  for (const auto quoted :
       {"", " a", "a ", "null", "nil", "true", "42", "1e5", "\"a", "[a", "{a", "#a", "a #b", "a\nb",
        "- a", "table{x", "\x7f", "999999999999999999999"}) {
    EXPECT_FALSE(reads_back_bare(quoted, Place::kLine)) << quoted;
  }
  EXPECT_FALSE(reads_back_bare("a: b", Place::kBlockLine));
  EXPECT_FALSE(reads_back_bare("a]", Place::kBracket));
  EXPECT_TRUE(reads_back_bare("a]", Place::kCell));
  EXPECT_FALSE(reads_back_bare("a, b", Place::kCell));
  EXPECT_FALSE(reads_back_bare("f(x)", Place::kParenthesis));
}

TEST(Spell, WritesTheShortestFloatThatIsStillAFloat) {
  const auto written = [](double value) {
    std::string out;
    append_float(out, value);
    return out;
  };
  EXPECT_EQ(written(1), "1.0");
  EXPECT_EQ(written(-0.0), "-0.0");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(1e308), "1e+308");
  EXPECT_EQ(written(5e-324), "5e-324");
}

}  // namespace
}  // namespace smf::sdn
