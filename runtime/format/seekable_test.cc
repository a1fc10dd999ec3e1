#include "runtime/format/seekable.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/format/golden_reading.h"

namespace smf {
namespace {

// Frames of these sizes as bytes that nobody decodes, and behind them a table.
ByteVector payload(const std::vector<SeekFrame>& frames) {
  ByteVector bytes;
  for (const SeekFrame& frame : frames) bytes.resize(bytes.size() + frame.stored_size);
  append_bytes(bytes, write_seek_table(frames));
  return bytes;
}

// A table as the format's own library writes it when asked for checksums.
ByteVector payload_with_checksums(std::uint32_t count) {
  ByteVector bytes(std::size_t{count} * 5);
  append(bytes, std::uint32_t{0x184D2A5E});
  append(bytes, static_cast<std::uint32_t>(count * 12 + 9));
  for (std::uint32_t i = 0; i < count; ++i) {
    append(bytes, std::uint32_t{5});
    append(bytes, std::uint32_t{100});
    append(bytes, std::uint32_t{0xC0FFEE00 + i});
  }
  append(bytes, count);
  append(bytes, std::uint8_t{0x80});
  append(bytes, std::uint32_t{0x8F92EAB1});
  return bytes;
}

TEST(Seekable, ATableReadsBackAsWritten) {
  for (const std::size_t count : {0u, 1u, 2u, 1000u}) {
    std::vector<SeekFrame> frames;
    for (std::size_t i = 0; i < count; ++i) {
      frames.push_back({.stored_size = static_cast<std::uint32_t>(i % 7),
                        .content_size = static_cast<std::uint32_t>(i * 3)});
    }
    const ByteVector bytes = payload(frames);
    const auto table = read_seek_table(bytes);
    ASSERT_TRUE(table && *table);
    ASSERT_EQ((*table)->size(), count);
    std::uint64_t stored = 0, content = 0;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ((**table)[i].stored_offset, stored);
      EXPECT_EQ((**table)[i].content_offset, content);
      stored += frames[i].stored_size;
      content += frames[i].content_size;
    }
  }
}

TEST(Seekable, TheBytesAreThoseOfTheDescription) {
  const SeekFrame frame{.stored_size = 0x11, .content_size = 0x2233};
  const std::string expected(
      "\x5e\x2a\x4d\x18\x11\0\0\0"
      "\x11\0\0\0\x33\x22\0\0"
      "\x01\0\0\0\0\xb1\xea\x92\x8f",
      25);
  EXPECT_EQ(as_text(write_seek_table({&frame, 1})), expected);
}

TEST(Seekable, TablesWithChecksumsAreRead) {
  const ByteVector bytes = payload_with_checksums(3);
  const auto table = read_seek_table(bytes);
  ASSERT_TRUE(table && *table) << table.error().describe();
  ASSERT_EQ((*table)->size(), 3u);
  EXPECT_EQ((**table)[2].stored_offset, 10u);
  EXPECT_EQ((**table)[2].content_offset, 200u);
}

TEST(Seekable, APayloadWithoutTheMagicHasNoTable) {
  EXPECT_FALSE(read_seek_table({})->has_value());
  EXPECT_FALSE(read_seek_table(ByteVector(100))->has_value());
  ByteVector tiny;
  append(tiny, std::uint32_t{0x8F92EAB1});
  EXPECT_FALSE(read_seek_table(tiny)->has_value());
}

TEST(Seekable, TablesThatDoNotFitAreRefusedWithAnOffset) {
  const ByteVector good =
      payload({{.stored_size = 20, .content_size = 40}, {.stored_size = 10, .content_size = 50}});
  const std::size_t table = 30, footer = good.size() - 9;
  const auto expect_refused = [&](std::size_t at, std::uint32_t value, std::uint64_t offset) {
    ByteVector bad = good;
    store(std::span(bad), at, value);
    const ExactBuffer buffer(as_text(bad));
    const auto result = read_seek_table(buffer.bytes());
    ASSERT_FALSE(result) << at;
    EXPECT_EQ(result.error().offset, offset) << result.error().describe();
  };
  expect_refused(table, 0x184D2A50, table);
  expect_refused(table + 4, 24, table);
  expect_refused(table + 8, 31, table + 8);    // the first frame runs into the table
  expect_refused(table + 16, 11, table + 16);  // the second does
  expect_refused(table + 16, 9, 29);           // a byte belongs to no frame
  expect_refused(table + 8, UINT32_MAX, table + 8);
  expect_refused(footer, UINT32_MAX, footer);  // more frames than fit
  expect_refused(footer, 0x10000000, footer);
  ByteVector reserved = good;
  reserved[footer + 4] = std::byte{0x04};
  EXPECT_EQ(read_seek_table(reserved).error().offset, footer + 4);
}

TEST(Seekable, EveryTruncationIsSurvived) {
  for (const ByteVector& good :
       {payload({{.stored_size = 20, .content_size = 40}}), payload_with_checksums(4)}) {
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
      const ExactBuffer tail(as_text(Bytes(good).subspan(cut)));
      const auto result = read_seek_table(tail.bytes());
      EXPECT_TRUE(cut == 0 || !result || !*result) << cut;
    }
  }
}

}  // namespace
}  // namespace smf
