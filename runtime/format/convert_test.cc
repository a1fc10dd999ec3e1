#include "runtime/format/convert.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/format/building.h"
#include "runtime/format/hashes.h"
#include "runtime/format/verify.h"
#include "testdata/golden/golden.h"

namespace smf {
namespace {

Result<std::string> convert(const std::string& bytes) {
  SMF_ASSIGN(const SmfView view, SmfView::open(as_bytes(bytes)));
  SMF_ASSIGN(const ModuleSpec spec, spec_from_view(view, Target::kCurrent));
  return build_bytes(spec);
}

// Everything of `before` that has to be found in `after`.
void expect_same_content(const SmfView& before, const SmfView& after) {
  EXPECT_EQ(after.header().platform, before.header().platform);
  EXPECT_EQ(after.header().arch, before.header().arch);
  EXPECT_EQ(after.header().entry_point, before.header().entry_point);
  EXPECT_EQ(after.header().source_hash, before.header().source_hash);
  EXPECT_EQ(after.header().app_type, before.header().app_type);
  EXPECT_EQ(after.code_size(), before.code_size());
  ASSERT_EQ(after.symbol_count(), before.symbol_count());
  for (std::uint32_t i = 0; i < before.section_count(); ++i) {
    const Section old = *before.section(i);
    if (is_derived_section(old.name()) || old.is_note() || old.name().empty()) continue;
    const auto converted = after.find_section(old.name());
    ASSERT_TRUE(converted && *converted) << old.name();
    EXPECT_EQ((*converted)->type, old.type);
    EXPECT_EQ((*converted)->memory_size(), old.memory_size());
    EXPECT_EQ(as_text(after.stored(**converted)), as_text(before.stored(old))) << old.name();
  }
  for (std::uint32_t i = 0; i < before.symbol_count(); ++i) {
    const Symbol old = *before.symbol(i);
    const Symbol converted = *after.symbol(i);
    EXPECT_EQ(converted.name, old.name);
    EXPECT_EQ(converted.binding, old.binding);
    EXPECT_EQ(converted.size, old.size);
    EXPECT_EQ(converted.is_defined(), old.is_defined());
  }
  const auto old_note = before.note();
  const auto note = after.note();
  ASSERT_TRUE(old_note && note);
  EXPECT_EQ(note->has_value(), old_note->has_value());
  if (*old_note && terminated_note(as_bytes(**old_note))) {
    EXPECT_EQ(*note, *old_note);
  }
}

TEST(Convert, MakesVersionOneOneOfEveryGoldenFile) {
  int converted_files = 0;
  for (const golden::File& file : golden::golden_files()) {
    SCOPED_TRACE(file.name);
    const auto before = SmfView::open(as_bytes(file.bytes));
    EXPECT_EQ(before.has_value(), file.refusal.empty());
    if (!before) continue;
    const auto bytes = convert(file.bytes);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    const auto after = SmfView::open(as_bytes(*bytes));
    ASSERT_TRUE(after) << after.error().describe();
    EXPECT_EQ(after->header().dialect, Dialect::kP128);
    expect_same_content(*before, *after);
    ++converted_files;
  }
  EXPECT_GT(converted_files, 20);
}

TEST(Convert, IsDoneAfterOnce) {
  for (const golden::File& file : golden::golden_files()) {
    if (!file.refusal.empty()) continue;
    SCOPED_TRACE(file.name);
    const auto once = convert(file.bytes);
    ASSERT_TRUE(once) << once.error().describe();
    EXPECT_EQ(convert(*once), once);
  }
}

TEST(Convert, TiesFunctionsToTheCodeSectionTheyLieIn) {
  for (const golden::File& file : golden::golden_files()) {
    if (!file.refusal.empty() || file.dialect == "P128") continue;
    SCOPED_TRACE(file.name);
    const auto bytes = convert(file.bytes);
    ASSERT_TRUE(bytes);
    const auto before = SmfView::open(as_bytes(file.bytes));
    const auto after = SmfView::open(as_bytes(*bytes));
    for (std::uint32_t i = 0; i < before->symbol_count(); ++i) {
      const Symbol old = *before->symbol(i);
      const Symbol now = *after->symbol(i);
      if (old.type != SymbolType::kFunction || !old.is_defined() || old.is_template()) continue;
      ASSERT_TRUE(now.section) << old.name;
      std::uint64_t base = 0;
      for (std::uint32_t s = 0; s < *now.section; ++s) {
        const Section earlier = *after->section(s);
        if (earlier.is(SectionType::kCode)) base += earlier.memory_size();
      }
      EXPECT_EQ(base + now.value, old.value) << old.name;
    }
  }
}

TEST(Convert, GivesANoteRoomToGrow) {
  const SectionSpec section = note_section("# a note\n");
  const auto bytes = read_all(*section.payload);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(as_text(*bytes), "# a note\n# END_NOTE\n" + std::string(4096, ' '));
  EXPECT_EQ(terminated_note(*bytes), "# a note\n# END_NOTE\n");
}

TEST(Convert, KeepsATerminatorThatIsThere) {
  const auto bytes = read_all(*note_section("# a\n# END_NOTE\nwhat follows is no note").payload);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(as_text(*bytes).substr(0, 15), "# a\n# END_NOTE\n");
  EXPECT_EQ(as_text(*bytes).find("what"), std::string_view::npos);
}

}  // namespace
}  // namespace smf
