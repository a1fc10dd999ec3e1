#include "runtime/note/note.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace smf {
namespace {

constexpr std::string_view kFirstForm = R"(# Instantiation To/From Metadata
# Format version: 1.0

instantiations |id, template, type_args, mangled_name, from_file, from_loc, to_obj, status|
    0, "List", "Int", "List$Int", "app.spl", "app.spl:10:5:List<Int>", "app.o", "compiled"
    1, "Map", "text,i64", "Map$text_i64", "a \"b\".spl", "", "app.o", "compiled"

possible |id, template, type_args, mangled_name, required_by, can_defer|
    0, "List", "Float", "List$Float", "app", true
    1, "Option", "i64", "Option$i64", "core", false

type_inferences |id, inferred_type, expr, context, from_file, from_loc|
    0, "Int", "42", "literal", "app.spl", "app.spl:5:10"

dependencies |from_inst, to_inst, dep_kind|
    "List$Int", "Int", "type_param"

circular_warnings |id, cycle_path, severity|
    0, "Node->Option$Node->Node", "warning"

circular_errors |id, cycle_path, error_code|
    0, "A->B->A", "E0420"

# END_NOTE
)";

constexpr std::string_view kSecondForm = R"(build:
    tool: simple
    version: 2.1.0

possible |template_name, type_args, mangled_name, required_by, can_defer, since|
    "List", "Float", "List$Float", "app", "true", 7
instantiations |template, mangled_name, type_args, from_file, from_loc, output_file, status|
    "List", "List$Int", "Int", "app.spl", "1:2", "app.o", "success"
type_inferences |inferred_type, expr, ctx, from_file, from_loc|
    "Int", "42", "literal", "app.spl", "5:10"
extra |a, b|
    1, two

# END_NOTE
garbage : [ that nobody reads
)";

TEST(Note, ReadsTheFirstForm) {
  const auto note = Note::parse(kFirstForm);
  ASSERT_TRUE(note) << note.error().message;
  ASSERT_EQ(note->instantiation_count(), 2u);
  const InstantiationRow row = note->instantiation(1);
  EXPECT_EQ(row.id, 1);
  EXPECT_EQ(row.template_name, "Map");
  EXPECT_EQ(row.type_args, "text,i64");
  EXPECT_EQ(row.mangled_name, "Map$text_i64");
  EXPECT_EQ(row.from_file, "a \"b\".spl");
  EXPECT_EQ(row.from_loc, "");
  EXPECT_EQ(row.to_obj, "app.o");
  EXPECT_EQ(row.status, "compiled");
  EXPECT_EQ(kFirstForm.substr(row.offset, 8), "1, \"Map\"");
  ASSERT_EQ(note->possible_count(), 2u);
  EXPECT_TRUE(note->possible(0).can_defer);
  EXPECT_FALSE(note->possible(1).can_defer);
  EXPECT_EQ(note->possible(1).required_by, "core");
  EXPECT_EQ(note->type_inference(0).context, "literal");
  EXPECT_EQ(note->dependency(0).dep_kind, "type_param");
  EXPECT_EQ(note->circular_warning(0).cycle_path, "Node->Option$Node->Node");
  EXPECT_EQ(note->circular_error(0).code, "E0420");
  EXPECT_EQ(note->text(), kFirstForm);
}

TEST(Note, ReadsTheSecondFormAndStopsAtTheTerminator) {
  const auto note = Note::parse(kSecondForm);
  ASSERT_TRUE(note) << note.error().message;
  ASSERT_EQ(note->instantiation_count(), 1u);
  EXPECT_EQ(note->instantiation(0).id, std::nullopt);
  EXPECT_EQ(note->instantiation(0).to_obj, "app.o");
  EXPECT_EQ(note->instantiation(0).mangled_name, "List$Int");
  EXPECT_TRUE(note->possible(0).can_defer);
  EXPECT_EQ(note->possible(0).template_name, "List");
  EXPECT_EQ(note->type_inference(0).context, "literal");
  EXPECT_EQ(note->dependency_count(), 0u);
  EXPECT_EQ(note->document().get("build.version")->as_string(), "2.1.0");
  EXPECT_TRUE(note->text().ends_with("# END_NOTE\n"));
}

TEST(Note, FindsRowsByNameAndByArguments) {
  const auto note = Note::parse(kFirstForm);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->find("List$Int"), (Note::Place{false, 0}));
  EXPECT_EQ(note->find("Option$i64"), (Note::Place{true, 1}));
  EXPECT_EQ(note->find("List$Bool"), std::nullopt);
  EXPECT_EQ(note->find(""), std::nullopt);
  EXPECT_EQ(note->find("List", "i64"), (Note::Place{false, 0}));
  EXPECT_EQ(note->find("Map", "String, Int"), (Note::Place{false, 1}));
  EXPECT_EQ(note->find("List", "f64"), (Note::Place{true, 0}));
  EXPECT_EQ(note->find("List", "bool"), std::nullopt);
}

TEST(Note, InstantiationsWinOverPossible) {
  const auto note = Note::parse(
      "possible |template, type_args, mangled_name|\n    \"L\", \"i8\", \"L$i8\"\n"
      "instantiations |template, type_args, mangled_name|\n    \"L\", \"i8\", \"L$i8\"\n");
  ASSERT_TRUE(note);
  EXPECT_EQ(note->find("L$i8"), (Note::Place{false, 0}));
  EXPECT_EQ(note->find("L", "i8"), (Note::Place{false, 0}));
  EXPECT_TRUE(note->check_names());
}

