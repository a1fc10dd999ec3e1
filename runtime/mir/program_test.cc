#include "runtime/mir/program.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/mir/running.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

std::string error_of(const auto& result) { return result ? "no error" : result.error().message; }

constexpr const char* kMax =
    "fn #1 max<T: ordered>(T, T) -> T entry 0 {\n  local %0: T arg 0\n  local %1: T arg 1\n"
    "  local %2: bool temp\n  block 0:\n    %2 = lt %0, %1\n    if %2 then 1 else 2\n"
    "  block 1:\n    return %1\n  block 2:\n    return %0\n}\n";

TEST(Program, AFunctionIsMadeOnceForItsArguments) {
  Running running;
  running.add(kMax);
  const auto first = running.make("max", {"i64"});
  const auto again = running.make("max", {"i64"});
  const auto other = running.make("max", {"f64"});
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *other);
  const Unit& unit = running.program.unit();
  EXPECT_EQ(unit.string(unit.functions[*first].name), "max$i64");
  EXPECT_TRUE(running.program.dependencies(*first).empty());
}

TEST(Program, ArgumentsMeetTheConstraints) {
  Running running;
  running.add(kMax);
  running.add(
      "fn #2 half<T: numeric>(T) -> T entry 0 {\n  local %0: T arg 0\n  block 0:\n    return "
      "%0\n}\n");
  EXPECT_EQ(error_of(running.make("half", {"text"})), "'half': T is text, which is not numeric");
  EXPECT_EQ(error_of(running.make("half", {"bool"})), "'half': T is bool, which is not numeric");
  EXPECT_EQ(error_of(running.make("max", {"*i64"})), "'max': T is *i64, which is not ordered");
  EXPECT_EQ(error_of(running.make("max", {"text"})), "no error");
  EXPECT_EQ(error_of(running.make("max", {})), "'max' has 1 parameters and is given 0 arguments");
  EXPECT_EQ(error_of(running.make("min", {"i64"})), "there is no function 'min'");
}

TEST(Program, TypesAreReadAsTheyAreSpelled) {
  Running running;
  running.add("struct #1 List<T> {\n  data: *mut T\n  len: u64\n}\n");
  for (const char* const spelled :
       {"i64", "text", "nil", "List<List<i64>>", "mut*u8", "&f64", "[bool]", "[i8;4]", "(i8,f64)",
        "(i8,)", "()", "fn(i64,text)->bool", "fn(i8,...)", "Result<i64,text>", "char"}) {
    const auto type = running.program.type(spelled);
    ASSERT_TRUE(type.has_value()) << type.error().message;
    EXPECT_EQ(running.program.name_of(*type), spelled);
  }
  EXPECT_EQ(running.program.type("Int").value(), running.program.type("i64").value());
  EXPECT_EQ(running.program.type("* mut List< Int >").value_or(0),
            running.program.type("mut*List<i64>").value());
  EXPECT_EQ(error_of(running.program.type("List<i64")),
            "the type 'List<i64': expected '>' at 9, found the end");
  EXPECT_EQ(error_of(running.program.type("Set<i64>")),
            "the type 'Set<i64>': expected a type at 1, found 'Set<i64>'");
  EXPECT_EQ(error_of(running.program.type("i64>")),
            "the type 'i64>': expected the end at 4, found '>'");
  EXPECT_EQ(error_of(running.program.type(std::string(200, '*') + "i64")).substr(0, 10),
            "the type '");
}

TEST(Program, CallsOfTemplatesBecomeCallsOfInstantiations) {
  Running running;
  running.add_file("basic.mir");
  const auto clamp = running.make("clamp", {"u16"});
  ASSERT_TRUE(clamp.has_value());
  std::vector<std::string> names;
  for (const Callee& callee : running.program.dependencies(*clamp))
    names.push_back(running.program.mangled_name(callee));
  EXPECT_EQ(names, (std::vector<std::string>{"max$u16", "min$u16"}));
}

TEST(Program, NestedGenericsAreWrittenOut) {
  Running running;
  running.add_file("vec.mir");
  const auto made = running.make("Vec.push", {"Vec<Vec<i64>>"});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const Unit& unit = running.program.unit();
  EXPECT_EQ(unit.string(unit.functions[*made].name), "Vec.push$Vec<Vec<i64>>");
  EXPECT_TRUE(verify(running.program, running.layouts, *made).has_value());
}

TEST(Program, UnitsMayNumberTheirTypesDifferentlyButNotDefineThemSo) {
  Running running;
  running.add("struct #1 Point {\n  x: f64\n  y: f64\n}\n");
  running.add(
      "struct #9 Point {\n  x: f64\n  y: f64\n}\n"
      "fn #1 x_of(Point) -> f64 entry 0 {\n  local %0: Point arg 0\n  local %1: f64 temp\n"
      "  block 0:\n    %1 = field %0, 0\n    return %1\n}\n");
  struct Point {
    double x, y;
  };
  EXPECT_EQ(running.value<double>("x_of", {}, Point{1.5, 2.5}), 1.5);
  const auto different = running.program.add(read_text("struct #1 Point {\n  x: f64\n}\n").value());
  EXPECT_EQ(error_of(different), "type 'Point' is defined twice, and not the same");
  EXPECT_EQ(
      error_of(running.program.add(read_text("struct #1 Box {\n  a: struct #77\n}\n").value())),
      "type 'Box': struct 77 is not defined");
}

TEST(Program, EndlessTypesEnd) {
  Running running;
  running.add(
      "fn #1 grow<T>(T) entry 0 {\n  local %0: T arg 0\n  local %1: (T, T) temp\n  block 0:\n"
      "    %1 = aggregate tuple (%0, %0)\n    call fn((T, T)) \"grow<(T, T)>\"(%1)\n    "
      "return\n}\n");
  const Trap trap = running.trap("grow", {"nil"}, std::uint64_t{0});
  EXPECT_EQ(trap.kind, Trap::Kind::kInvalid);
  EXPECT_NE(trap.message.find("a type of more than 5000 types"), std::string::npos) << trap.message;
}

TEST(Program, WhatOtherBackEndsDoIsRefusedByPlace) {
  Running running;
  running.add(
      "fn #1 f() entry 0 {\n  local %0: u8 temp\n  block 0:\n    nop\n"
      "    foreign {\"VhdlSlice\":{\"dest\":0}}\n    return\n}\n");
  const auto made = running.make("f", {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(
      made.error().message,
      "function 'f', block 0, instruction 1: not compiled here: {\"VhdlSlice\":{\"dest\":0}}");
}

}  // namespace
}  // namespace smf::mir
