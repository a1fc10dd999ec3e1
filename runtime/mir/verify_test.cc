#include "runtime/mir/verify.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/mir/running.h"

namespace smf::mir {
namespace {

// What is said of the body of `fn f(i64, *mut i64, bool) -> i64`, which has locals of many types.
std::string verdict(std::string_view body, std::string_view types = "i64, *mut i64, bool") {
  Running running;
  running.add(
      "struct #1 Pair<A, B> {\n  first: A\n  second: B\n}\n"
      "enum #2 Option<T> {\n  None()\n  Some(T)\n}\n"
      "fn #1 f(" +
      std::string(types) +
      ") -> i64 entry 0 {\n"
      "  local %0 n: i64 arg 0\n  local %1 p: *mut i64 arg 1\n  local %2 b: bool arg 2\n"
      "  local %3: i64 temp\n  local %4: f64 temp\n  local %5: u8 temp\n  local %6: bool temp\n"
      "  local %7: Pair<i64, u8> temp\n  local %8: [i64; 2] temp\n  local %9: Option<i64> temp\n"
      "  local %10: *mut Pair<i64, u8> temp\n  local %11: text temp\n  local %12: u32 temp\n"
      "  local %13: fn(i64) -> i64 temp\n  local %14: u64 temp\n  local %15: i32 temp\n"
      "  local %16: unit temp\n" +
      std::string(body) + "}\n");
  const auto made = running.make("f", {});
  if (!made) return made.error().message;
  const auto verified = verify(running.program, running.layouts, *made);
  return verified ? "fine" : verified.error().message;
}

// One instruction, and then the end.
std::string of(std::string_view instruction) {
  const std::string said =
      verdict("  block 0:\n    " + std::string(instruction) + "\n    return %0\n");
  constexpr std::string_view kWhere = "function 'f', block 0, instruction 0: ";
  return said.starts_with(kWhere) ? said.substr(kWhere.size()) : said;
}

std::string ending(std::string_view terminator) {
  const std::string said = verdict("  block 0:\n    " + std::string(terminator) + "\n");
  constexpr std::string_view kWhere = "function 'f', block 0, terminator: ";
  return said.starts_with(kWhere) ? said.substr(kWhere.size()) : said;
}

TEST(Verify, WhatMakesSenseIsFine) {
  for (const char* const instruction : {"nop",
                                        "%3 = const i64 -5",
                                        "%3 = copy %0",
                                        "%3 = add %0, i64 1",
                                        "%3 = shl %0, u8 3",
                                        "%6 = lt %0, i64 1",
                                        "%6 = and %2, bool true",
                                        "%6 = eq %1, *mut i64 null",
                                        "%1 = offset %1, %0",
                                        "%6 = not %2",
                                        "%3 = bitnot %0",
                                        "%1 = alloc i64",
                                        "%3 = load %1",
                                        "store %1, %0",
                                        "%7 = aggregate struct Pair<i64, u8> (%0, u8 1)",
                                        "%8 = aggregate array i64 (%0, %0)",
                                        "%9 = aggregate enum Option<i64> 1 (%0)",
                                        "%9 = aggregate enum Option<i64> 0 ()",
                                        "%4 = cast %0 to f64",
                                        "%4 = bitcast %0 to f64",
                                        "%14 = cast %1 to u64",
                                        "%3 = call fn(i64) -> i64 \"g\"(%0)",
                                        "call fn(i64, ...) \"log\"(%0, %2)",
                                        "%3 = call opaque \"g\" \"g\"(%0)",
                                        "%14 = intrinsic size_of(f64 zero)",
                                        "%12 = intrinsic enum_tag(Option<i64> zero)",
                                        "%3 = intrinsic enum_field(Option<i64> zero, u32 1, u32 0)",
                                        "%3 = intrinsic rotl(%0, u8 1)",
                                        "%15 = intrinsic memcmp(%1, %1, u64 8)",
                                        "%3 = intrinsic max(%0, %0)",
                                        "debug %3 x",
                                        "%13 = const fn(i64) -> i64 \"g\"",
                                        "%11 = const text \"hello\"",
                                        "%4 = const f64 nan",
                                        "%5 = const u8 255",
                                        "%16 = const unit null",
                                        "intrinsic memset(%1, u8 0, u64 8)"})
    EXPECT_EQ(of(instruction), "fine") << instruction;
  for (const char* const terminator :
       {"return %0", "return i64 3", "goto 0", "if %2 then 0 else 0",
        "switch %0 [-1: 0, 5: 0] else 0", "unreachable", "abort \"no\""})
    EXPECT_EQ(ending(terminator), "fine") << terminator;
}

TEST(Verify, WhatDoesNotIsSaid) {
  const std::pair<const char*, const char*> cases[] = {
      {"%3 = const f64 1.0", "the destination is i64, not f64"},
      {"%5 = const u8 256", "a constant that is no u8"},
      {"%5 = const u8 -1", "a constant that is no u8"},
      {"%5 = const u8 1.5", "a constant that is no u8"},
      {"%3 = const i64 18446744073709551615", "a constant that is no i64"},
      {"%6 = const bool 2", "a constant that is no bool"},
      {"%3 = const i64 null", "a constant that is no i64"},
      {"%3 = copy %2", "the destination is i64, not bool"},
      {"%3 = add %0, u8 1", "the right operand is u8, not i64"},
      {"%6 = add %2, %2", "add of bool"},
      {"%4 = and f64 1.0, f64 1.0", "and of f64"},
      {"%3 = lt %0, %0", "the destination is i64, not bool"},
      {"%3 = shl %0, f64 1.0", "the right operand is f64, not an integer"},
      {"%3 = offset %0, %0", "the left operand is i64, not a pointer"},
      {"%3 = not %0", "not of i64"},
      {"%6 = neg %2", "neg of bool"},
      {"%4 = bitnot f64 1.0", "bitnot of f64"},
      {"%3 = alloc i64", "the destination is i64, not a pointer"},
      {"%1 = alloc u8", "what the destination points at is i64, not u8"},
      {"%3 = load %0", "the address is i64, not a pointer"},
      {"%4 = load %1", "what the address points at is i64, not f64"},
      {"store %1, %2", "the value is bool, not i64"},
      {"%1 = element %1", "an element without an index"},
      {"%1 = element %1, f64 1.0", "an index is f64, not an integer"},
      {"%1 = element *mut Pair<i64, u8> null, i64 0, %0",
       "an index into Pair<i64,u8> that is no constant"},
      {"%1 = element *mut Pair<i64, u8> null, i64 0, i32 2",
       "field 2 of Pair<i64,u8>, which has 2"},
      {"%1 = element *mut Pair<i64, u8> null, i64 0, i32 1",
       "what the destination points at is i64, not u8"},
      {"%7 = aggregate struct Pair<i64, u8> (%0)", "1 values for the 2 fields of Pair<i64,u8>"},
      {"%7 = aggregate struct Pair<i64, u8> (%0, %0)", "field 1 is i64, not u8"},
      {"%7 = aggregate tuple (%0, u8 1)", "the destination is Pair<i64,u8>, not ()"},
      {"%8 = aggregate array i64 (%0)", "the destination is [i64;2], not 1 elements of i64"},
      {"%9 = aggregate enum Option<i64> 2 ()", "Option<i64> has no variant 2"},
      {"%3 = field %0, 0", "i64 has no fields"},
      {"%3 = field Option<i64> zero, 0", "a field of Option<i64>, whose variant is not known here"},
      {"%3 = field Pair<i64, u8> zero, 7", "field 7 of Pair<i64,u8>, which has 2"},
      {"set_field Pair<i64, u8> zero, 0, %0", "a field of a constant is set"},
      {"%3 = cast text zero to i64", "a cast of text to i64"},
      {"%3 = bitcast %2 to i64", "a bit cast of bool, 1 bytes, to i64, 8"},
      {"%3 = call i64 5(%0)", "what is called is neither a name nor a local"},
      {"%3 = call %0(%0)", "what is called is i64, not a function"},
      {"%3 = call fn(i64) -> i64 \"g\"()", "0 arguments for 1 parameters"},
      {"%3 = call fn(i64) -> i64 \"g\"(%2)", "argument 0 is bool, not i64"},
      {"%6 = call fn(i64) -> i64 \"g\"(%0)", "the destination is bool, not i64"},
      {"%3 = call_indirect %0(%0) as fn(i64) -> i64", "what is called is no pointer"},
      {"%3 = intrinsic frobnicate(%0)", "there is no intrinsic 'frobnicate'"},
      {"%3 = intrinsic max(%0)", "max takes 2 arguments and is given 1"},
      {"%3 = intrinsic sqrt(%0)", "sqrt of i64"},
      {"%4 = intrinsic popcount(f64 1.0)", "popcount of f64"},
      {"%12 = intrinsic enum_tag(%0)", "i64 is no enum"},
      {"%3 = intrinsic enum_field(Option<i64> zero, u32 0, u32 0)",
       "field 0 of variant 0 of Option<i64>, which has 0"},
      {"%3 = intrinsic enum_field(Option<i64> zero, %12, u32 0)",
       "the variant or the field of enum_field is no constant"},
      {"%3 = copy %99", "there is no local 99"},
      {"%99 = copy %0", "there is no local 99"},
  };
  for (const auto& [instruction, message] : cases)
    EXPECT_EQ(of(instruction), message) << instruction;
}

TEST(Verify, EndsHaveToFit) {
  EXPECT_EQ(ending("return %2"), "what is returned is bool, not i64");
  EXPECT_EQ(ending("return"), "what is returned is nil, not i64");
  EXPECT_EQ(ending("if %0 then 0 else 0"), "the condition is i64, not bool");
  EXPECT_EQ(ending("switch f64 1.0 [0: 0] else 0"), "the value is f64, not an integer");
  EXPECT_EQ(ending("switch %0 [1: 0, 1: 0] else 0"), "a case is there twice");
  EXPECT_EQ(ending("switch u8 1 [256: 0] else 0"), "a case that is no u8");
  EXPECT_EQ(ending("goto 7"), "function 'f', block 0, instruction 0: there is no block 7");
}

TEST(Verify, LocalsAreDefinedOnEveryPath) {
  EXPECT_EQ(verdict("  block 0:\n    %3 = add %3, i64 1\n    return %3\n"),
            "function 'f', block 0, instruction 0: local 3 may be used before it is defined");
  const std::string one_branch =
      "  block 0:\n    if %2 then 1 else 2\n  block 1:\n    %3 = const i64 1\n    goto 2\n"
      "  block 2:\n    return %3\n";
  EXPECT_EQ(verdict(one_branch),
            "function 'f', block 2, terminator: local 3 may be used before it is defined");
  EXPECT_EQ(verdict("  block 0:\n    if %2 then 1 else 2\n  block 1:\n    %3 = const i64 1\n"
                    "    goto 3\n  block 2:\n    %3 = const i64 2\n    goto 3\n  block 3:\n"
                    "    return %3\n"),
            "fine");
  // Around a loop, and where nothing leads.
  EXPECT_EQ(verdict("  block 0:\n    %3 = const i64 0\n    goto 1\n  block 1:\n"
                    "    %3 = add %3, i64 1\n    if %2 then 1 else 2\n  block 2:\n    return %3\n"
                    "  block 3:\n    return %4\n"),
            "function 'f', block 3, terminator: what is returned is f64, not i64");
  EXPECT_EQ(verdict("  block 0:\n    return %0\n  block 1:\n    return %3\n"), "fine");
}

TEST(Verify, ArgumentsAreThoseOfTheSignature) {
  const std::string body = "  block 0:\n    return %0\n";
  EXPECT_EQ(verdict(body, "i64, *mut i64"), "function 'f': local 2 is argument 2 of 2");
  EXPECT_EQ(verdict(body, "u8, *mut i64, bool"), "function 'f': argument 0 is i64, not u8");
}

TEST(Verify, GeneralFormsAreVerifiedAsFarAsTheyCanBe) {
  Running running;
  running.add(
      "fn #1 good<T>(T, T) -> T entry 0 {\n  local %0: T arg 0\n  local %1: T arg 1\n"
      "  local %2: bool temp\n  block 0:\n    %2 = lt %0, %1\n    return %1\n}\n"
      "fn #2 bad<T, U>(T, U) -> T entry 0 {\n  local %0: T arg 0\n  local %1: U arg 1\n"
      "  block 0:\n    return %1\n}\n");
  const auto good = running.program.check("good");
  ASSERT_TRUE(good.has_value()) << good.error().message;
  EXPECT_TRUE(verify(running.program, running.layouts, *good).has_value());
  const auto bad = running.program.check("bad");
  ASSERT_TRUE(bad.has_value()) << bad.error().message;
  const auto verified = verify(running.program, running.layouts, *bad);
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().message,
            "function 'bad', block 0, terminator: what is returned is U, not T");
}

}  // namespace
}  // namespace smf::mir
