#include <elf.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/format/elf/import.h"
#include "runtime/format/elf/testing/import_helpers.h"
#include "runtime/format/elf/testing/object_builder.h"

// Symbols: which survive, what they are bound to, and where definitions conflict.
namespace smf::elf {
namespace {

using namespace std::string_view_literals;
using testing::import_all;
using testing::ObjectBuilder;
using testing::place_of;
using testing::symbol_named;

constexpr auto kCall = "\xe8\0\0\0\0\xc3"sv;

TEST(Symbols, KeepNamesKindsBindingsAndSizes) {
  ObjectBuilder builder;
  const auto text = builder.text(".text", kCall);
  const auto data = builder.data(".data", "12345678");
  builder.symbol({.name = "f.c", .binding = STB_LOCAL, .type = STT_FILE, .section = SHN_ABS});
  builder.symbol({.binding = STB_LOCAL, .section = text});
  builder.symbol({.name = "local", .binding = STB_LOCAL, .section = text, .value = 5});
  builder.function("f", text, 0, 6);
  builder.symbol({.name = "w",
                  .binding = STB_WEAK,
                  .type = STT_OBJECT,
                  .section = data,
                  .value = 4,
                  .size = 4});
  const auto object = import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->symbols.size(), 3u);
  EXPECT_EQ(object->symbols[0].name, "local");
  EXPECT_EQ(object->symbols[0].binding, Binding::kLocal);
  EXPECT_EQ(object->symbols[0].kind, SymbolKind::kNone);
  EXPECT_EQ(object->symbols[1].name, "f");
  EXPECT_EQ(object->symbols[1].binding, Binding::kGlobal);
  EXPECT_EQ(object->symbols[1].kind, SymbolKind::kFunction);
  EXPECT_EQ(object->symbols[1].size, 6u);
  EXPECT_EQ(object->symbols[2].binding, Binding::kWeak);
  EXPECT_EQ(object->symbols[2].kind, SymbolKind::kData);
  EXPECT_EQ(place_of(*object, "w"), "data+4");
}

TEST(Symbols, BindReferencesToTheDefinitionOfAnotherObject) {
  ObjectBuilder caller, callee;
  const auto text = caller.text(".text", kCall);
  caller.relocation(text, 1, R_X86_64_PLT32, caller.undefined("callee"), -4);
  callee.function("callee", callee.text(".text", "\xc3"));
  for (const bool caller_first : {true, false}) {
    const auto a = caller.build(), b = callee.build();
    const auto object = caller_first ? import_all({a, b}) : import_all({b, a});
    ASSERT_TRUE(object) << object.error().describe();
    ASSERT_EQ(object->symbols.size(), 1u);
    EXPECT_EQ(place_of(*object, "callee"), caller_first ? "code+6" : "code+0");
    ASSERT_EQ(object->relocations.size(), 1u);
    EXPECT_EQ(object->relocations[0].symbol, 0u);
  }
}

TEST(Symbols, BecomeImportsOnlyWhereSomethingRefersToThem) {
  ObjectBuilder builder;
  const auto text = builder.text(".text", "\xe8\0\0\0\0\xe8\0\0\0\0"sv);
  builder.undefined("unused");
  builder.relocation(text, 1, R_X86_64_PLT32, builder.undefined("puts"), -4);
  builder.relocation(text, 6, R_X86_64_PLT32, builder.undefined("maybe", STB_WEAK), -4);
  const auto object = import_all({builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->symbols.size(), 2u);
  EXPECT_EQ(place_of(*object, "puts"), "import");
  EXPECT_EQ(object->symbols[0].binding, Binding::kGlobal);
  EXPECT_EQ(object->symbols[1].binding, Binding::kWeak);
}

TEST(Symbols, DefinedStronglyTwiceAreAnErrorThatNamesBothObjects) {
  ObjectBuilder builder;
  builder.function("twice", builder.text(".text", "\xc3"));
  const auto bytes = builder.build();
  const auto object = import_all({bytes, bytes});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().message, "symbol 'twice' is defined here and in 0.o");
  EXPECT_EQ(object.error().path, "1.o");
}

TEST(Symbols, LocalOnesOfOneNameStayApart) {
  ObjectBuilder builder;
  const auto text = builder.text(".text", kCall);
  const auto local = builder.symbol({.name = "l", .binding = STB_LOCAL, .section = text});
  builder.relocation(text, 1, R_X86_64_PC32, local, -4);
  const auto object = import_all({builder.build(), builder.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->symbols.size(), 2u);
  EXPECT_EQ(object->symbols[1].value, 6u);
  EXPECT_EQ(object->relocations[0].symbol, 0u);
  EXPECT_EQ(object->relocations[1].symbol, 1u);
}

TEST(Symbols, WeakOnesYieldToStrongOnesAndTheFirstOfTheWeakWins) {
  const auto defining = [](unsigned char binding) {
    ObjectBuilder builder;
    builder.symbol({.name = "s", .binding = binding, .section = builder.text(".text", "\xc3")});
    return builder.build();
  };
  const auto weak = defining(STB_WEAK), strong = defining(STB_GLOBAL);
  auto object = import_all({weak, weak, strong});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(place_of(*object, "s"), "code+2");
  EXPECT_EQ(object->symbols.size(), 1u);
  object = import_all({weak, weak});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(place_of(*object, "s"), "code+0");
}

ByteVector common(std::uint64_t size, std::uint64_t alignment) {
  ObjectBuilder builder;
  builder.symbol(
      {.name = "c", .type = STT_OBJECT, .section = SHN_COMMON, .value = alignment, .size = size});
  return builder.build();
}

TEST(Symbols, CommonOnesShareRoomForTheLargestInBss) {
  const auto object = import_all({common(1, 1), common(40, 8), common(4, 16)});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->sections.size(), 1u);
  EXPECT_EQ(object->sections[0].name, "bss");
  EXPECT_EQ(object->sections[0].size, 40u);
  EXPECT_EQ(object->sections[0].alignment, 16u);
  EXPECT_EQ(object->symbols[0].size, 40u);
  EXPECT_EQ(object->symbols[0].kind, SymbolKind::kData);
}

TEST(Symbols, CommonOnesYieldToStrongOnesAndReplaceWeakOnes) {
  ObjectBuilder strong, weak;
  strong.symbol({.name = "c", .section = strong.data(".data", "1234")});
  weak.symbol({.name = "c", .binding = STB_WEAK, .section = weak.data(".data", "1234")});
  auto object = import_all({common(4, 4), strong.build()});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(place_of(*object, "c"), "data+0");
  EXPECT_EQ(testing::section_named(*object, "bss"), nullptr);
  object = import_all({weak.build(), common(4, 4)});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(place_of(*object, "c"), "bss+0");
}

TEST(Symbols, HiddenOnesAreSharedAndBecomeLocal) {
  ObjectBuilder caller, callee;
  const auto text = caller.text(".text", kCall);
  const auto hidden = caller.symbol({.name = "h", .visibility = STV_HIDDEN});
  caller.relocation(text, 1, R_X86_64_PC32, hidden, -4);
  callee.function("h", callee.text(".text", "\xc3"));
  const auto object = import_all({caller.build(), callee.build()});
  ASSERT_TRUE(object) << object.error().describe();
  ASSERT_EQ(object->symbols.size(), 1u);
  EXPECT_EQ(object->symbols[0].binding, Binding::kLocal);
  EXPECT_EQ(place_of(*object, "h"), "code+6");
}

TEST(Symbols, AbsoluteOnesAreDroppedUnlessSomethingRefersToThem) {
  for (const unsigned char binding : {STB_LOCAL, STB_GLOBAL}) {
    ObjectBuilder builder;
    const auto text = builder.text(".text", kCall);
    const auto absolute =
        builder.symbol({.name = "version", .binding = binding, .section = SHN_ABS, .value = 42});
    auto object = import_all({builder.build()});
    ASSERT_TRUE(object) << object.error().describe();
    EXPECT_TRUE(object->symbols.empty());
    builder.relocation(text, 1, R_X86_64_PC32, absolute);
    object = import_all({builder.build()});
    ASSERT_FALSE(object);
    EXPECT_EQ(object.error().message,
              "relocation at 0x1 of section '.text': R_X86_64_PC32 refers to the absolute symbol "
              "'version'");
  }
}

// An object with a function in a COMDAT group, a reference to it from outside, and its unwind
// entry. `fill` tells the objects apart.
ObjectBuilder with_inline_function(char fill) {
  ObjectBuilder builder;
  const auto text = builder.text(".text", kCall);
  const auto shared = builder.text(".text._Z1iv", std::string(8, fill), 8);
  const auto frame = builder.section({.name = ".eh_frame", .bytes = testing::bytes_of("12345678")});
  const auto symbol = builder.symbol(
      {.name = "_Z1iv", .binding = STB_WEAK, .type = STT_FUNC, .section = shared, .size = 8});
  builder.comdat(symbol, {shared});
  builder.relocation(text, 1, R_X86_64_PLT32, symbol, -4);
  builder.relocation(frame, 2, R_X86_64_PC32, builder.section_symbol(shared));
  return builder;
}

TEST(Symbols, OfGroupsWithOneSignatureTheFirstIsKeptAndBoundToByName) {
  const auto object =
      import_all({with_inline_function('\1').build(), with_inline_function('\2').build()});
  ASSERT_TRUE(object) << object.error().describe();
  EXPECT_EQ(as_text(object->sections[0].bytes),
            "\xe8\0\0\0\0\xc3\x90\x90\1\1\1\1\1\1\1\1\xe8\0\0\0\0\xc3"sv);
  EXPECT_EQ(place_of(*object, "_Z1iv"), "code+8");
  EXPECT_EQ(object->symbols[0].binding, Binding::kWeak);
  ASSERT_EQ(object->relocations.size(), 3u);
  EXPECT_EQ(object->relocations[0].symbol, 0u);
  EXPECT_EQ(object->relocations[1].symbol, 0u);
  EXPECT_EQ(object->relocations[1].offset, 17u);
  EXPECT_EQ(object->left_out,
            (std::vector<std::string>{"1.o: group '_Z1iv' (already taken from 0.o)"}));
}

TEST(Symbols, UnwindEntriesOfDiscardedFunctionsAreZeroed) {
  const auto object =
      import_all({with_inline_function('\1').build(), with_inline_function('\2').build()});
  ASSERT_TRUE(object) << object.error().describe();
  const auto* frames = testing::section_named(*object, "eh_frame");
  ASSERT_NE(frames, nullptr);
  EXPECT_EQ(as_text(frames->bytes), "1234567812\0\0\0\00078"sv);
  EXPECT_EQ(object->relocations[2].offset, 2u);
  EXPECT_EQ(object->sections[object->relocations[2].section].name, "eh_frame");
}

TEST(Symbols, OtherReferencesIntoDiscardedGroupsAreAnError) {
  auto second = with_inline_function('\2');
  const auto inside = second.symbol({.name = ".Lx", .binding = STB_LOCAL, .section = 2});
  second.relocation(second.data(".data", "12345678"), 0, R_X86_64_64, inside);
  const auto object = import_all({with_inline_function('\1').build(), second.build()});
  ASSERT_FALSE(object);
  EXPECT_NE(object.error().message.find("R_X86_64_64 refers to '.Lx' within a group"),
            std::string::npos)
      << object.error().describe();
}

TEST(Symbols, ThatAModuleCannotHoldAreRefused) {
  const std::pair<testing::SymbolSpec, std::string_view> symbols[] = {
      {{.name = "t", .type = STT_TLS, .section = 1}, "'t' is thread-local"},
      {{.name = "i", .type = STT_GNU_IFUNC, .section = 1}, "'i' is an IFUNC"},
      {{.name = "__gnu_lto_slim", .section = SHN_COMMON, .value = 1, .size = 1}, "-flto"},
      {{.name = "x", .type = 9}, "unknown type 9"},
      {{.name = "x", .binding = 7}, "binding 7"},
      {{.name = "x", .section = 999}, "in section 999, but there are"},
      {{.name = "x", .section = 1, .value = 7}, "ends past its section '.text' of 6 bytes"},
      {{.name = "x", .section = 1, .value = 2, .size = 5}, "ends past its section"},
      {{.name = "", .section = 1}, "a global symbol has no name"},
      {{.name = "a\x1b[0m", .section = 1}, "control characters"},
      {{.name = "c", .section = SHN_COMMON, .value = 3, .size = 1}, "no power of two"},
  };
  for (const auto& [symbol, message] : symbols) {
    ObjectBuilder builder;
    builder.text(".text", kCall);
    builder.symbol(symbol);
    const auto object = import_all({builder.build()});
    ASSERT_FALSE(object) << message;
    EXPECT_NE(object.error().message.find(message), std::string::npos) << object.error().describe();
    EXPECT_TRUE(object.error().offset.has_value());
  }
}

}  // namespace
}  // namespace smf::elf
