#include "runtime/mir/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/json.h"
#include "runtime/mir/text_samples.h"

namespace smf::mir {
namespace {

void expect_canonical(std::string_view text) {
  const auto unit = read_text(text);
  ASSERT_TRUE(unit) << unit.error().message;
  EXPECT_EQ(write_text(*unit), text);
  expect_round_trip(*unit);
}

std::string json_function(std::string_view instruction, std::string_view terminator,
                          std::string_view type = "\"I64\"") {
  return fmt::format(R"({{"symbol":1,"name":"f","signature":{{"params":[{2}],"return_type":null,)"
                     R"("is_variadic":false}},"locals":[],"blocks":[{{"id":0,"label":null,)"
                     R"("instructions":[{0}],"terminator":{1}}}],"entry_block":0,)"
                     R"("generic_params":["T"]}})",
                     instruction, terminator, type);
}

void expect_json_round_trip(const std::string& json) {
  SCOPED_TRACE(json);
  const auto unit = read_json(json);
  ASSERT_TRUE(unit) << unit.error().message;
  expect_round_trip(*unit);
}

TEST(Text, CanonicalTextIsWrittenAsItWasRead) {
  expect_canonical(kEverything);
  expect_canonical("");
  expect_canonical("module \"\"\n");
}

TEST(Text, BlanksCommentsAndLineEndsAreFree) {
  const auto unit = read_text(
      "\xEF\xBB\xBF// first\r\n\r\n  fn#1 f < T:any >(T , T)->T  entry 0{ // {\r\n\n"
      "block 0 : // label\n //\n\tforeign  {\"A\" : 1, \"B\":2}  \r\n"
      "foreign {\"Throw\" : [ ]}\r\n\r\n  }//");
  ASSERT_FALSE(unit);  // two members
  const auto good = read_text(
      "\xEF\xBB\xBF// first\r\n\r\n  fn#1 f < T:any >(T , T)->T  entry 0{ // {\r\n\n"
      "block 0 : // label\n //\n\tforeign  {\"A\" : {\"B\":2} }  \r\n%1=add%2,move%3\n"
      "foreign {\"Throw\" : [ ]}\r\n\r\n  }//");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(write_text(*good), R"(fn #1 f<T>(T, T) -> T entry 0 {
  block 0:
    foreign {"A":{"B":2}}
    %1 = add %2, move %3
    foreign {"Throw":[]}
}
)");
}

TEST(Text, OtherSpellingsOfNamesAndTypesBecomeCanonical) {
  const auto unit = read_text(R"(fn #1 "f"<"T", text, i64>() entry 0 {
  local %0 "a": opaque "T" temp
  local %1: param "T" temp
  local %2: struct #5<i64> temp
  local %3: text temp
  local %4: param "i64" temp
  local %5: opaque "i64" temp
  local %6: "5" temp
}
)");
  ASSERT_FALSE(unit);
  EXPECT_EQ(unit.error().message, "8:13: expected a type, found a string");
  const auto good = read_text(R"(fn #1 "f"<"T", text, i64>() entry 0 {
  local %0 "a": opaque "T" temp
  local %1: param "T" temp
  local %2: struct #5<i64> temp
  local %3: text temp
  local %4: param "i64" temp
  local %5: opaque "i64" temp
}
struct #5 "S"<S> {
  s: S
  t: struct #5<S>
  "u": text
}
)");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(write_text(*good), R"(struct #5 S<S> {
  s: S
  t: struct #5<S>
  u: text
}

fn #1 f<T, text, i64>() entry 0 {
  local %0 a: T temp
  local %1: T temp
  local %2: S<i64> temp
  local %3: param "text" temp
  local %4: param "i64" temp
  local %5: param "i64" temp
}
)");
  expect_round_trip(*good);
}

TEST(Text, DefinitionsAreNamedOnlyWhereTheNameSaysWhichAndWhatTheyAre) {
  expect_canonical(R"(struct #1 A {
  a: struct #2
  b: struct #3
  c: enum #4
  d: D
  e: struct #5
  f: struct #6
  g: struct #9
  h: D
}

struct #2 A {
}

struct #3 text {
}

struct #4 C {
}

enum #8 D {
}

struct #5 E {
}