TEST(Note, RefusesANameThatMeansTwoThings) {
  const auto note = Note::parse(
      "instantiations |template, type_args, mangled_name|\n"
      "    Map, \"a_b,c\", \"Map$a_b_c\"\n    Map, \"a,b_c\", \"Map$a_b_c\"\n");
  ASSERT_TRUE(note);
  const auto checked = note->check_names();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().offset, note->instantiation(1).offset);
  EXPECT_EQ(checked.error().message,
            "the mangled name 'Map$a_b_c' means Map<a,b_c> here and Map<a_b,c> in another row");
}

TEST(Note, TellsMistakesWithTheirPlace) {
  EXPECT_EQ(Note::parse("possible: 3\n").error().message, "1:11: expected a table, found an int");
  EXPECT_EQ(Note::parse("possible |a, b|\n    1\n").error().offset, 20u);
  EXPECT_EQ(Note::parse(kFirstForm, 100).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(Note::parse(""));
  EXPECT_TRUE(Note::parse("possible:\n"));
}

// Everything that is found by a slow search is found by the table, and nothing else.
TEST(Note, FindsWhatIsThereAmongManyRows) {
  std::string text = "possible |id, template, type_args, mangled_name, required_by, can_defer|\n";
  for (int i = 0; i < 5000; ++i)
    text +=
        fmt::format("    {0}, \"T{1}\", \"A{2}\", \"T{1}$A{2}\", \"m\", true\n", i, i % 70, i / 70);
  const auto note = Note::parse(text);
  ASSERT_TRUE(note);
  for (std::uint32_t i = 0; i < note->possible_count(); ++i) {
    const PossibleRow row = note->possible(i);
    ASSERT_EQ(note->find(row.mangled_name), (Note::Place{true, i}));
    ASSERT_EQ(note->find(row.template_name, row.type_args), (Note::Place{true, i}));
    ASSERT_EQ(note->find(row.template_name), std::nullopt);
  }
}

TEST(Note, IsWrittenAnewWithEverythingItHeld) {
  for (const std::string_view text : {kFirstForm, kSecondForm}) {
    const auto note = Note::parse(text);
    const auto written = write_note(*note);
    ASSERT_TRUE(written) << written.error().message;
    const auto again = Note::parse(*written);
    ASSERT_TRUE(again) << again.error().message << *written;
    EXPECT_EQ(again->instantiation_count(), note->instantiation_count());
    EXPECT_EQ(again->possible_count(), note->possible_count());
    EXPECT_EQ(again->instantiation(0).from_file, note->instantiation(0).from_file);
    EXPECT_EQ(again->type_inference(0).context, note->type_inference(0).context);
    EXPECT_EQ(again->circular_error_count(), note->circular_error_count());
    EXPECT_EQ(*write_note(*again), *written);
    EXPECT_LT(written->find("possible |"), written->find("instantiations |"));
    EXPECT_TRUE(written->ends_with("\n\n# END_NOTE\n"));
  }
  const auto second = Note::parse(kSecondForm);
  const std::string kept = write_note(*second).value();
  const auto again = Note::parse(kept);
  EXPECT_EQ(again->document().get("build.version")->as_string(), "2.1.0");
  EXPECT_EQ(again->document().get("possible.0.since")->as_int(), 7);
  EXPECT_EQ(again->document().get("extra.0.b")->as_string(), "two");
  EXPECT_EQ(again->instantiation(0).id, 0);
}

TEST(Note, IsWrittenWithEdits) {
  const auto note = Note::parse(kFirstForm);
  NoteEdits edits;
  edits.dropped_possible = {true, false};
  edits.new_instantiations.push_back({.template_name = "List",
                                      .type_args = "Float",
                                      .mangled_name = "List$Float",
                                      .status = "jit_compiled"});
  edits.new_possible.push_back(
      {.template_name = "A", .type_args = "i8", .mangled_name = "A$i8", .can_defer = true});
  const std::string text = write_note(*note, edits).value();
  const auto again = Note::parse(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->find("List$Float"), (Note::Place{false, 2}));
  EXPECT_EQ(again->instantiation(2).id, 2);
  EXPECT_EQ(again->find("A$i8"), (Note::Place{true, 1}));
  EXPECT_EQ(again->possible(1).id, 2);
  EXPECT_EQ(again->possible(0).mangled_name, "Option$i64");
}

// More than a column's number has bits for.
TEST(WriteNote, KeepsColumnsHoweverMany) {
  std::string text = "possible |mangled_name";
  std::string row = "\n    \"A\"";
  for (int i = 0; i < 70'000; ++i) {
    text += fmt::format(", c{}", i);
    row += ", 1";
  }
  text += "|" + row + "\n# END_NOTE\n";
  const auto note = Note::parse(text);
  ASSERT_TRUE(note) << note.error().describe();
  const auto written = write_note(*note);
  ASSERT_TRUE(written) << written.error().describe();
  EXPECT_TRUE(written->contains("c69999"));
  const auto again = Note::parse(*written);
  ASSERT_TRUE(again) << again.error().describe();
  EXPECT_EQ(again->possible(0).mangled_name, "A");
}

}  // namespace
}  // namespace smf
