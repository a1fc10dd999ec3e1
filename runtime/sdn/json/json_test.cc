#include "runtime/sdn/json/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/sdn/document.h"
#include "runtime/sdn/random_value.h"

namespace smf::sdn {
namespace {

std::string json(std::string_view text) {
  const auto document = parse(text);
  EXPECT_TRUE(document) << document.error().message;
  return to_json(document->root(), {.indent = 0}).value();
}

TEST(Json, HasAPlaceForEveryKind) {
  EXPECT_EQ(json(""), "{}");
  EXPECT_EQ(json("a: 1\nb: x\nc: 1.5\nd: true\ne:\n"),
            R"({"a":1,"b":"x","c":1.5,"d":true,"e":null})");
  EXPECT_EQ(json("a: [1, [], {b: \"\\u{e9}\\n\"}]\n"), "{\"a\":[1,[],{\"b\":\"\xC3\xA9\\n\"}]}");
  EXPECT_EQ(json("t |a, b|\n    1, x\n    2, \nu: table{i, t}\n    1, x\n"),
            R"({"t":[{"a":1,"b":"x"},{"a":2,"b":""}],"u":[[1,"x"]]})");
  EXPECT_EQ(json("a: 1.0\nb: -0.0\nc: 1e300\nd: -9223372036854775808\n"),
            R"({"a":1.0,"b":-0.0,"c":1e+300,"d":-9223372036854775808})");
}

TEST(Json, IsIndented) {
  const auto document = parse("a: [1]\nt |x|\n    1\nd: {}\n");
  EXPECT_EQ(to_json(document->root()).value(),
            "{\n  \"a\": [\n    1\n  ],\n  \"t\": [\n    {\"x\": 1}\n  ],\n  \"d\": {}\n}");
}

TEST(Json, ComesBackTidy) {
  const auto value = from_json(R"({"t": [{"a": 1, "b": null}, {"a": "x", "b": 2.5}], "l": [{}]})");
  ASSERT_TRUE(value);
  ASSERT_NE(value->find("t")->as_table(), nullptr);
  EXPECT_EQ(value->find("t")->as_table()->cell(1, 1).as_float(), 2.5);
  EXPECT_NE(value->find("l")->as_array(), nullptr);
  // Another order of keys, a container as a value: no table.
  EXPECT_NE(from_json(R"([{"a":1,"b":2},{"b":1,"a":2}])")->as_array(), nullptr);
  EXPECT_NE(from_json(R"([{"a":[]}])")->as_array(), nullptr);
}

TEST(Json, TellsWhatItCannotTake) {
  EXPECT_EQ(from_json("[1, }").error().offset, 4u);
  EXPECT_EQ(from_json("").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(from_json("[1] x").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(from_json(R"({"a":1,"a":2})").error().message, "1:10: the key 'a' is there already");
  EXPECT_EQ(from_json("9223372036854775808").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(from_json("123456789012345678901234567890").error().message,
            "1:30: the integer 123456789012345678901234567890 does not fit 64 bits with a sign");
  EXPECT_EQ(from_json("-9223372036854775808")->as_int(), INT64_MIN);
  EXPECT_EQ(from_json(std::string(60, '[')).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(from_json(std::string(50, '[') + std::string(50, ']')));
  EXPECT_EQ(to_json(OwnedValue(std::string_view("\xFF"))).error().code,
            ErrorCode::kInvalidArgument);
}

// There and back: the same JSON values, by the library's own comparison.
TEST(Json, SurvivesTheWayThroughSdn) {
  RandomValues random(5);
  int tables = 0;
  for (int round = 0; round < 2000; ++round) {
    const OwnedValue value = random.document(3);
    const auto text = to_json(value);
    if (!text) continue;  // NaN, or text that is not UTF-8
    const auto back = from_json(*text);
    if (!back) {
      // Two columns of a table may share a name.
      ASSERT_NE(back.error().message.find("is there already"), std::string::npos) << *text;
      continue;
    }
    const auto again = to_json(*back);
    ASSERT_TRUE(again);
    ASSERT_EQ(nlohmann::ordered_json::parse(*again), nlohmann::ordered_json::parse(*text));
    tables += text->find("[\n") != std::string::npos;
  }
  EXPECT_GT(tables, 100);
}

}  // namespace
}  // namespace smf::sdn
