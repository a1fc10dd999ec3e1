// Reading a document: kinds, paths, iteration, positions.
#include "runtime/sdn/value.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "runtime/sdn/document.h"

namespace smf::sdn {
namespace {

constexpr std::string_view kDocument =
    "name: \u20acuro\n"
    "a:\n"
    "    b: [10, 20.5, true]\n"
    "    \"c.d\": {\"e\\\"f\": null}\n"
    "rows |id, \"two words\"|\n"
    "    0, \"x\"\n"
    "    , last one\n";

class Reading : public testing::Test {
 protected:
  Document document_ = *parse(kDocument);
};

TEST_F(Reading, GivesAValueOnlyAsWhatItIs) {
  const Value value = *document_.get("a.b.0");
  EXPECT_EQ(value.kind(), Kind::kInt);
  EXPECT_EQ(value.as_int(), 10);
  EXPECT_EQ(value.as_float(), std::nullopt);
  EXPECT_EQ(value.as_string(), std::nullopt);
  EXPECT_EQ(value.expect_float().value(), 10.0);
  EXPECT_EQ(document_.get("a.b.1")->as_float(), 20.5);
  EXPECT_EQ(document_.get("a.b.2")->as_bool(), true);
  EXPECT_TRUE(document_.get("a.\"c.d\".\"e\\\"f\"")->is_null());
}

TEST_F(Reading, SaysWhereAnotherKindWasExpected) {
  const auto text = document_.get("a.b.0")->expect_string();
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "3:9: expected a string, found an int");
  EXPECT_EQ(text.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(text.error().offset, document_.get("a.b.0")->offset());
  EXPECT_EQ(document_.get("name")->expect_table().error().message,
            "1:7: expected a table, found a string");
}

TEST_F(Reading, SaysWhatAPathDoesNotFind) {
  EXPECT_EQ(document_.get("a.x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(document_.get("a.x").error().message, "3:5: path 'a.x': there is no 'x' in this dict");
  EXPECT_EQ(document_.get("a.b.3").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(document_.get("a.b.-1").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(document_.get("rows.0").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(document_.get("rows.2.id").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(document_.get("rows.0.2").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(document_.get("name.x").error().code, ErrorCode::kInvalidInput);
  for (const std::string_view path : {".", "a.", ".a", "a..b", "\"a", "\"a\"b"}) {
    EXPECT_EQ(document_.get(path).error().code, ErrorCode::kInvalidArgument) << path;
  }
  EXPECT_TRUE(document_.get("")->as_dict());
}

TEST_F(Reading, IteratesInTheOrderOfTheText) {
  std::string keys;
  for (const DictEntry& entry : document_.dict()) keys += std::string(entry.key) + " ";
  EXPECT_EQ(keys, "name a rows ");
  const Array array = *document_.get("a.b")->as_array();
  int count = 0;
  for (const Value& value : array) count += value.is_null() ? 0 : 1;
  EXPECT_EQ(count, 3);
  EXPECT_EQ(document_.dict().find("nobody"), std::nullopt);
}

TEST_F(Reading, KnowsWhereValuesAndRowsStand) {
  EXPECT_EQ(document_.get("name")->position(), (Position{1, 7}));
  EXPECT_EQ(document_.get("a")->position(), (Position{3, 5}));
  EXPECT_EQ(document_.get("a.b")->position(), (Position{3, 8}));
  const Table rows = *document_.get("rows")->as_table();
  EXPECT_EQ(document_.get("rows")->position(), (Position{5, 6}));
  EXPECT_EQ(document_.position(rows.row(0).offset()), (Position{6, 5}));
  EXPECT_EQ(rows.row(1).offset(), kDocument.find(", last"));
  EXPECT_EQ(document_.position(rows.cell(1, 1).offset()), (Position{7, 7}));
  EXPECT_TRUE(rows.cell(0, 1).quoted());
  EXPECT_FALSE(rows.cell(1, 1).quoted());
  EXPECT_EQ(document_.dict()[1].key_offset, kDocument.find("a:"));
}

TEST_F(Reading, GoesOnAfterTheDocumentMoved) {
  const Value before = *document_.get("rows.0.two words");
  const Document moved = std::move(document_);
  EXPECT_EQ(before.as_string(), "x");
  EXPECT_EQ(moved.get("rows.0.two words")->as_string(), "x");
}

TEST(ParseOwned, KeepsItsText) {
  auto document = parse_owned(std::string("k: v"));
  const Document moved = *std::move(document);
  EXPECT_EQ(moved.get("k")->as_string(), "v");
  EXPECT_EQ(moved.text(), "k: v");
}

bool same(std::string_view a, std::string_view b) { return parse(a)->root() == parse(b)->root(); }

TEST(Equality, ComparesContentAndNotSpelling) {
  EXPECT_TRUE(same("k: [1, a]", "k:\n    1\n    \"a\" # c\n"));
  EXPECT_TRUE(same("k |a|\n  1", "k |a| 1"));
  EXPECT_FALSE(same("k |a|\n  1", "k: table{a} = [(1)]"));
  EXPECT_FALSE(same("k |a|\n  1", "k |b|\n  1"));
  EXPECT_FALSE(same("k |a|\n  1", "k |a|\n  2"));
  EXPECT_FALSE(same("a: 1\nb: 2", "b: 2\na: 1"));
  EXPECT_FALSE(same("k: 1", "k: 1.0"));
  EXPECT_FALSE(same("k: 0.0", "k: -0.0"));
  EXPECT_FALSE(same("k: \"1\"", "k: 1"));
}

}  // namespace
}  // namespace smf::sdn
