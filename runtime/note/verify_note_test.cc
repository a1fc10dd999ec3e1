#include "runtime/note/verify_note.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "runtime/note/updating.h"

namespace smf {
namespace {

std::string verify(const SmfView& view, const VerifyOptions& options = {}) {
  VerifyReport report;
  EXPECT_TRUE(verify_note(view, options, report));
  std::string out;
  for (const Finding& finding : report.findings) {
    out += severity_name(finding.severity);
    out += ": " + finding.message + "\n";
  }
  return out;
}

// What is found in a module with this note, a line each: "error: note.sdn: ...".
std::string findings(std::string_view text) {
  const auto bytes = build_bytes(sample_module(text));
  const auto view = SmfView::open(as_bytes(*bytes));
  EXPECT_TRUE(view) << view.error().describe();
  return verify(*view);
}

std::string with_rows(std::string_view possible, std::string_view instantiations = "") {
  return "possible |id, template, type_args, mangled_name, required_by, can_defer|\n" +
         std::string(possible) +
         "instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, "
         "status|\n" +
         std::string(instantiations);
}

TEST(VerifyNote, ANoteOfOursHasNoFindings) {
  EXPECT_EQ(findings(sample_note(3)), "");
  EXPECT_EQ(findings(sample_note(100)), "");  // with an index
  EXPECT_EQ(findings(""), "");
}

TEST(VerifyNote, TheOtherWritersFormHasNoFindings) {
  EXPECT_EQ(findings("build:\n"
                     "    target: x86_64\n"
                     "instantiations |template_name, type_args, mangled_name, from_file, from_loc, "
                     "output_file, status|\n"
                     "    List, Int, List$Int, a.spl, \"a.spl:1:1\", a.o, success\n"
                     "possible |template_name, type_args, mangled_name, required_by, can_defer|\n"
                     "    List, Bool, List$Bool, a.spl, \"true\"\n"
                     "type_inferences |inferred_type, expr, ctx, from_file, from_loc|\n"
                     "    Int, x, let, a.spl, \"a.spl:1:2\"\n"),
            "");
}

TEST(VerifyNote, WhatShouldBeATableIsAnError) {
  EXPECT_EQ(findings("dependencies: 3\n"),
            "error: note.sdn: 1:15: expected a table, found an int\n");
}

TEST(VerifyNote, AColumnThatIsMissingIsAnErrorWhereRowsMeanNothingWithoutIt) {
  EXPECT_EQ(findings("dependencies |from_inst, to_inst|\n    A, B\n"),
            "warning: note.sdn: dependencies has no column 'dep_kind'\n");
  EXPECT_EQ(findings("dependencies |from_inst, dep_kind|\n    A, field_type\n"),
            "error: note.sdn: dependencies has no column 'to_inst'\n");
  EXPECT_EQ(findings("dependencies |from_inst|\n"), "");  // no rows
}

TEST(VerifyNote, ANameWithTwoMeaningsIsAnErrorThatNamesBoth) {
  EXPECT_EQ(findings(with_rows("    0, Map, \"a_b,c\", Map$a_b_c, m, true\n"
                               "    1, Map, \"a,b_c\", Map$a_b_c, m, true\n")),
            "error: note.sdn: the mangled name 'Map$a_b_c' means Map<a,b_c> here and Map<a_b,c> in "
            "another row\n");
}

TEST(VerifyNote, ARowInBothTablesIsToldAndOneThatIsRepeatedIsAWarning) {
  const std::string made = "    0, List, Int, List$Int, a, a, a.o, compiled\n";
  EXPECT_EQ(findings(with_rows("    0, List, i64, List$Int, m, true\n", made)),
            "note: note.sdn: 'List$Int' is in possible and in instantiations, which counts\n");
  EXPECT_EQ(findings(with_rows("    0, A, i64, A$i64, m, true\n    1, A, Int, A$i64, m, true\n")),
            "warning: note.sdn: possible: two rows of 'A$i64'\n");
}

TEST(VerifyNote, OddCellsAreWarnings) {
  EXPECT_EQ(findings(with_rows("    0, A, i64, A$i64, m, perhaps\n    0, B, i64, B$i64, m, true\n",
                               "    x, C, i64, C$i64, a, a, a.o, made\n")),
            "warning: note.sdn: possible: two rows have the id 0\n"
            "warning: note.sdn: possible: 'perhaps' as can_defer; known are true, false\n"
            "warning: note.sdn: instantiations: the id 'x' is no number\n"
            "warning: note.sdn: instantiations: 'made' as status; known are compiled, deferred, "
            "jit_compiled, pending, success, failed\n");
  EXPECT_EQ(findings(with_rows("    0, A, i64, , m, true\n")),
            "error: note.sdn: possible: no mangled name\n");
}

TEST(VerifyNote, ACycleIsAnErrorUnlessItCanBeFinite) {
  EXPECT_EQ(findings("dependencies |from_inst, to_inst, dep_kind|\n"
                     "    A, B, field_type\n    B, C, type_param\n    C, A, method_dep\n"),
            "error: note.sdn: E0420: a cycle of dependencies: A->B->C->A\n");
  EXPECT_EQ(
      findings("dependencies |from_inst, to_inst, dep_kind|\n"
               "    Node, Option$Node, field_type\n    Option$Node, Node, inner_type\n"),
      "warning: note.sdn: a cycle of dependencies that can be finite: Node->Option$Node->Node\n");
}

TEST(VerifyNote, ListedCyclesAreComparedWithTheDependencies) {
  const std::string edges =
      "dependencies |from_inst, to_inst, dep_kind|\n"
      "    \"fn(A)->B\", C, field_type\n    C, \"fn(A)->B\", field_type\n";
  const std::string cycle =
      "error: note.sdn: E0420: a cycle of dependencies: fn(A)->B->C->fn(A)->B\n";
  const auto listed = [&](std::string_view path, std::string_view table, std::string_view code) {
    return findings(edges + std::string(table) + "    0, \"" + std::string(path) + "\", " +
                    std::string(code) + "\n");
  };
  const std::string errors = "circular_errors |id, cycle_path, error_code|\n";
  const std::string warnings = "circular_warnings |id, cycle_path, severity|\n";
  EXPECT_EQ(listed("C->fn(A)->B->C", errors, "E0420"), cycle);
  EXPECT_EQ(listed("C->fn(A)->B->C", warnings, "warning"),
            cycle +
                "warning: note.sdn: circular_warnings lists 'C->fn(A)->B->C', which is an "
                "error\n");
  for (const std::string_view path : {"C->fn(A)->B", "C->D->C", "C", "", "->", "C->C"}) {
    EXPECT_EQ(listed(path, errors, "E0420"), cycle + "warning: note.sdn: circular_errors lists '" +
                                                 std::string(path) +
                                                 "', which is no cycle of dependencies\n");
  }
  EXPECT_EQ(listed("f->g->f", errors, "E0421"),
            cycle + "error: note.sdn: E0421: a cycle of type inference: f->g->f\n");
}

TEST(VerifyNote, AnIndexOfAnotherTextIsAnError) {
  std::string bytes = sample_bytes(100);
  const std::size_t name = bytes.find("List$50\"");
  bytes[name + 5] = 'x';
  const auto view = SmfView::open(as_bytes(bytes));
  ASSERT_TRUE(view);
  EXPECT_EQ(verify(*view), "error: section 2 '.smf.nidx' is no index of this note\n");
}

TEST(VerifyNote, ATextThatIsNoSdnIsLeftToVerifyModule) {
  std::string bytes = sample_bytes(1);
  bytes[bytes.find("\"Main\"")] = '|';
  bytes[bytes.find("List$0\"")] = '"';
  const auto view = SmfView::open(as_bytes(bytes));
  ASSERT_TRUE(view);
  EXPECT_EQ(verify(*view), "");
  const auto report = verify_module(*view);
  EXPECT_TRUE(std::ranges::any_of(report->findings, [](const Finding& finding) {
    return finding.message.starts_with("note.sdn: ");
  }));
}

TEST(VerifyNote, FindingsBeyondTheLimitAreCounted) {
  std::string rows;
  for (int i = 0; i < 50; ++i) rows += "    0, A, i64, A$i64, m, true\n";
  const auto bytes = build_bytes(sample_module(with_rows(rows)));
  const auto view = SmfView::open(as_bytes(*bytes));
  VerifyReport report;
  ASSERT_TRUE(verify_note(*view, {.limits = {}, .max_findings = 10, .progress = {}}, report));
  EXPECT_EQ(report.findings.size(), 10u);
  EXPECT_EQ(report.warnings, 98u);
}

}  // namespace
}  // namespace smf
