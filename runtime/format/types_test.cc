#include "runtime/format/types.h"

#include <gtest/gtest.h>

#include <string>

namespace smf {
namespace {

TEST(Types, NamesAndTheirParsingAreInverseForEveryByte) {
  for (int i = 0; i < 256; ++i) {
    const auto value = static_cast<std::uint8_t>(i);
    EXPECT_EQ(parse_platform(platform_name(value)), value);
    EXPECT_EQ(parse_arch(arch_name(value)), value);
    EXPECT_EQ(parse_app_type(app_type_name(value)), value);
    EXPECT_EQ(parse_section_type(section_type_name(value)), value);
    EXPECT_EQ(parse_binding(binding_name(value)), value);
  }
}

TEST(Types, SymbolTypesParseByNameAndNothingElseIsOne) {
  for (const SymbolType type :
       {SymbolType::kFunction, SymbolType::kData, SymbolType::kType, SymbolType::kTrait,
        SymbolType::kActor, SymbolType::kConstant, SymbolType::kNone})
    EXPECT_EQ(parse_symbol_type(symbol_type_name(type)), type);
  EXPECT_EQ(parse_symbol_type("6"), std::nullopt);
  EXPECT_EQ(parse_symbol_type("255"), std::nullopt);
  EXPECT_EQ(parse_symbol_type("Function"), std::nullopt);
}

TEST(Types, NumbersParseUpTo255AndNothingMore) {
  EXPECT_EQ(parse_arch("255"), 255);
  for (const char* text : {"", "256", "-1", "+1", " 1", "1 ", "0x1", "1e1", "linux "})
    EXPECT_EQ(parse_platform(text), std::nullopt) << text;
  EXPECT_EQ(parse_section_type(""), std::nullopt);
}

TEST(Types, TheNumbersOfTheSpecificationHaveTheirNames) {
  EXPECT_EQ(platform_name(5), "bare-metal");
  EXPECT_EQ(arch_name(4), "riscv64");
  EXPECT_EQ(app_type_name(4), "repl");
  EXPECT_EQ(section_type_name(0), "0");
  EXPECT_EQ(section_type_name(1), "code");
  EXPECT_EQ(section_type_name(13), "template-meta");
  EXPECT_EQ(section_type_name(16), "aspect-packs");
  EXPECT_EQ(section_type_name(17), "17");
  EXPECT_EQ(reloc_type_name(RelocType::kGotPageOff12), "gotpageoff12");
}

TEST(Types, SectionFlagsAreTheInverseOfTheirText) {
  for (std::uint32_t flags = 0; flags < 16; ++flags)
    EXPECT_EQ(parse_section_flags(section_flags_text(flags)), flags);
  EXPECT_EQ(section_flags_text(0x105), "r-x-+0x100");
  EXPECT_EQ(parse_section_flags("xr"), kSectionRead | kSectionExec);
  EXPECT_EQ(parse_section_flags("rq"), std::nullopt);
}

TEST(Types, ModuleFlagsNameTheKnownBitsAndShowTheRest) {
  EXPECT_EQ(module_flags_text(0), "");
  EXPECT_EQ(module_flags_text(0x1F), "executable reloadable debug-info position-independent stub");
  EXPECT_EQ(module_flags_text(0x4001), "executable 0x4000");
  EXPECT_EQ(module_flags_text(0x80000000), "0x80000000");
}

}  // namespace
}  // namespace smf
