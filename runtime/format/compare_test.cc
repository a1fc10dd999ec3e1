#include "runtime/format/compare.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "runtime/format/builder.h"
#include "runtime/format/convert.h"
#include "runtime/format/templates.h"
#include "runtime/os/output_file.h"

namespace smf {
namespace {

SectionSpec text_section(std::string name, SectionType type, std::string_view text) {
  return {.name = std::move(name),
          .type = static_cast<std::uint8_t>(type),
          .payload = text_source(text)};
}

ModuleSpec small_module() {
  ModuleSpec spec;
  spec.sections.push_back(text_section("code", SectionType::kCode, "0123456789abcdef"));
  spec.sections.push_back(text_section("data", SectionType::kData, "hello"));
  spec.sections.push_back(
      note_section("possible |id, template|\n    0, \"a\"\n    1, \"b\"\n# END_NOTE\n"));
  TemplateSpec identity{.name = "identity", .parameters = {"T"}, .body = ByteVector(8)};
  TemplateSections sections = *write_templates(std::span(&identity, 1));
  spec.sections.push_back({.name = std::string(kTemplateCodeSection),
                           .type = static_cast<std::uint8_t>(SectionType::kTemplateCode),
                           .payload = memory_source(std::move(sections.code))});
  spec.symbols.push_back({.name = "main", .section = 0, .value = 0, .size = 8});
  spec.symbols.push_back({.name = "local", .binding = Binding::kLocal, .section = 0, .value = 8});
  spec.symbols.push_back({.name = "local", .binding = Binding::kLocal, .section = 0, .value = 12});
  return spec;
}

std::vector<std::string> differences(const ModuleSpec& before, const ModuleSpec& after) {
  std::vector<std::string> lines;
  os::FileBytes files[2];
  std::optional<SmfView> views[2];
  for (int i = 0; i < 2; ++i) {
    const std::string path = testing::TempDir() + "/compare.smf";
    auto out = os::OutputFile::create(path);
    EXPECT_TRUE(build_module(i == 0 ? before : after, {}, *out).has_value());
    EXPECT_TRUE(out->commit().has_value());
    files[i] = *os::FileBytes::load(path);
    views[i] = *SmfView::open(files[i].bytes());
  }
  const std::vector<Difference> found = *compare_modules(*views[0], *views[1]);
  for (const Difference& d : found) {
    lines.push_back(fmt::format("{} {} {} {}: {} -> {}", part_name(d.part), change_name(d.change),
                                d.name, d.field, d.before, d.after));
  }
  return lines;
}

TEST(Compare, FindsNothingBetweenEqualModules) {
  EXPECT_TRUE(differences(small_module(), small_module()).empty());
}

TEST(Compare, ASectionThatMovedIsNoDifference) {
  ModuleSpec moved = small_module();
  std::swap(moved.sections[1], moved.sections[2]);
  EXPECT_TRUE(differences(small_module(), moved).empty());
}

TEST(Compare, NamesTheFieldThatChanged) {
  ModuleSpec changed = small_module();
  changed.app_type = 3;
  changed.symbols[2].value = 13;
  EXPECT_EQ(differences(small_module(), changed),
            (std::vector<std::string>{"header changed  application: cli -> service",
                                      "symbol changed local value: 0xc -> 0xd"}));
}

TEST(Compare, NamesWhatCameAndWhatWent) {
  ModuleSpec changed = small_module();
  changed.sections[1].name = "other";
  changed.symbols[0].name = "start";
  EXPECT_EQ(differences(small_module(), changed),
            (std::vector<std::string>{"section removed data :  -> ", "section added other :  -> ",
                                      "symbol removed main :  -> ", "symbol added start :  -> "}));
}

TEST(Compare, SeesContentThatChangedInPlace) {
  ModuleSpec changed = small_module();
  changed.sections[1].payload = text_source("hullo");
  const auto found = differences(small_module(), changed);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("section changed data content: ")) << found[0];
}

TEST(Compare, ComparesTheNoteRowByRow) {
  ModuleSpec changed = small_module();
  changed.sections[2] =
      note_section("possible |id, template|\n    1, \"b\"\n    2, \"c\"\n# END_NOTE\n");
  EXPECT_EQ(differences(small_module(), changed),
            (std::vector<std::string>{"note removed possible 0, \"a\":  -> ",
                                      "note added possible 2, \"c\":  -> "}));
}

}  // namespace
}  // namespace smf
