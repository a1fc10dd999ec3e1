#include "runtime/mir/template_source.h"

#include <gtest/gtest.h>

namespace smf::mir {
namespace {

std::string body_text(const TemplateSpec& spec) {
  return std::string(as_text(Bytes(spec.body).subspan(1)));
}

TEST(TemplateSource, TakesAFunctionWithItsParameters) {
  const auto templates =
      read_template_json(R"({"name": "identity", "symbol": 1, "generic_params": ["T"]})");
  ASSERT_TRUE(templates) << templates.error().describe();
  ASSERT_EQ(templates->size(), 1u);
  const TemplateSpec& spec = templates->front();
  EXPECT_EQ(spec.name, "identity");
  EXPECT_EQ(spec.parameters, std::vector<std::string>{"T"});
  EXPECT_EQ(spec.body.front(), std::byte{kTemplateBodyJson});
  EXPECT_EQ(body_text(spec), R"({"name":"identity","symbol":1,"generic_params":["T"]})");
}

TEST(TemplateSource, TakesParametersFromTheCallerWhereTheTextNamesNone) {
  const auto templates = read_template_json(R"({"name": "pair"})", {{"pair", {"A", "B"}}});
  ASSERT_TRUE(templates);
  EXPECT_EQ(templates->front().parameters, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(body_text(templates->front()), R"({"name":"pair","generic_params":["A","B"]})");
}

TEST(TemplateSource, TakesTheGenericFunctionsAndTypesOfAModule) {
  const auto templates = read_template_json(R"({"name": "m",
    "types": [{"name": "List", "generic_params": ["T"], "struct": []},
              {"name": "Plain", "struct": []},
              {"name": "Option", "generic_params": ["T"], "enum": []}],
    "functions": [{"name": "plain"}, {"name": "first", "generic_params": ["T"]}]})");
  ASSERT_TRUE(templates) << templates.error().describe();
  ASSERT_EQ(templates->size(), 3u);
  EXPECT_EQ((*templates)[0].kind, TemplateKind::kStruct);
  EXPECT_EQ((*templates)[1].kind, TemplateKind::kEnum);
  EXPECT_EQ((*templates)[2].kind, TemplateKind::kFunction);
  EXPECT_EQ((*templates)[2].name, "first");
}

TEST(TemplateSource, KeepsLargeNumbersAndTheOrderOfKeys) {
  const auto templates = read_template_json(
      R"({"z": 18446744073709551615, "name": "f", "a": -9223372036854775808,
          "generic_params": ["T"]})");
  ASSERT_TRUE(templates);
  EXPECT_EQ(body_text(templates->front()),
            R"({"z":18446744073709551615,"name":"f","a":-9223372036854775808,)"
            R"("generic_params":["T"]})");
}

void expect_error(std::string_view text, std::string_view part) {
  const auto templates = read_template_json(text);
  ASSERT_FALSE(templates) << text;
  EXPECT_NE(templates.error().message.find(part), std::string::npos) << templates.error().message;
}

TEST(TemplateSource, SaysWhatIsWrongAndWhere) {
  expect_error("{\"name\": \"f\",\n  oops}", "2:3: not JSON");
  expect_error(R"({"name": "f"})", "--generic f=T");
  expect_error(R"({"generic_params": ["T"]})", "needs a \"name\"");
  expect_error(R"({"name": "f", "generic_params": ["T", "T"]})", "one name");
  expect_error(R"({"name": "f", "generic_params": "T"})", "no array");
  expect_error(R"({"types": [{"name": "S", "generic_params": ["T"]}]})", "either");
  expect_error(R"({"functions": []})", "no generic template");
  expect_error("7", "a JSON object");
  expect_error("", "1:1: not JSON");
}

TEST(TemplateSource, RefusesNestingThatWouldExhaustTheStack) {
  expect_error(std::string(100'000, '['), "nested deeper");
}

}  // namespace
}  // namespace smf::mir