enum #5 F {
}

struct #6 "two words" {
}
)");
}

TEST(Text, NumbersAreReadExactly) {
  for (const std::string_view value : {"i64 0",
                                       "i64 -1",
                                       "i64 9223372036854775807",
                                       "i64 9223372036854775808",
                                       "i64 -9223372036854775808",
                                       "u64 18446744073709551615",
                                       "f64 0.0",
                                       "f64 -0.0",
                                       "f64 5e-324",
                                       "f64 1.7976931348623157e+308",
                                       "f64 0.1",
                                       "f32 1e+20",
                                       "bool 1.5",
                                       "f64 5",
                                       "i64 \"NaN\"",
                                       "f64 \"nan\"",
                                       "f32 \"\"",
                                       "text \"zero\"",
                                       "T null",
                                       "f32 nan",
                                       "f64 -inf",
                                       "i64 true"})
    expect_canonical(in_function(fmt::format("%1 = const {}", value)));
  EXPECT_EQ(write_text(*read_text(in_function("%1 = const f64 10E2"))),
            in_function("%1 = const f64 1000.0"));
  EXPECT_EQ(write_text(*read_text(in_function("%1 = const i64 -0"))),
            in_function("%1 = const i64 0"));
}

TEST(Text, EveryInstructionOfJsonRoundTrips) {
  for (const std::string_view instruction : {
           R"("Nop")",
           R"({"Const":{"dest":1,"value":5,"type":"I64"}})",
           R"({"Const":{"dest":1,"value":"NaN","type":"F32"}})",
           R"({"Const":{"dest":1,"value":"NaN","type":"I32"}})",
           R"({"Const":{"dest":1,"value":"-Infinity","type":"F64"}})",
           R"({"Const":{"dest":1,"value":"Infinity","type":{"Opaque":"text"}}})",
           R"({"Const":{"dest":1,"value":"Zero","type":"F64"}})",
           R"({"Const":{"dest":1,"value":"Zero","type":{"Opaque":"text"}}})",
           R"({"Const":{"dest":1,"value":1e30,"type":"I64"}})",
           R"({"Const":{"dest":1,"value":"\u0000\u001f\u007f\u2028\ud83d\ude00","type":"Unit"}})",
           R"({"Copy":{"dest":0,"src":1073741822}})",
           R"({"Move":{"dest":0,"src":1}})",
           R"({"BinOp":{"dest":0,"op":"Offset","left":{"Copy":1},"right":{"Move":2}}})",
           R"({"BinOp":{"op":"MatMul","dest":7}})",
           R"({"BinOp":{"op":"","dest":7}})",
           R"({"CheckedBinOp":{"dest":0,"op":"Shl","left":{"Copy":1},"right":{"Copy":2}}})",
           R"({"UnaryOp":{"dest":0,"op":"BitNot","operand":{"Const":{"value":1,"type":"U8"}}}})",
           R"({"UnaryOp":{"dest":0,"op":"Add"}})",
           R"({"Alloc":{"dest":0,"type":{"Struct":5}}})",
           R"({"Load":{"dest":0,"ptr":{"Copy":1}}})",
           R"({"Store":{"ptr":{"Copy":1},"value":{"Copy":1}}})",
           R"({"GlobalAddr":{"dest":0,"symbol":4294967294,"mutable":true}})",
           R"({"GetElementPtr":{"dest":0,"base":{"Copy":1},"indices":[]}})",
           R"({"Aggregate":{"dest":0,"kind":{"Array":"I64"},"operands":[]}})",
           R"({"Aggregate":{"dest":0,"kind":"Tuple","operands":[{"Copy":1}]}})",
           R"({"Aggregate":{"dest":0,"kind":{"Struct":7},"operands":[{"Copy":1}]}})",
           R"({"Aggregate":{"dest":0,"kind":{"Struct":{"symbol":7,"args":["I8"]}},"operands":[]}})",
           R"({"Aggregate":{"dest":0,"kind":{"Enum":{"symbol":1,"variant":2}},"operands":[]}})",
           R"({"GetField":{"dest":0,"base":{"Copy":1},"field":4294967294}})",
           R"({"SetField":{"base":{"Copy":1},"field":0,"value":{"Copy":2}}})",
           R"({"Cast":{"dest":0,"operand":{"Copy":1},"target":{"FuncPtr":{"params":["I8"],
           "return_type":"I8","is_variadic":true}}}})",
           R"({"Bitcast":{"dest":0,"operand":{"Copy":1},"target":"F64"}})",
           R"({"Call":{"dest":null,"func":{"Const":{"value":"g","type":{"Opaque":"fn"}}},
           "args":[]}})",
           R"({"CallIndirect":{"dest":0,"ptr":{"Move":1},"args":[{"Copy":1}],"signature":
           {"params":[],"return_type":null,"is_variadic":true}}})",
           R"({"Intrinsic":{"dest":null,"name":"","args":[]}})",
           R"({"DebugValue":{"local":9,"name":"%0 // \n"}})",
           R"({"":null})",
           R"({"foreign":[{"a":[]}]})",
           R"("foreign")",
           R"("Unreachable")",
       })
    expect_json_round_trip(json_function(instruction, R"("Unreachable")"));
}

