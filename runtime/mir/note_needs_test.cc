#include "runtime/mir/note_needs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "runtime/mir/text.h"
#include "runtime/note/verify_note.h"

namespace smf::mir {
namespace {

class NoteNeedsTest : public testing::Test {
 protected:
  void add(const std::string& text) {
    auto unit = read_text(text);
    ASSERT_TRUE(unit) << unit.error().describe();
    const auto added = program_.add(*std::move(unit));
    ASSERT_TRUE(added) << added.error().describe();
  }
  void add_file(const std::string& name) {
    std::ifstream file("testdata/templates/" + name);
    std::stringstream text;
    text << file.rdbuf();
    add(text.str());
  }
  // "from -KIND-> to" and "possible NAME (TEMPLATE of ARGS) for BY", a line each.
  std::string needs(const std::string& text) {
    const auto note = Note::parse(text);
    EXPECT_TRUE(note) << note.error().describe();
    const auto found = find_needs(*note, program_);
    if (!found) return "error: " + found.error().message;
    std::string lines;
    for (const NeededDependency& one : found->dependencies)
      lines += one.from_inst + " -" + one.dep_kind + "-> " + one.to_inst + "\n";
    for (const NeededInstantiation& one : found->possible) {
      lines += "possible " + one.mangled_name + " (" + one.template_name + " of " + one.type_args +
               ") for " + one.required_by + "\n";
    }
    for (const std::string& one : found->refused) lines += "refused " + one + "\n";
    const auto written = found->add_to(*note);
    EXPECT_TRUE(written);
    after_ = written.value_or("");
    return lines;
  }

  Program program_{};
  std::string after_{};
};

constexpr const char* kRow =
    "possible |id, template, type_args, mangled_name, required_by, can_defer|\n";

TEST_F(NoteNeedsTest, FunctionsNeedWhatTheyCall) {
  add_file("basic.mir");
  EXPECT_EQ(needs(std::string(kRow) + "    0, \"clamp\", \"Int\", \"clamp$Int\", \"\", true\n"),
            "clamp$Int -method_dep-> max$i64\n"
            "clamp$Int -method_dep-> min$i64\n"
            "possible max$i64 (max of i64) for clamp$Int\n"
            "possible min$i64 (min of i64) for clamp$Int\n");
  // What results needs nothing more.
  EXPECT_EQ(needs(after_), "");
}

TEST_F(NoteNeedsTest, RowsThatAreThereKeepTheirNames) {
  add_file("basic.mir");
  EXPECT_EQ(needs("instantiations |id, template, type_args, mangled_name, from_file, from_loc, "
                  "to_obj, status|\n    0, \"max\", \"Int\", \"max$Int\", \"\", \"\", \"\", "
                  "\"compiled\"\n" +
                  std::string(kRow) +
                  "    0, \"clamp\", \"i64\", \"clamp$i64\", \"\", true\n"
                  "dependencies |from_inst, to_inst, dep_kind|\n"
                  "    \"clamp$i64\", \"min$i64\", \"method_dep\"\n"),
            "clamp$i64 -method_dep-> max$Int\n"
            "possible min$i64 (min of i64) for clamp$i64\n");
}

TEST_F(NoteNeedsTest, CirclesOfFunctionsAreNoDependencies) {
  add_file("sort.mir");
  EXPECT_EQ(
      needs(std::string(kRow) + "    0, \"quicksort\", \"f64\", \"quicksort$f64\", \"\", true\n"),
      "quicksort$f64 -method_dep-> sort_between$f64\n"
      "sort_between$f64 -method_dep-> partition$f64\n"
      "partition$f64 -method_dep-> swap$f64\n"
      "possible sort_between$f64 (sort_between of f64) for quicksort$f64\n"
      "possible partition$f64 (partition of f64) for sort_between$f64\n");
}

TEST_F(NoteNeedsTest, CirclesOfSeveralFunctionsAreNoDependenciesEither) {
  const auto calling = [](int symbol, const char* name, const char* callee) {
    return "fn #" + std::to_string(symbol) + " " + name +
           "<T>(T) entry 0 {\n  local %0: T arg 0\n" + "  block 0:\n    call fn(T) \"" + callee +
           "<T>\"(%0)\n    return\n}\n";
  };
  add(calling(1, "a", "b") + calling(2, "b", "c") + calling(3, "c", "b"));
  EXPECT_EQ(needs(std::string(kRow) + "    0, \"a\", \"i8\", \"a$i8\", \"\", true\n"),
            "a$i8 -method_dep-> b$i8\n"
            "possible b$i8 (b of i8) for a$i8\n"
            "possible c$i8 (c of i8) for b$i8\n");
}

TEST_F(NoteNeedsTest, TypesNeedWhatTheyHoldByValue) {
  add("struct #1 Node<T> {\n  value: T\n  next: *Node<T>\n  pair: (Option<Pair<T, u8>>, i64)\n}\n"
      "struct #2 Pair<A, B> {\n  a: A\n  b: B\n}\n"
      "enum #3 Option<T> {\n  None()\n  Some(T)\n}\n");
  EXPECT_EQ(needs(std::string(kRow) + "    0, \"Node\", \"i64\", \"Node$i64\", \"\", true\n"),
            "Node$i64 -field_type-> Option$Pair<i64,u8>\n"
            "Option$Pair<i64,u8> -inner_type-> Pair$i64_u8\n"
            "possible Option$Pair<i64,u8> (Option of Pair<i64,u8>) for Node$i64\n"
            "possible Pair$i64_u8 (Pair of i64,u8) for Option$Pair<i64,u8>\n");
}

TEST_F(NoteNeedsTest, RowsThatTheirTemplatesRefuseAreTold) {
  add_file("slices.mir");
  EXPECT_EQ(
      needs(std::string(kRow) + "    0, \"sum\", \"text\", \"sum$text\", \"\", true\n"
                                "    1, \"elsewhere\", \"text\", \"elsewhere$text\", \"\", true\n"
                                "    2, \"sum\", \"Point\", \"sum$Point\", \"\", true\n"),
      "refused sum$text: 'sum': T is text, which is not numeric\n");
}

TEST_F(NoteNeedsTest, WhatNeverEndsIsALimit) {
  add("struct #1 List<T> {\n  data: *T\n}\n"
      "fn #2 f<T>(*T) entry 0 {\n  local %0: *T arg 0\n  local %1: *List<T> temp\n"
      "  block 0:\n    %1 = bitcast %0 to *List<T>\n    call fn(*List<T>) \"f<List<T>>\"(%1)\n"
      "    return\n}\n");
  const std::string found =
      needs(std::string(kRow) + "    0, \"f\", \"i8\", \"f$i8\", \"\", true\n");
  EXPECT_NE(found.find("nested deeper than"), std::string::npos)
      << found.substr(found.size() - 200);
}

}  // namespace
}  // namespace smf::mir
