#include "runtime/format/elf/relocations.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/format/elf/import.h"
#include "runtime/format/elf/relocation_types.h"
#include "runtime/format/elf/testing/apply.h"
#include "runtime/format/elf/testing/import_helpers.h"
#include "runtime/format/elf/testing/object_builder.h"

namespace smf::elf {
namespace {

using namespace std::string_view_literals;
using testing::import_all;
using testing::ObjectBuilder;

std::string word(std::uint32_t value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// One AArch64 instruction with one relocation.
Result<ImportedObject> import_instruction(std::uint32_t instruction, std::uint32_t type) {
  ObjectBuilder builder(EM_AARCH64);
  const auto text = builder.text(".text", word(instruction), 4);
  builder.relocation(text, 0, type, builder.undefined("s"), 8);
  return import_all({builder.build()});
}

TEST(Relocations, OfX86BecomeThoseOfTheModule) {
  const std::pair<std::uint32_t, RelocType> types[] = {
      {R_X86_64_64, RelocType::kAbs64},           {R_X86_64_PC32, RelocType::kPc32},
      {R_X86_64_PLT32, RelocType::kPlt32},        {R_X86_64_GOTPCREL, RelocType::kGotPcRel},
      {R_X86_64_GOTPCRELX, RelocType::kGotPcRel}, {R_X86_64_REX_GOTPCRELX, RelocType::kGotPcRel},
  };
  for (const auto& [elf_type, type] : types) {
    ObjectBuilder builder;
    const auto text = builder.text(".text", "0123456789");
    builder.relocation(text, 2, elf_type, builder.undefined("s"), -4);
    builder.relocation(text, 0, R_X86_64_NONE, 0);
    const auto object = import_all({builder.build()});
    ASSERT_TRUE(object) << object.error().describe();
    ASSERT_EQ(object->relocations.size(), 1u);
    EXPECT_EQ(object->relocations[0].type, type);
    EXPECT_EQ(object->relocations[0].offset, 2u);
    EXPECT_EQ(object->relocations[0].addend, -4);
  }
}

TEST(Relocations, AgainstASectionCountFromWhereThePieceWent) {
  ObjectBuilder first, second;
  first.section({.name = ".rodata", .bytes = testing::bytes_of("abc")});
  const auto text = second.text(".text", "\x48\x8d\x05\0\0\0\0"sv);
  const auto strings =
      second.section({.name = ".rodata.str", .bytes = testing::bytes_of("defg"), .alignment = 4});
  const auto symbol = second.section_symbol(strings);
  second.relocation(text, 3, R_X86_64_PC32, symbol, 2 - 4);
  const auto object = import_all({first.build(), second.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->relocations.size(), 1u);
  const auto& relocation = object->relocations[0];
  EXPECT_EQ(relocation.addend, 4 + 2 - 4);
  const auto& target = object->symbols[relocation.symbol];
  EXPECT_EQ(target.name, ".rodata");
  EXPECT_EQ(target.binding, Binding::kLocal);
  EXPECT_EQ(target.value, 0u);
  EXPECT_EQ(testing::place_of(*object, ".rodata"), "rodata+0");
}

TEST(Relocations, ShareOneSymbolASectionAndAreOrderedBySection) {
  ObjectBuilder builder;
  const auto data = builder.data(".data", "1234567812345678");
  const auto text = builder.text(".text", "12345678");
  const auto symbol = builder.section_symbol(data);
  builder.relocation(data, 8, R_X86_64_64, symbol, 1);
  builder.relocation(data, 0, R_X86_64_64, symbol, 2);
  builder.relocation(text, 0, R_X86_64_PC32, symbol, 3);
  const auto object = import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(object->symbols.size(), 1u);
  ASSERT_EQ(object->relocations.size(), 3u);
  EXPECT_EQ(object->relocations[0].addend, 3);
  EXPECT_EQ(object->relocations[1].offset, 8u);
  EXPECT_EQ(object->relocations[2].offset, 0u);
}

TEST(Relocations, WithoutAnEquivalentAreRefusedWithTheRemedy) {
  ObjectBuilder builder;
  const auto text = builder.text(".text.f", "0123456789");
  builder.relocation(text, 3, R_X86_64_32S, builder.undefined("table"));
  const auto object = import_all({builder.build()});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(object.error().path, "0.o");
  EXPECT_EQ(
      object.error().message,
      "relocation at 0x3 of section '.text.f': a module cannot express R_X86_64_32S of 'table': "
      "compile with -fPIC");
}

TEST(Relocations, AreDescribedByNameWithTheCompilerOption) {
  const auto x86 = [](std::uint32_t type) {
    return describe_unsupported(Machine::kX86_64, type, "");
  };
  const auto arm = [](std::uint32_t type) {
    return describe_unsupported(Machine::kAArch64, type, "");
  };
  EXPECT_EQ(x86(R_X86_64_GOTOFF64),
            "a module cannot express R_X86_64_GOTOFF64: compile with -mcmodel=small (the default)");
  EXPECT_NE(x86(R_X86_64_TLSGD).find("-femulated-tls"), std::string::npos);
  EXPECT_NE(x86(R_X86_64_RELATIVE).find("linked files"), std::string::npos);
  EXPECT_EQ(x86(200), "a module cannot express x86-64 relocation 200");
  EXPECT_EQ(arm(R_AARCH64_LD64_GOTPAGE_LO15),
            "a module cannot express R_AARCH64_LD64_GOTPAGE_LO15: compile with -fPIC, not -fpic");
  EXPECT_NE(arm(R_AARCH64_MOVW_UABS_G1_NC).find("-mcmodel=small"), std::string::npos);
  EXPECT_NE(arm(R_AARCH64_TLSDESC_CALL).find("-femulated-tls"), std::string::npos);
}

TEST(Relocations, ThatLeadOutOfTheirSectionAreRefused) {
  const struct {
    std::uint64_t offset;
    std::uint32_t type, symbol;
    std::string_view message;
  } cases[] = {
      {1, R_X86_64_64, 1, "the 8 bytes of R_X86_64_64 end past the section of 8"},
      {5, R_X86_64_PC32, 1, "the 4 bytes of R_X86_64_PC32 end past the section of 8"},
      {UINT64_MAX, R_X86_64_PC32, 1, "end past the section of 8"},
      {0, R_X86_64_64, 2, "refers to symbol 2, but there are 2"},
      {0, R_X86_64_64, 0, "R_X86_64_64 refers to no symbol"},
  };
  for (const auto& wrong : cases) {
    ObjectBuilder builder;
    const auto data = builder.data(".data", "12345678");
    builder.undefined("s");
    builder.relocation(data, wrong.offset, wrong.type, wrong.symbol);
    const auto object = import_all({builder.build()});
    ASSERT_FALSE(object);
    EXPECT_NE(object.error().message.find(wrong.message), std::string::npos)
        << object.error().describe();
  }
}

TEST(Relocations, OfSectionsWithoutContentsAreRefused) {
  ObjectBuilder builder;
  const auto bss = builder.section(
      {.name = ".bss", .type = SHT_NOBITS, .flags = SHF_ALLOC | SHF_WRITE, .size_in_memory = 8});
  builder.relocation(bss, 0, R_X86_64_64, builder.undefined("s"));
  const auto object = import_all({builder.build()});
  ASSERT_FALSE(object);
  EXPECT_NE(object.error().message.find("has no contents"), std::string::npos);
}

struct ArmCase {
  std::uint32_t elf_type;
  std::uint32_t instruction;
  RelocType type;
  std::uint32_t scale;  // of a page offset; 0 for others
};

// Each as an assembler encodes it, with x1 or register 0 and no offset.
const ArmCase kArmCases[] = {
    {R_AARCH64_CALL26, 0x94000000, RelocType::kBranch26, 0},                 // bl
    {R_AARCH64_JUMP26, 0x14000000, RelocType::kBranch26, 0},                 // b
    {R_AARCH64_ADR_PREL_PG_HI21, 0x90000001, RelocType::kPage21, 0},         // adrp x1
    {R_AARCH64_ADD_ABS_LO12_NC, 0x91000020, RelocType::kPageOff12, 1},       // add x0, x1
    {R_AARCH64_LDST8_ABS_LO12_NC, 0x39400020, RelocType::kPageOff12, 1},     // ldrb w0, [x1]
    {R_AARCH64_LDST8_ABS_LO12_NC, 0x3D400020, RelocType::kPageOff12, 1},     // ldr b0, [x1]
    {R_AARCH64_LDST16_ABS_LO12_NC, 0x79000020, RelocType::kPageOff12, 2},    // strh w0, [x1]
    {R_AARCH64_LDST32_ABS_LO12_NC, 0xB9400020, RelocType::kPageOff12, 4},    // ldr w0, [x1]
    {R_AARCH64_LDST64_ABS_LO12_NC, 0xF9400020, RelocType::kPageOff12, 8},    // ldr x0, [x1]
    {R_AARCH64_LDST64_ABS_LO12_NC, 0xFD400020, RelocType::kPageOff12, 8},    // ldr d0, [x1]
    {R_AARCH64_LDST128_ABS_LO12_NC, 0x3DC00020, RelocType::kPageOff12, 16},  // ldr q0, [x1]
    {R_AARCH64_ADR_GOT_PAGE, 0x90000001, RelocType::kGotPage21, 0},          // adrp x1
    {R_AARCH64_LD64_GOT_LO12_NC, 0xF9400020, RelocType::kGotPageOff12, 8},   // ldr x0, [x1]
};

TEST(Relocations, OfAArch64BecomeThoseOfTheModule) {
  for (const auto& arm : kArmCases) {
    const auto object = import_instruction(arm.instruction, arm.elf_type);
    ASSERT_TRUE(object) << object.error().describe();
    ASSERT_EQ(object->relocations.size(), 1u);
    EXPECT_EQ(object->relocations[0].type, arm.type);
    EXPECT_EQ(object->relocations[0].addend, 8);
  }
}

TEST(Relocations, OfPageOffsetsAreScaledAsTheInstructionTells) {
  for (const auto& arm : kArmCases) {
    if (arm.scale == 0) continue;
    auto instruction = arm.instruction;
    const testing::Addresses addresses{.symbol = 0x12345FF0, .slot = 0x12345FF0};
    ASSERT_TRUE(
        testing::apply({.type = arm.type}, addresses, reinterpret_cast<std::byte*>(&instruction)));
    EXPECT_EQ(instruction, arm.instruction | (0xFF0 / arm.scale) << 10) << std::hex << instruction;
  }
}

TEST(Relocations, ThatDoNotGoWithTheInstructionAreRefused) {
  for (const auto& arm : kArmCases) {
    for (const auto& other : kArmCases) {
      const auto* rule = find_rule(Machine::kAArch64, arm.elf_type);
      ASSERT_NE(rule, nullptr);
      if (arm.elf_type == other.elf_type) {
        EXPECT_TRUE(agrees(*rule, other.instruction)) << rule->name;
      } else if (arm.scale != 0 && other.scale != 0 && arm.scale != other.scale) {
        EXPECT_FALSE(agrees(*rule, other.instruction)) << rule->name;
        EXPECT_FALSE(import_instruction(other.instruction, arm.elf_type)) << rule->name;
      }
    }
  }
}

}  // namespace
}  // namespace smf::elf
