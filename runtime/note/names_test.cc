#include "runtime/note/names.h"

#include <gtest/gtest.h>

namespace smf {
namespace {

using Views = std::vector<std::string_view>;

TEST(Names, AreSpelledCanonically) {
  EXPECT_EQ(canonical_type("Int"), "i64");
  EXPECT_EQ(canonical_type("int"), "i64");
  EXPECT_EQ(canonical_type("i32"), "i32");
  EXPECT_EQ(canonical_type("Float"), "f64");
  EXPECT_EQ(canonical_type("String"), "text");
  EXPECT_EQ(canonical_type("str"), "text");
  EXPECT_EQ(canonical_type("Bool"), "bool");
  EXPECT_EQ(canonical_type("()"), "nil");
  EXPECT_EQ(canonical_type(" List < Map<String, Int> > "), "List<Map<text,i64>>");
  EXPECT_EQ(canonical_type("Integer"), "Integer");
  EXPECT_EQ(canonical_type("fn(Int)->str"), "fn(i64)->text");
  EXPECT_EQ(canonical_type("dyn Shape"), "dyn Shape");
  EXPECT_EQ(canonical_type(""), "");
}

TEST(Names, SplitArgumentsAtCommasOutsideOfBrackets) {
  EXPECT_EQ(split_type_args(""), Views{});
  EXPECT_EQ(split_type_args("  "), Views{});
  EXPECT_EQ(split_type_args("Int"), Views{"Int"});
  EXPECT_EQ(split_type_args("a, Map<b,c> ,(d,e)"), (Views{"a", "Map<b,c>", "(d,e)"}));
  EXPECT_EQ(split_type_args("fn(a,b)->c,d"), (Views{"fn(a,b)->c", "d"}));
  EXPECT_EQ(split_type_args("a>,b"), (Views{"a>", "b"}));
  EXPECT_EQ(split_type_args("a<,b"), Views{"a<,b"});
  EXPECT_EQ(split_type_args("a,"), (Views{"a", ""}));
}

TEST(Names, ArgumentsAreTheSameHoweverTheyAreSpelled) {
  EXPECT_TRUE(same_type_args("Int,String", "i64, text"));
  EXPECT_TRUE(same_type_args("List<Int>", "List<i64>"));
  EXPECT_FALSE(same_type_args("a_b,c", "a,b_c"));
  EXPECT_FALSE(same_type_args("", "nil"));
  EXPECT_FALSE(same_type_args("i32", "Int"));
}

TEST(Names, AreMangledWithADollarAndUnderscores) {
  EXPECT_EQ(mangled_name("List", Views{"Int"}), "List$Int");
  EXPECT_EQ(mangled_name("Map", Views{"a_b", "c"}), mangled_name("Map", Views{"a", "b_c"}));
  EXPECT_EQ(mangled_name("main", {}), "main");
}

}  // namespace
}  // namespace smf
