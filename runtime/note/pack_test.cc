#include "runtime/note/pack.h"

#include <gtest/gtest.h>

#include "runtime/note/index.h"
#include "runtime/note/updating.h"

namespace smf {
namespace {

std::string packed_text(std::string_view text) {
  const auto packed = pack_note(text);
  EXPECT_TRUE(packed) << packed.error().describe();
  return packed ? packed->text : std::string();
}

TEST(PackNote, MovesTheLinesOfInstantiationsBehindTheOthers) {
  EXPECT_EQ(packed_text("# head\n\n"
                        "instantiations |mangled_name|  # made\n"
                        "    \"A\"\n"
                        "# more of them\n"
                        "\n"
                        "unknown |x|\n"
                        "    1\n"
                        "possible |mangled_name|\n"
                        "    \"B\"\n"
                        "# END_NOTE\n"),
            "# head\n\n"
            "unknown |x|\n"
            "    1\n"
            "possible |mangled_name|\n"
            "    \"B\"\n"
            "instantiations |mangled_name|  # made\n"
            "    \"A\"\n"
            "# more of them\n"
            "\n"
            "# END_NOTE\n");
}

TEST(PackNote, LeavesATextAloneThatIsInOrder) {
  const std::string text = "possible |mangled_name|\n  \"B\"\ninstantiations |mangled_name|\n";
  EXPECT_EQ(packed_text(text), text + "# END_NOTE\n");
  EXPECT_EQ(packed_text(text + "# END_NOTE\n   and what follows"), text + "# END_NOTE\n");
  EXPECT_EQ(packed_text("key: value"), "key: value\n# END_NOTE\n");
  EXPECT_EQ(packed_text(""), "# END_NOTE\n");
}

TEST(PackNote, WritesAnewWhatCannotBeMovedByLines) {
  const std::string text = packed_text(
      "  instantiations |mangled_name, template, type_args|\n"
      "     \"A\", \"a\", \"\"\"i64\"\"\"\n"
      "  possible |mangled_name|\n");
  const auto note = Note::parse(text);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->instantiation(0).type_args, "i64");
  EXPECT_LT(text.find("\npossible |"), text.find("\ninstantiations |"));
}

TEST(PackNote, RefusesWhatIsNoNote) {
  EXPECT_EQ(pack_note("possible |\n").error().code, ErrorCode::kInvalidInput);
}

TEST(PackNote, IndexesNotesThatAreWorthIt) {
  const ModuleSpec small = sample_module(sample_note(kLeastIndexedRows - 2));
  EXPECT_EQ(small.sections.back().name, kNoteSection);
  const ModuleSpec large = sample_module(sample_note(kLeastIndexedRows - 1));
  EXPECT_EQ(large.sections.back().name, kNoteIndexSection);
}

TEST(PackNote, KnowsWhetherAnIndexFitsTheText) {
  const auto packed = pack_note(sample_note(50));
  ASSERT_TRUE(packed);
  EXPECT_TRUE(is_index_of(packed->index, packed->text));

  std::string updated = packed->text;  // in place
  const auto row = updated.find("    7, \"List\"");
  updated[row] = '#';
  updated[updated.size() - 9] = 'e';
  updated += "    1, \"List\", \"7\", \"List$7\", \"\", \"\", \"\", \"\"\n\n# END_NOTE\n";
  EXPECT_TRUE(is_index_of(packed->index, updated));

  std::string longer = packed->text;
  longer.insert(row, " ");
  EXPECT_FALSE(is_index_of(packed->index, longer));
  std::string renamed = packed->text;
  renamed[renamed.find("List$31")] = 'M';
  EXPECT_FALSE(is_index_of(packed->index, renamed));
  EXPECT_FALSE(is_index_of({}, packed->text));
}

TEST(PackNote, AnIndexThatDoesNotFitIsMadeAnewAndOneThatDoesIsKept) {
  ModuleSpec spec = sample_module(sample_note(50));
  const Source note = spec.sections[1].payload, index = spec.sections[2].payload;
  ASSERT_TRUE(refresh_note_index(spec));
  EXPECT_EQ(spec.sections[1].payload, note);
  EXPECT_EQ(spec.sections[2].payload, index);
  spec.sections[1].payload = text_source(sample_note(60));
  ASSERT_TRUE(refresh_note_index(spec));
  EXPECT_TRUE(is_index_of(read_all(*spec.sections[2].payload).value(),
                          as_text(read_all(*spec.sections[1].payload).value())));
}

}  // namespace
}  // namespace smf
