#include "runtime/mir/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/json.h"

namespace smf::mir {
namespace {

// One of everything, as it is written.
constexpr std::string_view kEverything = R"(module "every thing"

struct #12 List<T: ordered> {
  data: *mut T
  len: u64
  : Option<T>
  "two words": [List<List<T>>]
}

enum #3 Option<T> {
  Some(T)
  None()
  Both(T, *List<T>)
  "foreign"()
}

struct #4 Empty {
}

struct #5 twice {
  a: struct #5
}

struct #5 again {
  b: struct #6<i64>
}

fn #1 max<T: ordered, N: numeric, U>(T, &T, ...) -> T entry 0 {
  local %0 a: T arg 0
  local %1 "b c": &mut T arg 1
  local %7: bool temp
  local %8 r: T return
  local %8 r: N var
  local %10: (i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bool, char, unit, never) var
  local %11: fn() var
  local %12: fn(...) -> fn(U) var
  local %13: [[u8; 18446744073709551615]] var
  local %14: () var
  local %15: (U,) var
  local %16: dict<text, result<T, enum #12<i64>>> var
  local %17: union<> var
  local %18: union<i64, Empty> var
  local %19: promise<generator<T, actor<opaque "Stream">>> var
  local %20: *[T] var
  block 0 start:
    nop
    %2 = const i64 -9223372036854775808
    %2 = const u64 18446744073709551615
    %2 = const T zero
    %3 = copy %2
    %3 = move %2
    %4 = add %0, move %1
    %4 = checked mul %0, i64 5
    %5 = neg f64 1.5
    %5 = not bool true
    %5 = bitnot bool false
    %6 = alloc List<T>
    %6 = load %5
    store %5, text "abc \"\n\\"
    %6 = global #7
    %6 = global mut #7
    %6 = element %5
    %6 = element %5, i64 0, move %2
    %6 = aggregate array T (%0, %0)
    %6 = aggregate tuple ()
    %6 = aggregate tuple (i64 null)
    %6 = aggregate struct List<T> (%1, u64 0)
    %6 = aggregate struct struct #99 ()
    %6 = aggregate enum Option<T> 1 ()
    %6 = field %5, 0
    set_field %5, 1, f64 nan
    %6 = cast f64 inf to f32
    %6 = bitcast f32 -inf to u32
    %6 = call fn(T, T) -> T "max<T>"(%0, %1)
    call %5()
    %6 = call_indirect %5(%0) as fn(T, ...) -> T
    call_indirect %5() as fn()
    %6 = intrinsic size_of(T zero)
    intrinsic "a b"()
    debug %0 a
    foreign {"GpuBarrier":{"scope":"//","deep":[1.5,null,-0.0]}}
    foreign {"BinOp":{"dest":5,"op":"MatMul","left":{"Copy":0}}}
    foreign "Fence"
    goto 3
  block 1:
    return
  block 2 "":
    return fn() "f"
  block 3:
    if %7 then 1 else 2
  block 3 entry:
    switch %7 [] else 0
  block 4294967294:
    switch T zero [0: 1, -5: 2, 18446744073709551615: 3] else 4
  block 5:
    unreachable
  block 6:
    abort "message"
  block 7:
    invoke %5(%1) to 1
  block 8:
    %6 = invoke %5() to 1 unwind 2 payload %3 tag %4
  block 9:
    foreign {"Throw":{"value":{"Copy":0}}}
  block 10:
    foreign "Unreachable"
    foreign "Nop"
}

fn #2 "max<i64>"() entry 9 {
}
)";

void expect_round_trip(const Unit& unit) {
  const std::string text = write_text(unit);
  const std::string json = write_json(unit);
  const auto again = read_text(text);
  ASSERT_TRUE(again) << again.error().message << "\n" << text;
  EXPECT_EQ(write_text(*again), text);
  EXPECT_EQ(write_json(*again), json);
  const auto from_json = read_json(json);
  // A text may nest deeper than JSON, which has up to three braces for a type.
  if (!from_json && from_json.error().code == ErrorCode::kLimit) return;
  ASSERT_TRUE(from_json) << from_json.error().message << "\n" << json;
  EXPECT_EQ(write_text(*from_json), text);
}