TEST(Text, EveryTerminatorOfJsonRoundTrips) {
  for (const std::string_view terminator : {
           R"({"Goto":4294967294})",
           R"({"Return":null})",
           R"({"Return":{"Move":1}})",
           R"({"If":{"cond":{"Copy":1},"then":1,"else":1}})",
           R"({"Switch":{"value":{"Copy":1},"targets":[{"value":-1,"target":0},
           {"value":18446744073709551615,"target":0},{"value":-1,"target":3}],"default":0}})",
           R"("Unreachable")",
           R"({"Abort":""})",
           R"({"CallTerminator":{"dest":null,"func":{"Copy":1},"args":[],"normal":1,"unwind":null,
           "unwind_payload_dest":3,"unwind_type_tag_dest":null}})",
           R"({"CallTerminator":{"dest":2,"func":{"Copy":1},"args":[{"Copy":1}],"normal":1,
           "unwind":5,"unwind_payload_dest":null,"unwind_type_tag_dest":4}})",
           R"({"Throw":{}})",
           R"({"Call":1})",
           R"("Nop")",
           R"({"":1.5e300})",
       }) {
    expect_json_round_trip(json_function(R"("Nop")", terminator));
    expect_json_round_trip(json_function(R"("Fence")", terminator));
  }
}

TEST(Text, EveryTypeOfJsonRoundTrips) {
  for (const std::string_view type : {
           R"({"Ptr":{"pointee":"I8","mutable":false}})",
           R"({"Ref":{"referent":{"Opaque":"T"},"mutable":true}})",
           R"({"Array":{"element":{"Slice":"I8"},"size":0}})",
           R"({"Tuple":[{"Tuple":[]},{"Tuple":["I8"]}]})",
           R"({"Struct":4294967294})",
           R"({"Enum":{"symbol":0,"args":[{"Struct":{"symbol":0,"args":[]}}]}})",
           R"({"Dict":{"key":"I8","value":{"Result":{"ok":"Unit","err":"Never"}}}})",
           R"({"Union":[]})",
           R"({"Promise":{"ActorType":{"Generator":{"yield":"Char","return":"Bool"}}}})",
           R"({"Opaque":""})",
           R"({"Opaque":"text"})",
           R"({"Opaque":"i64"})",
           R"({"Opaque":"a\"b\\\n"})",
           R"({"TypeParam":"T"})",
           R"({"FuncPtr":{"params":[],"return_type":{"FuncPtr":{"params":[],"return_type":null,
           "is_variadic":true}},"is_variadic":false}})",
       })
    expect_json_round_trip(json_function(R"("Nop")", R"("Unreachable")", type));
}

