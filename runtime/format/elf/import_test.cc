#include "runtime/format/elf/import.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/format/elf/testing/import_helpers.h"
#include "runtime/format/elf/testing/object_builder.h"

// Sections: what becomes of them, where they go, what is refused.
namespace smf::elf {
namespace {

using namespace std::string_view_literals;
using testing::ObjectBuilder;
using testing::section_named;

TEST(Import, LaysSectionsOfOneKindBackToBackInInputOrder) {
  ObjectBuilder first, second;
  first.text(".text", "\x01\x02\x03", 1);
  first.text(".text.unlikely.f", "\x04", 4);
  second.text(".text", "\x05\x06", 2);
  const auto object = testing::import_all({first.build(), second.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->sections.size(), 1u);
  const auto& code = object->sections[0];
  EXPECT_EQ(code.name, "code");
  EXPECT_EQ(code.kind, SectionKind::kCode);
  EXPECT_EQ(code.alignment, 4u);
  EXPECT_EQ(as_text(code.bytes), "\x01\x02\x03\x90\x04\x90\x05\x06"sv);
  EXPECT_EQ(code.size, 8u);
}

TEST(Import, PutsCodeFirstAndZerosLast) {
  ObjectBuilder builder;
  builder.section({.name = ".bss.x",
                   .type = SHT_NOBITS,
                   .flags = SHF_ALLOC | SHF_WRITE,
                   .alignment = 32,
                   .size_in_memory = 100});
  builder.data(".init_array", "12345678", 8);
  builder.data(".data.rel.ro.x", "d");
  builder.section({.name = ".rodata.str1.1", .bytes = testing::bytes_of("r")});
  builder.text("hot", "c");
  builder.text(".text.f", "C");
  const auto object = testing::import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  std::vector<std::string> names;
  for (const auto& section : object->sections) names.push_back(section.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"code", "hot", "rodata", "data", "init_array", "bss"}));
  const auto& bss = object->sections.back();
  EXPECT_EQ(bss.kind, SectionKind::kBss);
  EXPECT_EQ(bss.size, 100u);
  EXPECT_EQ(bss.alignment, 32u);
  EXPECT_TRUE(bss.bytes.empty());
}

TEST(Import, GathersExceptionTablesThatAreNumberedByFunction) {
  ObjectBuilder builder;
  builder.section({.name = ".gcc_except_table._Z1fv", .bytes = testing::bytes_of("1")});
  builder.section({.name = ".gcc_except_table._Z1gv", .bytes = testing::bytes_of("2")});
  const auto object = testing::import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->sections.size(), 1u);
  EXPECT_EQ(object->sections[0].name, "gcc_except_table");
}

TEST(Import, PutsNoZerosBetweenUnwindTables) {
  ObjectBuilder first, second;
  first.section({.name = ".eh_frame", .bytes = testing::bytes_of("abcd"), .alignment = 8});
  second.section({.name = ".eh_frame", .bytes = testing::bytes_of("efgh"), .alignment = 8});
  const auto object = testing::import_all({first.build(), second.build()});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(as_text(object->sections[0].bytes), "abcdefgh");
  EXPECT_EQ(object->sections[0].alignment, 8u);
}

TEST(Import, LeavesOutAndListsWhatIsNotLoaded) {
  ObjectBuilder builder;
  builder.text(".text", "\xc3");
  builder.section({.name = ".comment", .flags = 0, .bytes = testing::bytes_of("GCC")});
  builder.section(
      {.name = ".note.gnu.property", .type = SHT_NOTE, .bytes = testing::bytes_of("n")});
  builder.section({.name = ".note.GNU-stack", .flags = 0});
  const auto object = testing::import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(object->sections.size(), 1u);
  EXPECT_EQ(object->left_out,
            (std::vector<std::string>{"0.o: section '.comment' (not loaded)",
                                      "0.o: section '.note.gnu.property' (a note for linkers)"}));
}

TEST(Import, LeavesOutEmptySectionsThatNothingRefersTo) {
  ObjectBuilder builder;
  builder.text(".text", "\xc3");
  const auto data = builder.data(".data", "");
  builder.section_symbol(data);
  auto object = testing::import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(section_named(*object, "data"), nullptr);

  builder.symbol({.name = "end_of_data", .section = data});
  object = testing::import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_NE(section_named(*object, "data"), nullptr);
  EXPECT_EQ(section_named(*object, "data")->size, 0u);
}

struct Refusal {
  testing::SectionSpec section;
  std::string_view message;
};

