#include "runtime/format/assembly.h"

#include <gtest/gtest.h>

#include "runtime/format/builder.h"

namespace smf {
namespace {

SectionSpec section_of(std::string name, SectionType type, std::uint64_t size) {
  return {.name = std::move(name),
          .type = static_cast<std::uint8_t>(type),
          .payload = fill_source(std::byte{0}, size)};
}

ModuleSpec module_with_data_first() {
  ModuleSpec spec;
  spec.sections = {section_of("data", SectionType::kData, 10),
                   section_of("code", SectionType::kCode, 100),
                   section_of("more", SectionType::kCode, 50)};
  spec.symbols = {{.name = "datum", .type = SymbolType::kData, .section = 0},
                  {.name = "main", .section = 2, .value = 7},
                  {.name = "spare", .binding = Binding::kWeak, .section = 1},
                  {.name = "puts", .visibility = 0}};
  return spec;
}

std::vector<TemplateSpec> templates() {
  return {{.name = "identity", .parameters = {"T"}, .body = ByteVector(9)},
          {.kind = TemplateKind::kStruct, .name = "Pair", .parameters = {"A", "B"}, .body = {}}};
}

TEST(Assembly, PutsCodeFirstAndKeepsSymbolsWithTheirSections) {
  ModuleSpec spec = module_with_data_first();
  put_code_first(spec);
  EXPECT_EQ(spec.sections[0].name, "code");
  EXPECT_EQ(spec.sections[1].name, "more");
  EXPECT_EQ(spec.sections[2].name, "data");
  EXPECT_EQ(spec.symbols[0].section, 2);
  EXPECT_EQ(spec.symbols[1].section, 1);
  EXPECT_EQ(spec.symbols[2].section, 0);
  EXPECT_EQ(spec.symbols[3].section, std::nullopt);
}

TEST(Assembly, CountsTheEntryPointThroughAllCode) {
  ModuleSpec spec = module_with_data_first();
  put_code_first(spec);
  ASSERT_TRUE(set_entry("main", spec).has_value());
  EXPECT_EQ(spec.entry_point, 107u);
  EXPECT_EQ(spec.flags, kModuleExecutable);
}

TEST(Assembly, RefusesAnEntryThatIsNotCode) {
  ModuleSpec spec = module_with_data_first();
  EXPECT_EQ(set_entry("datum", spec).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(set_entry("puts", spec).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(set_entry("nobody", spec).error().code, ErrorCode::kNotFound);
}

TEST(Assembly, ExportsOnlyWhatIsNamed) {
  ModuleSpec spec = module_with_data_first();
  ASSERT_TRUE(add_templates(templates(), spec).has_value());
  const std::string names[] = {"main"};
  ASSERT_TRUE(restrict_exports(names, spec).has_value());
  EXPECT_EQ(spec.symbols[0].binding, Binding::kLocal);
  EXPECT_EQ(spec.symbols[1].binding, Binding::kGlobal);
  EXPECT_EQ(spec.symbols[2].binding, Binding::kLocal);
  EXPECT_EQ(spec.symbols[3].binding, Binding::kGlobal);  // an import
  EXPECT_EQ(spec.symbols[4].binding, Binding::kGlobal);  // a template
}

TEST(Assembly, RefusesToExportWhatIsNotDefined) {
  ModuleSpec spec = module_with_data_first();
  const std::string names[] = {"main", "puts"};
  EXPECT_EQ(restrict_exports(names, spec).error().code, ErrorCode::kNotFound);
}

TEST(Assembly, GivesTemplatesTheirSectionsAndSymbols) {
  ModuleSpec spec;
  ASSERT_TRUE(add_templates(templates(), spec).has_value());
  ASSERT_EQ(spec.sections.size(), 2u);
  ASSERT_EQ(spec.symbols.size(), 2u);
  EXPECT_EQ(spec.symbols[0].flags, kSymbolGenericTemplate);
  EXPECT_EQ(spec.symbols[1].type, SymbolType::kType);
  EXPECT_EQ(spec.symbols[1].template_param_count, 2);
  EXPECT_NE(spec.symbols[0].template_offset, spec.symbols[1].template_offset);
  EXPECT_TRUE(check_spec(spec).has_value());
}

TEST(Assembly, RefusesTwoTemplatesOfOneName) {
  ModuleSpec spec;
  std::vector<TemplateSpec> twice = templates();
  twice.push_back(twice.front());
  EXPECT_EQ(add_templates(twice, spec).error().code, ErrorCode::kInvalidArgument);
}

TEST(Assembly, RoomForInstantiationsGrowsWithTheCode) {
  ModuleSpec spec = module_with_data_first();
  ASSERT_TRUE(add_jit_room(spec));
  EXPECT_EQ(spec.sections.back().payload->size(), kLeastJitRoom);
  spec.sections.pop_back();
  spec.sections.push_back(section_of("large", SectionType::kCode, 10'000'000));
  ASSERT_TRUE(add_jit_room(spec));
  EXPECT_EQ(spec.sections.back().payload->size(), 1'000'015u);
}

TEST(Assembly, RoomForInstantiationsIsEmptyAndOfTheSizeAskedFor) {
  ModuleSpec spec = module_with_data_first();
  ASSERT_TRUE(add_jit_room(spec, 20));
  const auto bytes = read_all(*spec.sections.back().payload);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(as_text(*bytes), std::string_view("SMFJ\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
  EXPECT_EQ(add_jit_room(spec, 15).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(add_jit_room(spec, kMostJitRoom + 1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(add_jit_room(spec, kMostJitRoom));
}

}  // namespace
}  // namespace smf
