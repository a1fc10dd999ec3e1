// Damaged input: always a message, or an object that keeps every promise of import.h.
#include <elf.h>
#include <gtest/gtest.h>

#include <string>

#include "runtime/format/elf/import.h"
#include "runtime/format/elf/testing/check_promises.h"
#include "runtime/format/elf/testing/files.h"
#include "runtime/format/elf/testing/import_helpers.h"
#include "runtime/format/elf/testing/object_builder.h"

namespace smf::elf {
namespace {

// Small, so that damage that asks for much memory is refused and the test stays quick.
constexpr ImportLimits kLimits{.section_size = 1 << 20, .alignment = 4096};

void import_and_check(const std::string& path, Bytes bytes) {
  const InputFile file{path, bytes};
  const auto object = import_objects({&file, 1}, kLimits);
  if (object) {
    ASSERT_EQ(testing::broken_promise(*object), "");
  } else {
    ASSERT_FALSE(object.error().message.empty());
    ASSERT_FALSE(object.error().path.empty());
    ASSERT_TRUE(object.error().offset.has_value()) << object.error().describe();
    ASSERT_LE(*object.error().offset, bytes.size()) << object.error().describe();
  }
}

// Everything that an object can have, in a few bytes.
ByteVector small_object() {
  testing::ObjectBuilder builder;
  const auto text = builder.text(".text", std::string_view("\xe8\0\0\0\0\xc3", 6), 16);
  const auto shared = builder.text(".text.i", "\xc3");
  const auto data = builder.data(".data", "12345678", 8);
  builder.section(
      {.name = ".bss", .type = SHT_NOBITS, .flags = SHF_ALLOC | SHF_WRITE, .size_in_memory = 16});
  builder.section({.name = ".comment", .flags = 0, .bytes = testing::bytes_of("c")});
  builder.function("f", text, 0, 6);
  const auto inline_function = builder.function("i", shared, 0, 1);
  builder.comdat(inline_function, {shared});
  builder.symbol({.name = "c", .section = SHN_COMMON, .value = 8, .size = 8});
  builder.relocation(text, 1, R_X86_64_PLT32, builder.undefined("puts"), -4);
  builder.relocation(data, 0, R_X86_64_64, builder.section_symbol(data), 4);
  return builder.build();
}

TEST(Hostile, ObjectsCutShortAnywhereAreRefused) {
  const auto whole = small_object();
  ASSERT_TRUE(testing::import_all({whole}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const ByteVector part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    import_and_check("part.o", part);
    EXPECT_FALSE(testing::import_all({part})) << size;
  }
}

TEST(Hostile, AnyChangedByteOfASmallObjectIsSurvived) {
  auto bytes = small_object();
  for (auto& byte : bytes) {
    const auto original = std::to_integer<int>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      byte = static_cast<std::byte>(original ^ 1 << bit);
      import_and_check("small.o", bytes);
    }
    for (const int value : {0, 0x7F, 0xFF, original + 1, original - 1}) {
      byte = static_cast<std::byte>(value);
      import_and_check("small.o", bytes);
    }
    byte = static_cast<std::byte>(original);
  }
}

TEST(Hostile, ARealArchiveCutShortAnywhereIsSurvived) {
  const auto whole = testing::read_sample();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const ByteVector part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    import_and_check("libsample.a", part);
  }
}

TEST(Hostile, AnyChangedByteOfARealArchiveIsSurvived) {
  auto bytes = testing::read_sample();
  for (auto& byte : bytes) {
    const auto original = byte;
    for (const int change : {0x01, 0xFF}) {
      byte = original ^ static_cast<std::byte>(change);
      import_and_check("libsample.a", bytes);
    }
    byte = original;
  }
}

TEST(Hostile, SectionsThatOverlapAreRefused) {
  testing::ObjectBuilder builder;
  for (int i = 0; i < 100; ++i) builder.data(".data", std::string(4096, 'x'));
  auto bytes = builder.build();
  const auto header = load<Elf64_Ehdr>(bytes, 0);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    const auto at = header.e_shoff + i * sizeof(Elf64_Shdr);
    auto section = load<Elf64_Shdr>(bytes, at);
    section.sh_offset = 64;
    section.sh_size = 4096 * 100;
    store(bytes, at, section);
  }
  const auto object = testing::import_all({bytes});
  ASSERT_FALSE(object);
  EXPECT_NE(object.error().message.find("sections overlap"), std::string::npos);
}

}  // namespace
}  // namespace smf::elf