TEST(Import, RefusesSectionsThatAModuleCannotHold) {
  const Refusal refusals[] = {
      {{.name = ".tdata", .flags = SHF_ALLOC | SHF_WRITE | SHF_TLS}, "-femulated-tls"},
      {{.name = ".rodata", .flags = SHF_ALLOC | SHF_COMPRESSED}, "is compressed"},
      {{.name = ".text", .flags = SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR}, "keep code and data"},
      {{.name = ".seventeen_letters"}, "at most 16 bytes"},
      {{.name = "..smf.sym"}, "reserved"},
      {{.name = "."}, "no name"},
      {{.name = ".data"}, "section '.data' holds read-only data"},
      {{.name = ".hash", .type = SHT_HASH}, "is of type 0x5"},
      {{.name = ".relr.dyn", .type = 19}, "SHT_RELR"},
      {{.name = ".data", .alignment = 3}, "no power of two"},
      {{.name = ".rodata", .alignment = 1 << 22}, "over the limit of 2097152"},
  };
  for (const auto& refusal : refusals) {
    ObjectBuilder builder;
    auto spec = refusal.section;
    spec.bytes = testing::bytes_of("x");
    const auto index = builder.section(spec);
    const auto bytes = builder.build();
    const auto object = testing::import_all({bytes});
    ASSERT_FALSE(object) << spec.name;
    EXPECT_NE(object.error().message.find(refusal.message), std::string::npos)
        << object.error().describe();
    EXPECT_EQ(object.error().path, "0.o");
    const auto table = load<Elf64_Ehdr>(bytes, 0).e_shoff;
    ASSERT_TRUE(object.error().offset.has_value());
    EXPECT_EQ((*object.error().offset - table) / sizeof(Elf64_Shdr), index);
  }
}

TEST(Import, HoldsSectionsAgainstTheLimit) {
  ObjectBuilder builder;
  builder.section(
      {.name = ".bss", .type = SHT_NOBITS, .flags = SHF_ALLOC | SHF_WRITE, .size_in_memory = 101});
  const auto bytes = builder.build();
  EXPECT_TRUE(testing::import_all({bytes}, {.section_size = 101}));
  const auto object = testing::import_all({bytes}, {.section_size = 100});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().code, ErrorCode::kLimit);
}

TEST(Import, HoldsNamesAgainstTheLimits) {
  ObjectBuilder builder;
  builder.function("a_name", builder.text(".text", "\xc3"));
  const auto bytes = builder.build();
  for (const ImportLimits limits : {ImportLimits{.name_size = 5}, ImportLimits{.names_size = 10}}) {
    const auto object = testing::import_all({bytes}, limits);
    ASSERT_FALSE(object);
    EXPECT_EQ(object.error().code, ErrorCode::kLimit) << object.error().describe();
  }
}

TEST(Import, RefusesObjectsOfTwoProcessors) {
  ObjectBuilder first, second(EM_AARCH64);
  const auto object = testing::import_all({first.build(), second.build()});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().describe(),
            "1.o: offset 0x0: expected code for the same processor as in 0.o");
}

TEST(Import, RefusesFilesOfOtherKindsByName) {
  auto other = ObjectBuilder().build();
  other[offsetof(Elf64_Ehdr, e_type)] = std::byte{ET_DYN};
  const std::pair<ByteVector, std::string_view> files[] = {
      {testing::bytes_of("#!/bin/sh"), "expected an ELF object"},
      {testing::bytes_of("BC\xC0\xDE"), "without -flto"},
      {{}, "expected an ELF object"},
      {other, "give its objects or archives"},
      {ObjectBuilder(EM_386).build(), "found machine 3"},
  };
  for (const auto& [bytes, message] : files) {
    const auto object = testing::import_all({bytes});
    ASSERT_FALSE(object);
    EXPECT_NE(object.error().message.find(message), std::string::npos) << object.error().describe();
  }
  EXPECT_FALSE(import_objects({}));
}

// More sections than the header's 16-bit fields can count, as -ffunction-sections makes them.
TEST(Import, TakesAHundredThousandFunctionsInSectionsOfTheirOwn) {
  constexpr std::uint32_t kCount = 100'000;
  ObjectBuilder builder;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const auto section = builder.text(".text.f" + std::to_string(i), "\xe8\0\0\0\0\xc3"sv, 16);
    builder.function("f" + std::to_string(i), section, 0, 6);
    builder.relocation(section, 1, R_X86_64_PLT32, (i * 7919) % kCount + 1, -4);
  }
  const auto object = testing::import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->sections.size(), 1u);
  EXPECT_EQ(object->sections[0].size, 16u * (kCount - 1) + 6);
  ASSERT_EQ(object->symbols.size(), kCount);
  ASSERT_EQ(object->relocations.size(), kCount);
  for (const std::uint32_t i : {0u, 65'278u, 65'280u, 65'535u, 65'536u, kCount - 1}) {
    EXPECT_EQ(object->symbols[i].name, "f" + std::to_string(i));
    EXPECT_EQ(object->symbols[i].value, 16u * i);
    EXPECT_EQ(object->relocations[i].offset, 16u * i + 1);
    EXPECT_EQ(object->relocations[i].symbol, i * 7919 % kCount);
  }
}

}  // namespace
}  // namespace smf::elf
