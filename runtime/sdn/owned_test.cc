#include "runtime/sdn/owned.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "runtime/sdn/document.h"

namespace smf::sdn {
namespace {

OwnedValue sample() {
  return OwnedValue(parse("a:\n  b: [1, 2]\n  c: text\nrows |id, name|\n  1, x\n  2, y\n")->root());
}

TEST(OwnedValue, FindsByPathAsDocumentsDo) {
  const OwnedValue value = sample();
  EXPECT_EQ(value.get("a.b.1").value()->as_int(), 2);
  EXPECT_EQ(value.get("rows.1.name").value()->as_string(), "y");
  EXPECT_EQ(value.get("a.x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(value.get("a.c.x").error().code, ErrorCode::kInvalidArgument);
}

TEST(OwnedValue, SetsWhereTheParentExists) {
  OwnedValue value = sample();
  EXPECT_TRUE(value.set("a.c", 5));
  EXPECT_TRUE(value.set("a.new", "n"));
  EXPECT_TRUE(value.set("a.b.0", nullptr));
  EXPECT_TRUE(value.set("rows.0.name", "z"));
  EXPECT_EQ(value.get("a.c").value()->as_int(), 5);
  EXPECT_EQ(value.get("a.new").value()->as_string(), "n");
  EXPECT_EQ(value.get("a.b.0").value()->kind(), Kind::kNull);
  EXPECT_EQ(value.get("rows.0.name").value()->as_string(), "z");
  EXPECT_EQ(value.set("missing.key", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(value.set("a.b.2", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(value.set("rows.0.other", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(value.set("a.c.d", 1).error().code, ErrorCode::kInvalidArgument);
}

TEST(OwnedValue, ErasesEntriesAndElements) {
  OwnedValue value = sample();
  EXPECT_TRUE(value.erase("a.c"));
  EXPECT_TRUE(value.erase("a.b.0"));
  EXPECT_EQ(value.get("a.b.0").value()->as_int(), 2);
  EXPECT_EQ(value.erase("a.c").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(value.erase("a.b.1").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(value.erase("").error().code, ErrorCode::kInvalidArgument);
}

TEST(OwnedValue, PushesToArraysOnly) {
  OwnedValue value = sample();
  EXPECT_TRUE(value.push("a.b", 3));
  EXPECT_EQ(value.get("a.b.2").value()->as_int(), 3);
  EXPECT_EQ(value.push("a.c", 3).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(value.push("rows", 3).error().code, ErrorCode::kInvalidArgument);
}

TEST(OwnedValue, CopiesDeeplyAndComparesFloatsByBits) {
  OwnedValue value = sample();
  const OwnedValue copy = value;
  EXPECT_TRUE(copy == value);
  ASSERT_TRUE(value.set("rows.0.id", 9));
  EXPECT_FALSE(copy == value);
  EXPECT_FALSE(OwnedValue(0.0) == OwnedValue(-0.0));
  EXPECT_FALSE(OwnedValue(1) == OwnedValue(1.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(OwnedValue(nan) == OwnedValue(nan));
}

TEST(OwnedValue, MayBeAssignedAPartOfItself) {
  OwnedValue value = sample();
  value = *value.get("a.b").value();
  EXPECT_EQ(value.as_array()->size(), 2u);
}

TEST(OwnedValue, PutKeepsTheOrderOfKeys) {
  OwnedValue value = OwnedValue::dict();
  value.put("a", 1);
  value.put("b", 2);
  value.put("a", 3);
  ASSERT_EQ(value.as_dict()->size(), 2u);
  EXPECT_EQ(value.as_dict()->front().second.as_int(), 3);
}

}  // namespace
}  // namespace smf::sdn
