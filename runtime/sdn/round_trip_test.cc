// parse(write(v)) == v, and what happens on the way there to damaged text.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "runtime/sdn/document.h"
#include "runtime/sdn/random_value.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn {
namespace {

TEST(RoundTrip, EveryGeneratedValueReadsBackAsItself) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const OwnedValue value = RandomValues(seed).document(4);
    WriteOptions options;
    options.line_width = seed % 3 == 0 ? 0 : 100;
    options.cells = seed % 2 == 0 ? Quoting::kEveryString : Quoting::kWhenNeeded;
    const auto text = write(value, options);
    ASSERT_TRUE(text) << text.error().message;
    const auto document = parse(*text);
    ASSERT_TRUE(document) << document.error().message << "\n" << *text;
    ASSERT_TRUE(OwnedValue(document->root()) == value) << *text;
    ASSERT_EQ(write(document->root(), options).value(), *text) << "both trees are written alike";
  }
}

TEST(RoundTrip, EveryGeneratedValueReadsBackFromOneLine) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const OwnedValue value = RandomValues(seed).any(4);
    const auto text = write_inline(value);
    ASSERT_TRUE(text) << text.error().message;
    ASSERT_EQ(text->find('\n'), text->npos);
    const auto document = parse_owned("key: [" + *text + "]");
    ASSERT_TRUE(document) << document.error().message << "\n" << *text;
    ASSERT_TRUE(OwnedValue(*document->get("key.0")) == value) << *text;
  }
}

constexpr std::string_view kSample =
    "# a comment\r\n"
    "name: caf\u00e9 \U0001F600\n"
    "\"quoted key\" = [1, -2.5e3, {a: null, b: \"x\\n\\u{1F600}\"}, # more\n"
    "  true]\n"
    "build:\n"
    "\t# tabs do not matter here\n"
    "    list:\n"
    "        one\n"
    "        \"\"\"two\n lines\"\"\"\n"
    "    typed: table{i64, text} = [(1, a), (2, \"b)\")]\n"
    "    rows |id, \"the name\"| 0, first\n"
    "        1, \"a, b\"\n"
    "        2, rest, of line # end\n"
    "empty:\n";

TEST(RoundTrip, EveryPrefixOfASampleParsesOrGivesAnErrorInsideIt) {
  ASSERT_TRUE(parse(kSample));
  for (std::size_t size = 0; size <= kSample.size(); ++size) {
    const std::string prefix(kSample.substr(0, size));
    Diagnostic diagnostic;
    const auto document = parse(prefix, {}, &diagnostic);
    if (document) {
      const auto text = write(document->root());
      ASSERT_TRUE(text);
      const auto again = parse(*text);
      ASSERT_TRUE(again) << *text;
      EXPECT_TRUE(again->root() == document->root()) << *text;
    } else {
      EXPECT_LE(diagnostic.offset, size);
      EXPECT_EQ(document.error().offset, diagnostic.offset);
    }
  }
}

TEST(RoundTrip, EverySingleByteChangeOfASampleParsesOrGivesAnError) {
  for (std::size_t at = 0; at < kSample.size(); ++at) {
    for (const char byte : std::string_view("\0\x01\t\n\r \"#(),-/0:=[\\]_et{|}\x80\xC3\xFF", 28)) {
      std::string changed(kSample);
      changed[at] = byte;
      Diagnostic diagnostic;
      const auto document = parse(changed, {}, &diagnostic);
      if (!document) {
        ASSERT_FALSE(diagnostic.render().empty());
      }
    }
  }
}

TEST(RoundTrip, WrittenTextIsAFixedPoint) {
  const auto once = write(parse(kSample)->root());
  ASSERT_TRUE(once);
  EXPECT_EQ(write(parse(*once)->root()).value(), *once);
}

}  // namespace
}  // namespace smf::sdn
