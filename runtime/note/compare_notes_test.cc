#include "runtime/note/compare_notes.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/note/updating.h"

namespace smf {
namespace {

std::string differences(std::string_view before, std::string_view after) {
  const auto old_bytes = build_bytes(sample_module(before));
  const auto new_bytes = build_bytes(sample_module(after));
  const auto found = compare_notes(SmfView::open(as_bytes(*old_bytes)).value(),
                                   SmfView::open(as_bytes(*new_bytes)).value());
  EXPECT_TRUE(found) << found.error().describe();
  std::string out;
  for (const Difference& difference : *found) {
    out += difference.change == Change::kAdded ? "+ " : "- ";
    out += difference.name + ": " + difference.field + "\n";
  }
  return out;
}

constexpr std::string_view kRowsWithIds =
    "possible |id, template, type_args, mangled_name, required_by, can_defer|\n"
    "    0, \"List\", \"Int\", \"List$Int\", \"a.spl\", true\n"
    "    1, \"List\", \"Bool\", \"List$Bool\", \"a.spl\", true\n"
    "instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, status|\n";

TEST(CompareNotes, TheFormDoesNotCount) {
  EXPECT_EQ(
      differences(kRowsWithIds,
                  "possible |template_name, mangled_name, type_args, required_by, can_defer|\n"
                  "    List, List$Bool, Bool, a.spl, \"true\"\n"
                  "    List, List$Int, Int, a.spl, \"true\"\n"),
      "");
}

TEST(CompareNotes, AChangedRowIsOneRemovedAndOneAdded) {
  EXPECT_EQ(differences(kRowsWithIds,
                        "possible |id, template, type_args, mangled_name, required_by, "
                        "can_defer, weight|\n"
                        "    7, List, Int, List$Int, a.spl, false, 3\n"
                        "    8, List, Bool, List$Bool, a.spl, true, \"\"\n"),
            "- possible: \"List\", \"Int\", \"List$Int\", \"a.spl\", true\n"
            "- possible: \"List\", \"Bool\", \"List$Bool\", \"a.spl\", true\n"
            "+ possible: \"List\", \"Int\", \"List$Int\", \"a.spl\", false, \"weight: 3\"\n"
            "+ possible: \"List\", \"Bool\", \"List$Bool\", \"a.spl\", true, \"weight: \"\n");
}

TEST(CompareNotes, RowsCountAsOftenAsTheyStandThere) {
  const std::string once = "dependencies |from_inst, to_inst, dep_kind|\n    A, B, field_type\n";
  EXPECT_EQ(differences(once, once + "    A, B, field_type\n"),
            "+ dependencies: \"A\", \"B\", \"field_type\"\n");
}

TEST(CompareNotes, EntriesOfOtherNamesAreComparedWhole) {
  EXPECT_EQ(differences("build:\n    target: x86_64\n", "build:\n    target: aarch64\n"),
            "- build: {target: x86_64}\n+ build: {target: aarch64}\n");
}

TEST(CompareNotes, ANoteThatDoesNotReadIsAnErrorThatSaysWhich) {
  const std::string good = sample_bytes(1);
  std::string bad = good;
  bad[bad.find("possible |")] = '|';
  const auto found =
      compare_notes(SmfView::open(as_bytes(good)).value(), SmfView::open(as_bytes(bad)).value());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().path, "after");
}

}  // namespace
}  // namespace smf