TEST(Text, AnyNamesRoundTrip) {
  std::vector<std::string> names = {
      "foreign", "block", "local", "}",      "module", "struct", "enum", "fn",   "i64",
      "text",    "mut",   "move",  "opaque", "param",  "zero",   "null", "true", "nan",
      "inf",     "-inf",  "a.b$",  "1a",     "a b",    "a-b",    "//",   "_",    "T",
      "entry",   "arg",   "to",    "nop",    "invoke", "\\\"",   "\\n",  "é",    "\\u0000"};
  for (const std::string& name : names) {
    const std::string json = fmt::format(
        R"({{"name":"{0}","functions":[{{"symbol":1,"name":"{0}","signature":{{"params":)"
        R"([{{"Opaque":"{0}"}}],"return_type":{{"Struct":1}},"is_variadic":false}},"locals":)"
        R"([{{"id":0,"name":"{0}","type":{{"Opaque":"{0}"}},"kind":"Var"}}],"blocks":[{{"id":0,)"
        R"("label":"{0}","instructions":["{0}",{{"DebugValue":{{"local":0,"name":"{0}"}}}},)"
        R"({{"Intrinsic":{{"dest":null,"name":"{0}","args":[{{"Const":{{"value":"{0}","type":)"
        R"({{"Struct":1}}}}}}]}}}}],"terminator":{{"Abort":"{0}"}}}}],"entry_block":0,)"
        R"("generic_params":["{0}"]}}],"types":[{{"symbol":1,"name":"{0}","generic_params":)"
        R"(["x{0}"],"struct":[{{"name":"{0}","type":{{"Struct":1}}}},{{"name":null,"type":)"
        R"({{"Opaque":"{0}"}}}}]}},{{"symbol":2,"name":"{0}","generic_params":["{0}"],"enum":)"
        R"([{{"variant":"{0}","fields":[{{"Enum":2}}]}}]}}]}})",
        name);
    expect_json_round_trip(json);
  }
  expect_json_round_trip(
      R"({"name":"","functions":[{"symbol":1,"name":"f","signature":{"params":[],)"
      R"("return_type":null,"is_variadic":false},"locals":[{"id":3,"name":"","type":"I8",)"
      R"("kind":"Temp"},{"id":3,"name":null,"type":"I8","kind":{"Arg":7}}],"blocks":[)"
      R"({"id":9,"label":"","instructions":[],"terminator":"Unreachable"},)"
      R"({"id":9,"label":null,"instructions":[],"terminator":"Unreachable"}],"entry_block":4,)"
      R"("generic_params":[{"name":"","constraint":"numeric"}]}],"types":[{"symbol":1,)"
      R"("name":"E","enum":[{"variant":"","fields":[]},{"variant":"","fields":[]}]}]})");
}

TEST(Text, TypesNestAsDeepAsInJsonAndNoDeeper) {
  const auto nested = [](int depth) {
    return in_function("%1 = alloc " + std::string(static_cast<std::size_t>(depth - 1), '&') +
                       "i64");
  };
  expect_canonical(nested(kMaxTextDepth));
  const auto deeper = read_text(nested(kMaxTextDepth + 1));
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().code, ErrorCode::kLimit);
  EXPECT_EQ(deeper.error().message, "4:516: types nested deeper than 500");

  // 500 braces and brackets, the most that JSON has.
  std::string type = "\"I8\"";
  for (int i = 0; i != 497; ++i) {
    type.insert(0, "{\"Slice\":");
    type += '}';
  }
  expect_json_round_trip(json_function(R"("Nop")", R"("Unreachable")", type));

  const std::string brackets(501, '[');
  const auto foreign = read_text(in_function("foreign {\"A\":" + brackets));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::kLimit);
  EXPECT_EQ(foreign.error().message, "4:517: nested deeper than 500");
}

// Each type is two of the one before.
TEST(Text, WhatIsShortAsBytesAndEndlessAsTextIsALimit) {
  UnitBuilder builder;
  TypeId type = primitive(TypeKind::kI64);
  for (int i = 0; i != 200; ++i) type = builder.type(TypeKind::kTuple, {{type, type}});
  const TypeId signature = builder.type(TypeKind::kFuncPtr, {{kNone, type}});
  builder.unit.functions.push_back({.name = builder.string("f"), .signature = signature});
  EXPECT_THROW(write_text(builder.unit, 1 << 20), std::length_error);
  EXPECT_THROW(write_json(builder.unit, 1 << 20), std::length_error);
  const std::string line = heading(builder.unit, builder.unit.functions[0]);
  EXPECT_TRUE(line.starts_with("f(((") && line.ends_with("...")) << line;
  EXPECT_LT(line.size(), 1'100u);
}

}  // namespace
}  // namespace smf::mir