void expect_canonical(std::string_view text) {
  const auto unit = read_text(text);
  ASSERT_TRUE(unit) << unit.error().message;
  EXPECT_EQ(write_text(*unit), text);
  expect_round_trip(*unit);
}

std::string message_of(std::string_view text) {
  const auto unit = read_text(text);
  return unit ? "no mistake" : unit.error().message;
}

// Lines of a block.
std::string in_block(std::string_view lines) {
  return fmt::format("fn #1 f<T>() entry 0 {{\n  local %0: T temp\n  block 0:\n{}\n}}\n", lines);
}
// An instruction.
std::string in_function(std::string_view line) {
  return in_block(fmt::format("    {}\n    unreachable", line));
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
           R"({"Const":{"dest":1,"value":-99999999999999999999,"type":"I64"}})",
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
           R"({"Cast":{"dest":0,"operand":{"Copy":1},"target":{"FuncPtr":{"params":["I8"],)"
           R"("return_type":"I8","is_variadic":true}}}})",
           R"({"Bitcast":{"dest":0,"operand":{"Copy":1},"target":"F64"}})",
           R"({"Call":{"dest":null,"func":{"Const":{"value":"g","type":{"Opaque":"fn"}}},)"
           R"("args":[]}})",
           R"({"CallIndirect":{"dest":0,"ptr":{"Move":1},"args":[{"Copy":1}],"signature":)"
           R"({"params":[],"return_type":null,"is_variadic":true}}})",
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
           R"({"Switch":{"value":{"Copy":1},"targets":[{"value":-1,"target":0},)"
           R"({"value":18446744073709551615,"target":0},{"value":-1,"target":3}],"default":0}})",
           R"("Unreachable")",
           R"({"Abort":""})",
           R"({"CallTerminator":{"dest":null,"func":{"Copy":1},"args":[],"normal":1,"unwind":null,)"
           R"("unwind_payload_dest":3,"unwind_type_tag_dest":null}})",
           R"({"CallTerminator":{"dest":2,"func":{"Copy":1},"args":[{"Copy":1}],"normal":1,)"
           R"("unwind":5,"unwind_payload_dest":null,"unwind_type_tag_dest":4}})",
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
           R"({"FuncPtr":{"params":[],"return_type":{"FuncPtr":{"params":[],"return_type":null,)"
           R"("is_variadic":true}},"is_variadic":false}})",
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

struct Mistake {
  std::string text;
  std::string message;
};

TEST(Text, MistakesSayWhereWhatWasExpectedAndWhatWasFound) {
  const std::vector<Mistake> mistakes = {
      {"modul", "1:1: expected 'fn', 'struct' or 'enum', found 'modul'"},
      {"module m", "1:8: expected the name of the module as a string, found 'm'"},
      {"fn max", "1:4: expected a symbol such as #5, found 'max'"},
      {"fn #1", "1:6: expected the name of a function, found the end of the text"},
      {"fn #01 f", "1:4: expected a symbol such as #5, found '#01'"},
      {"fn #4294967295 f", "1:4: expected a symbol from #0 to #4294967294, found '#4294967295'"},
      {R"(fn #1 ""() entry 0 {)", "1:7: expected the name of a function, found an empty string"},
      {"fn #1 f<T, T>", "1:12: expected another name than that of a parameter before, found 'T'"},
      {"fn #1 f<T: big>", "1:12: expected 'any', 'numeric' or 'ordered', found 'big'"},
      {"fn #1 f<T U>", "1:11: expected ',' or '>', found 'U'"},
      {"fn #1 f(i64 i64)", "1:13: expected ',' or ')', found 'i64'"},
      {"fn #1 f(..., i64)", "1:12: expected ')', found ','"},
      {"fn #1 f() -> {", "1:14: expected a type, found '{'"},
      {"fn #1 f() entry %0",
       "1:17: expected the number of a block from 0 to 4294967294, found '%0'"},
      {"fn #1 f() entry 0 { }", "1:21: expected the end of the line, found '}'"},
      {"struct #1 S {\n  a i64\n}", "2:5: expected ':', found 'i64'"},
      {"struct #1 S {\n  a: i64, b: i64\n}", "2:9: expected the end of the line, found ','"},
      {"struct #1 S {\n", "2:1: expected a field or '}', found the end of the text"},
      {"enum #1 E {\n  Some\n}", "2:7: expected '(', found the end of the line"},
      {"enum #1 E {\n  Some(i64\n}", "2:11: expected ',' or ')', found the end of the line"},
      {"struct #1 S {\n  a: Lost\n}",
       "2:6: expected a type, the name of a parameter or the name of a definition, found 'Lost'"},
      {"struct #1 S {\n  a: i128\n}",
       "2:6: expected a type, the name of a parameter or the name of a definition, found 'i128'"},
      {"struct #1 S {\n  a: S<>\n}", "2:8: expected a type, found '>'"},
      {"struct #1 S {\n}\nstruct #2 S {\n  s: S\n}",
       "4:6: expected struct #N or enum #N, found 'S', which names more than one definition"},
      {"struct #1 S {\n  a: param \"T\"\n}",
       "2:12: expected the name of a parameter in scope, found another"},
      {"struct #1 S {\n  a: opaque T\n}",
       "2:13: expected the name of an opaque type as a string, found 'T'"},
      {"struct #1 S {\n  a: [i64; -1]\n}",
       "2:12: expected a number of elements below 2^64, found '-1'"},
      {"struct #1 S {\n  a: [i64, 5]\n}", "2:10: expected ';' or ']', found ','"},
      {"struct #1 S {\n  a: (i64)\n}", "2:10: expected ',', found ')'"},
      {"struct #1 S {\n  a: dict<i64>\n}", "2:14: expected ',', found '>'"},
      {"struct #1 S {\n  a: *move\n}", "2:7: expected a type, found 'move'"},
      {"struct #1 S {\n  \"a\\q\": i64\n}",
       "2:6: expected a JSON string, found a control character, an escape that is not known, or "
       "what is not UTF-8"},
      {"struct #1 S {\n  \"a: i64\n}",
       "2:3: expected '\"' at the end of a string, found the end of the line"},
      {"struct #1 S {\n  a: struct S\n}", "2:13: expected a symbol such as #5, found 'S'"},
      {"struct #1 S {\n  foreign: i64\n}", "2:10: expected ':', found JSON"},
      {"fn #1 f() entry 0 {\n  local 0: i64 var\n}", "2:9: expected a local such as %5, found '0'"},
      {"fn #1 f() entry 0 {\n  local %0 i64 var\n}", "2:16: expected ':', found 'var'"},
      {"fn #1 f() entry 0 {\n  local %0: i64 mine\n}",
       "2:17: expected 'var', 'temp', 'return' or 'arg', found 'mine'"},
      {"fn #1 f() entry 0 {\n  local %0: i64 arg\n}",
       "2:20: expected the number of an argument from 0 to 4294967294, found the end of the line"},
      {"fn #1 f() entry 0 {\n  local %1073741823: i64 var\n}",
       "2:9: expected a local from %0 to %1073741822, found '%1073741823'"},
      {"fn #1 f() entry 0 {\n  nop\n}", "2:3: expected 'local', 'block' or '}', found 'nop'"},
      {"fn #1 f() entry 0 {\n  block 0:\n}",
       "3:1: expected an instruction or a terminator, found '}'"},
      {"fn #1 f() entry 0 {\n  block 0:\n    return\n    nop\n}",
       "4:5: expected 'block' or '}', found 'nop'"},
      {"fn #1 f() entry 0 {\n  block 0:\n    return\n  local %0: i64 var\n}",
       "4:3: expected 'block' or '}', found 'local'"},
      {in_function("jump 3"), "4:5: expected an instruction or a terminator, found 'jump'"},
      {in_function("%1 = jump %0"),
       "4:10: expected an instruction that has a result, found 'jump'"},
      {in_function("%1 add %0, %0"), "4:8: expected '=', found 'add'"},
      {in_function("add %0, %0"), "4:5: expected a local and '=' in front, found 'add'"},
      {in_function("%1 = store %0, %0"),
       "4:10: expected an instruction that has a result, found 'store'"},
      {in_function("%1 = goto 0"), "4:10: expected an instruction that has a result, found 'goto'"},
      {in_function("%1 = add %0"), "4:16: expected ',', found the end of the line"},
      {in_function("%1 = add %0 %0"), "4:17: expected ',', found '%0'"},
      {in_function("%1 = checked neg %0"), "4:18: expected an operator such as 'add', found 'neg'"},
      {in_function("%1 = add %, %0"), "4:14: expected a local such as %5, found '%'"},
      {in_function("%1 = add 5, %0"), "4:14: expected an operand, found '5'"},
      {in_function("%1 = const i64"), "4:19: expected a value, found the end of the line"},
      {in_function("%1 = const i64 5x"), "4:20: expected a number as JSON has them, found '5x'"},
      {in_function("%1 = const i64 05"), "4:20: expected a number as JSON has them, found '05'"},
      {in_function("%1 = const i64 1."), "4:20: expected a number as JSON has them, found '1.'"},
      {in_function("%1 = const i64 18446744073709551616"),
       "4:20: expected an integer from -2^63 to 2^64 - 1, found '18446744073709551616'"},
      {in_function("%1 = const f64 1e999"),
       "4:20: expected a float that a double holds, found '1e999'"},
      {in_function("%1 = const i64 nan"), "4:20: expected a value that is no float, found 'nan'"},
      {in_function(R"(%1 = const text "Zero")"),
       "4:21: expected zero, found \"Zero\", which JSON takes for it"},
      {in_function(R"(%1 = const f64 "NaN")"),
       "4:20: expected nan, inf or -inf, found \"NaN\", which JSON takes for one of them"},
      {in_function("%1 = load @0"),
       "4:15: expected a name, a number, a string or punctuation, found '@'"},
      {in_function("%1 = load é"),
       "4:15: expected a name, a number, a string or punctuation, found the byte 0xc3"},
      {in_function("%1 = copy i64 5"), "4:15: expected a local such as %5, found 'i64'"},
      {in_function("%1 = global 7"), "4:17: expected a symbol such as #5, found '7'"},
      {in_function("%1 = field %0"), "4:18: expected ',', found the end of the line"},
      {in_function("%1 = cast %0 i64"), "4:18: expected 'to', found 'i64'"},
      {in_function("%1 = aggregate list ()"),
       "4:20: expected 'array', 'tuple', 'struct' or 'enum', found 'list'"},
      {in_function("%1 = aggregate struct i64 ()"), "4:27: expected a struct, found another type"},
      {in_function("%1 = aggregate enum enum #1 ()"),
       "4:33: expected the number of a variant from 0 to 4294967294, found '('"},
      {in_function("call %0"), "4:12: expected '(', found the end of the line"},
      {in_function("call %0(%0"), "4:15: expected ',' or ')', found the end of the line"},
      {in_function("call_indirect %0()"), "4:23: expected 'as', found the end of the line"},
      {in_function("intrinsic ()"), "4:15: expected the name of an intrinsic, found '('"},
      {in_function("debug a %0"), "4:11: expected a local such as %5, found 'a'"},
      {in_function("nop nop"), "4:9: expected the end of the line, found 'nop'"},
      {in_function("%1 = call_indirect %0() as i64"), "4:32: expected 'fn', found 'i64'"},
      {in_function(R"(foreign "Nop")"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_function(R"(foreign {"Copy":1})"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_function(R"(foreign {"A":1,"A":2})"), "4:13: a member \"A\" is there twice"},
      {in_function(R"(foreign {"A":1e999})"), "4:13: a number that no double holds, such as 1e999"},
      {in_function(R"(foreign {"BinOp":{"dest":0,"op":"Add"}})"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_function(R"(foreign {"BinOp":{"op":"MatMul"}})"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_block("    goto"),
       "4:9: expected the number of a block from 0 to 4294967294, found the end of the line"},
      {in_block("    goto %1"),
       "4:10: expected the number of a block from 0 to 4294967294, found '%1'"},
      {in_block("    return %0, %1"), "4:14: expected the end of the line, found ','"},
      {in_block("    return 5"), "4:12: expected an operand, found '5'"},
      {in_block("    if %0 1 else 2"), "4:11: expected 'then', found '1'"},
      {in_block("    switch %0 [1.5: 2] else 3"), "4:16: expected an integer, found '1.5'"},
      {in_block("    switch %0 [1: 2 3: 4] else 3"), "4:21: expected ',' or ']', found '3'"},
      {in_block("    switch %0 else 3"), "4:15: expected '[', found 'else'"},
      {in_block("    abort message"), "4:11: expected a message as a string, found 'message'"},
      {in_block("    invoke %0()"), "4:16: expected 'to', found the end of the line"},
      {in_block("    invoke %0() to 1 payload 3"), "4:30: expected a local such as %5, found '3'"},
      {in_block(R"(    foreign "Unreachable")"),
       "4:13: expected a terminator of another back end, found other JSON"},
      {in_block(R"(    foreign {"Goto":1})"),
       "4:13: expected a terminator of another back end, found other JSON"}};
  for (const Mistake& mistake : mistakes)
    EXPECT_EQ(message_of(mistake.text), mistake.message) << mistake.text;
}

TEST(Text, ForeignLinesAreJson) {
  for (const std::string_view line : {"foreign", "foreign {\"A\":1", "foreign {\"A\":1} // no",
                                      "foreign \"\\q\"", "foreign \"\xff\""}) {
    const std::string message = message_of(in_function(line));
    EXPECT_TRUE(message.starts_with("4:") && message.contains(": not JSON: ")) << message;
  }
}

TEST(Text, ColumnsCountCharactersAndOffsetsBytes) {
  const auto unit = read_text("\n module \"é\" x");
  ASSERT_FALSE(unit);
  EXPECT_EQ(unit.error().message, "2:13: expected the end of the line, found 'x'");
  EXPECT_EQ(unit.error().offset, 14u);
  EXPECT_EQ(unit.error().code, ErrorCode::kInvalidInput);
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
  for (int i = 0; i != 497; ++i) type = "{\"Slice\":" + type + "}";
  expect_json_round_trip(json_function(R"("Nop")", R"("Unreachable")", type));

  const std::string brackets(501, '[');
  const auto foreign = read_text(in_function("foreign {\"A\":" + brackets));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::kLimit);
  EXPECT_EQ(foreign.error().message, "4:517: nested deeper than 500");
}

TEST(Text, EveryBeginningOfATextIsReadOrRefused) {
  int accepted = 0;
  for (std::size_t size = 0; size != kEverything.size(); ++size) {
    const auto unit = read_text(kEverything.substr(0, size));
    if (!unit) {
      EXPECT_LE(unit.error().offset.value_or(size + 1), size);
      continue;
    }
    ++accepted;
    expect_round_trip(*unit);
  }
  // Nothing; the module's name and what comes after it, but for List, which names Option, each with
  // no end of line, one and two; all but the last byte.
  EXPECT_EQ(accepted, 1 + 6 * 3 + 1);
}

constexpr std::string_view kSmall = R"(enum #3 O<T> {
  A(T)
}
fn #1 f<T>(T, ...) -> [T; 2] entry 0 {
  local %0 a: T arg 0
  block 0:
    %2 = const f64 -1.5e-7
    %4 = checked add move %0, i64 5
    store %5, text "a\\n\\u00e9"
    %6 = aggregate enum O<T> 1 (%5)
    foreign {"A":[{},1.5]}
    %6 = invoke %5() to 1 unwind 2 payload %3 tag %4
}
)";

// Bytes are changed, added and removed, the rest of a line is doubled, digits are changed.
TEST(Text, AnyBytesAreReadOrRefused) {
  std::mt19937 random(7);
  constexpr std::string_view kLikely = "(){}[]<>,:;=*&%#\"\\.- \n/0159etT";
  const auto below = [&](std::size_t limit) { return random() % limit; };
  int accepted = 0;
  for (int i = 0; i != 20'000; ++i) {
    std::string text(i % 20 == 0 ? kEverything : kSmall);
    for (std::size_t changes = below(4) == 0 ? 2 : 1; changes != 0; --changes) {
      const std::size_t at = below(text.size());
      const char byte =
          below(4) == 0 ? static_cast<char>(below(256)) : kLikely[below(kLikely.size())];
      const std::size_t line = text.find('\n', at) + 1;
      switch (below(5)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(line, text, at, line - at);
          break;
        case 2:
          if (const auto digit = text.find_first_of("0123456789", at); digit != text.npos)
            text[digit] = kLikely[below(kLikely.size())];
          break;
        case 3:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1 + below(8));
      }
    }
    const auto unit = read_text(text);
    if (!unit) {
      EXPECT_FALSE(unit.error().message.empty());
      EXPECT_LE(unit.error().offset.value_or(text.size() + 1), text.size()) << text;
      continue;
    }
    ++accepted;
    expect_round_trip(*unit);
    if (HasFatalFailure()) FAIL() << text;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace smf::mir
