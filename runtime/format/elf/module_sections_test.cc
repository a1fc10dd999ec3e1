#include "runtime/format/elf/module_sections.h"

#include <gtest/gtest.h>

#include "runtime/format/builder.h"
#include "runtime/format/layout.h"

namespace smf::elf {
namespace {

ImportedSection section_of(std::string name, SectionKind kind, std::uint64_t size) {
  return {.name = std::move(name),
          .kind = kind,
          .alignment = 8,
          .size = size,
          .bytes = kind == SectionKind::kBss ? ByteVector() : ByteVector(size)};
}

ImportedObject sample() {
  ImportedObject object;
  object.sections = {
      section_of("code", SectionKind::kCode, 64), section_of("data", SectionKind::kData, 16),
      section_of("gcc_except_table", SectionKind::kRoData, 16),
      section_of("bss", SectionKind::kBss, 4096), section_of("init", SectionKind::kCode, 8)};
  object.symbols = {{.name = "main",
                     .kind = SymbolKind::kFunction,
                     .binding = Binding::kGlobal,
                     .section = 0,
                     .value = 16,
                     .size = 8},
                    {.name = "puts", .binding = Binding::kGlobal},
                    {.name = "environ", .binding = Binding::kWeak},
                    {.name = "start", .section = 4}};
  object.relocations = {
      {.section = 0, .offset = 4, .symbol = 1, .type = RelocType::kPlt32, .addend = -4},
      {.section = 1, .offset = 8, .symbol = 2, .type = RelocType::kAbs64},
      {.section = 2, .offset = 0, .symbol = 0, .type = RelocType::kAbs64},
      {.section = 4, .offset = 1, .symbol = 0, .type = RelocType::kPc32}};
  return object;
}

std::vector<layout::RelocationEntry> entries_of(const ModuleSpec& spec, std::string_view name) {
  std::vector<layout::RelocationEntry> entries;
  for (const SectionSpec& section : spec.sections) {
    if (section.name != name) continue;
    const ByteVector bytes = *read_all(*section.payload);
    for (std::uint64_t at = 0; at < bytes.size(); at += sizeof(layout::RelocationEntry))
      entries.push_back(load<layout::RelocationEntry>(bytes, at));
  }
  return entries;
}

TEST(ModuleSections, PutsCodeFirstAndRelocationsLast) {
  ModuleSpec spec;
  ASSERT_TRUE(add_object(sample(), spec).has_value());
  std::vector<std::string> names;
  for (const SectionSpec& section : spec.sections) names.push_back(section.name);
  EXPECT_EQ(names, (std::vector<std::string>{"code", "init", "data", "gcc_except", "bss", ".rela",
                                             ".rela.data", ".rela.gcc_except"}));
  spec.with_hash_section = false;
  EXPECT_TRUE(check_spec(spec).has_value());
}

TEST(ModuleSections, CountsRelocationsOfCodeThroughAllCode) {
  ModuleSpec spec;
  ASSERT_TRUE(add_object(sample(), spec).has_value());
  const auto code = entries_of(spec, ".rela");
  ASSERT_EQ(code.size(), 2u);
  EXPECT_EQ(code[0].offset, 4u);
  EXPECT_EQ(code[0].addend, -4);
  EXPECT_EQ(code[1].offset, 64u + 1);
  const auto data = entries_of(spec, ".rela.data");
  ASSERT_EQ(data.size(), 1u);
  EXPECT_EQ(data[0].offset, 8u);
}

TEST(ModuleSections, TypesSymbolsByWhatTheyAreUsedFor) {
  ModuleSpec spec;
  ASSERT_TRUE(add_object(sample(), spec).has_value());
  ASSERT_EQ(spec.symbols.size(), 4u);
  EXPECT_EQ(spec.symbols[0].type, SymbolType::kFunction);
  EXPECT_EQ(spec.symbols[0].section, 0);
  EXPECT_EQ(spec.symbols[0].visibility, 1);
  EXPECT_EQ(spec.symbols[1].type, SymbolType::kFunction);  // called
  EXPECT_EQ(spec.symbols[1].visibility, 0);
  EXPECT_EQ(spec.symbols[2].type, SymbolType::kData);
  EXPECT_EQ(spec.symbols[2].binding, smf::Binding::kWeak);
  EXPECT_EQ(spec.symbols[3].type, SymbolType::kFunction);  // lies in code
  EXPECT_EQ(spec.symbols[3].section, 1);
}

TEST(ModuleSections, ASecondObjectIsRefusedWhereNamesClash) {
  ModuleSpec spec;
  ASSERT_TRUE(add_object(sample(), spec).has_value());
  const auto again = add_object(sample(), spec);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace smf::elf
