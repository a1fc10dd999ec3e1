#include "runtime/persisted/entry.h"

#include <algorithm>
#include <array>

#include "runtime/persisted/persisting.h"

namespace smf {
namespace {

// As it is in a section, committed.
ByteVector committed(ByteVector entry) {
  store(std::span(entry), 0, kCommitted);
  return entry;
}

TEST(PersistedEntry, GivesBackWhatWasStored) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const SamplePiece sample(seed, 1 + seed % 4, 64 + seed * 3);
    const ByteVector bytes = committed(sample.entry());
    EXPECT_EQ(bytes.size() % kEntryAlignment, 0u);
    const auto entry = EntryView::at(bytes, 0);
    ASSERT_TRUE(entry && entry->is_sound()) << seed;
    EXPECT_EQ(entry->size(), bytes.size());
    EXPECT_TRUE(is_same(entry->code(), sample.piece()));
    for (std::uint32_t i = 0; i < entry->function_count(); ++i)
      EXPECT_EQ(entry->key(i), sample.key(i));
  }
}

// The example of docs/format.md.
TEST(PersistedEntry, HasTheDocumentedBytes) {
  const std::string code("\xC3\0\0\0\0\0\0\0", 8);
  const PersistedFunction function{.key = {0x11, 0x22}, .offset = 0, .size = 1, .name = "f$i64"};
  const PersistedRelocation relocation{.offset = 0, .kind = 2, .name = "trap"};
  const auto bytes = write_entry({.code = as_bytes(code),
                                  .functions = std::span(&function, 1),
                                  .relocations = std::span(&relocation, 1)});
  ASSERT_TRUE(bytes);
  std::string expected(128, '\0');
  const auto put = [&](std::size_t at, std::string_view text) {
    expected.replace(at, text.size(), text);
  };
  put(4, "\x80");  // size
  put(24, "\x08");
  put(28, "\x01");
  put(32, "\x01");
  put(36, "\x09");
  put(48, "\x11");
  put(56, "\x22");
  put(68, "\x01");
  put(76, "\x05");
  put(84, "\x02");
  put(88, "\x05");
  put(92, "\x04");
  put(96, code);
  put(104, "f$i64trap");
  const Hash128 hash = xxh3_128(as_bytes(expected).subspan(24));
  put(8, as_text(std::as_bytes(std::span(&hash.low, 1))));
  put(16, as_text(std::as_bytes(std::span(&hash.high, 1))));
  EXPECT_EQ(as_text(*bytes), expected);
}

TEST(PersistedEntry, ANameIsStoredOnce) {
  SamplePiece sample(1, 1, 800);
  const std::size_t before = sample.entry().size();
  for (int i = 0; i < 50; ++i) sample.add_relocation("memcpy", 1);
  EXPECT_EQ(sample.entry().size(), before + 50 * 16);
}

TEST(PersistedEntry, IsNotThereBeforeItIsCommitted) {
  const ByteVector bytes = SamplePiece(1, 1, 64).entry();
  EXPECT_FALSE(EntryView::at(bytes, 0));
  EXPECT_FALSE(EntryView::is_broken(bytes, 0));
}

TEST(PersistedEntry, IsNotThereWhereTheBytesEnd) {
  const ByteVector whole = committed(SamplePiece(2, 2, 100).entry());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // Of its own, so that a sanitizer sees a step out of it.
    const ByteVector part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(EntryView::at(part, 0)) << size;
  }
}

TEST(PersistedEntry, AnyChangedByteMakesItUnknown) {
  const SamplePiece sample(3, 2, 100);
  const ByteVector whole = committed(sample.entry());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned change = 1; change < 256; ++change) {
      ByteVector bytes = whole;
      bytes[at] ^= static_cast<std::byte>(change);
      const auto entry = EntryView::at(bytes, 0);
      EXPECT_FALSE(entry && entry->is_sound()) << at << " ^ " << change;
    }
  }
}

// A checksum that is right, as an attacker's would be.
TEST(PersistedEntry, PartsThatLeadOutOfItAreRefusedWhateverTheChecksum) {
  const SamplePiece sample(4, 2, 96);
  const ByteVector whole = committed(sample.entry());
  for (std::size_t at = 24; at < whole.size(); at += 4) {
    for (const std::uint32_t value : {0xFFFFFFFFu, 0x80000000u, 97u, 1u << 20, 15u}) {
      ByteVector bytes = whole;
      store(std::span(bytes), at, value);
      store(std::span(bytes), 8, xxh3_128(Bytes(bytes).subspan(24)));
      const auto entry = EntryView::at(bytes, 0);
      if (!entry || !entry->is_sound()) continue;
      const PersistedCode code = entry->code();
      for (std::uint32_t i = 0; i < code.function_count(); ++i) {
        const auto function = code.function(i);
        ASSERT_TRUE(function);
        EXPECT_LE(std::uint64_t{function->offset} + function->size, code.code().size());
        EXPECT_EQ(function->offset % 16, 0u);
      }
      for (std::uint32_t i = 0; i < code.relocation_count(); ++i) {
        const auto relocation = code.relocation(i);
        ASSERT_TRUE(relocation);
        EXPECT_LE(std::uint64_t{relocation->offset} + 8, code.code().size());
      }
    }
  }
}

TEST(PersistedEntry, BytesThatChangeAfterTheCheckGiveNothing) {
  const SamplePiece sample(5, 1, 96);
  ByteVector bytes = committed(sample.entry());
  const PersistedCode code = EntryView::at(bytes, 0)->code();
  store(std::span(bytes), 48 + 24, std::uint32_t{1000});  // where the function's name is
  store(std::span(bytes), 48 + 32, std::uint32_t{96});    // what the first relocation changes
  EXPECT_FALSE(code.function(0));
  EXPECT_FALSE(code.relocation(0));
  EXPECT_TRUE(code.relocation(1));
}

TEST(PersistedEntry, WhatNoReaderWouldAcceptIsRefused) {
  const auto error_of = [](const PersistedPiece& piece) { return write_entry(piece).error().code; };
  const ByteVector code(64);
  const PersistedFunction fine{.key = {}, .offset = 16, .size = 48, .name = "f"};
  const PersistedFunction odd{.key = {}, .offset = 8, .size = 8, .name = "f"};
  const PersistedFunction outside{.key = {}, .offset = 16, .size = 49, .name = "f"};
  const PersistedRelocation last{.offset = 56, .kind = 0, .name = "g"};
  const PersistedRelocation odd_place{.offset = 4, .kind = 0, .name = "g"};
  const PersistedRelocation behind{.offset = 64, .kind = 0, .name = "g"};
  EXPECT_TRUE(write_entry({code, std::span(&fine, 1), std::span(&last, 1)}));
  EXPECT_EQ(error_of({code, {}, {}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of({code, std::span(&odd, 1), {}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of({code, std::span(&outside, 1), {}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of({code, std::span(&fine, 1), std::span(&odd_place, 1)}),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of({code, std::span(&fine, 1), std::span(&behind, 1)}),
            ErrorCode::kInvalidArgument);
  const ByteVector large(kMaxEntrySize - 64);
  EXPECT_EQ(error_of({large, std::span(&fine, 1), {}}), ErrorCode::kLimit);
}

}  // namespace
}  // namespace smf
