#include "runtime/format/compression.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <random>
#include <string>

#include "runtime/format/building.h"
#include "runtime/format/golden_reading.h"
#include "runtime/format/seekable.h"
#include "runtime/os/filter_program.h"

namespace smf {
namespace {

// Half noise, half repetition, so that frames differ in size.
ByteVector content(std::size_t size) {
  std::mt19937_64 random(size);
  ByteVector bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>(i / 4096 % 2 == 0 ? random() : i / 512);
  return bytes;
}

ByteVector compress(const CompressionSpec& spec, Bytes bytes) {
  FrameCompressor compressor(spec);
  return *compressor.compress(bytes);
}

constexpr CompressionSpec kSpecs[] = {{Algorithm::kZstd, 1},
                                      {Algorithm::kZstd, 3},
                                      {Algorithm::kZstd, 19},
                                      {Algorithm::kLz4, 1},
                                      {Algorithm::kLz4, 12}};

TEST(Limits, HoldAFrameToWhatMayBeHeldInMemory) {
  const std::string content(100'000, 'x');
  const auto stored = FrameCompressor({Algorithm::kZstd, 3}).compress(as_bytes(content));
  ASSERT_TRUE(stored);
  const auto refused =
      SectionReader::open(*stored, content.size(), {.max_frame_bytes = content.size() - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(SectionReader::open(*stored, content.size(), {.max_frame_bytes = content.size()}));
}

TEST(Compression, RoundTripsAroundEverySizeBoundary) {
  for (const CompressionSpec& spec : kSpecs) {
    for (const std::size_t boundary : {0u, 1u, 255u, 256u, 65'536u, 262'144u, 1'048'576u}) {
      for (const int delta : {-1, 0, 1}) {
        const auto size = static_cast<std::int64_t>(boundary) + delta;
        if (size < 0 || size > static_cast<std::int64_t>(kSeekableAbove)) continue;
        const ByteVector bytes = content(static_cast<std::size_t>(size));
        const ByteVector stored = compress(spec, bytes);
        EXPECT_EQ(*identify_compression(stored), spec.algorithm);
        const auto back = decompress(stored, bytes.size());
        ASSERT_TRUE(back) << compression_text(spec) << " " << size << ": "
                          << back.error().describe();
        EXPECT_TRUE(*back == bytes) << compression_text(spec) << " " << size;
      }
    }
  }
}

TEST(Compression, TheSameCompressorGivesTheSameBytesAgain) {
  for (const CompressionSpec& spec : kSpecs) {
    FrameCompressor compressor(spec);
    const ByteVector first = *compressor.compress(content(5000));
    static_cast<void>(compressor.compress(content(70'000)));
    EXPECT_EQ(*compressor.compress(content(5000)), first);
  }
}

TEST(Compression, RandomAccessEqualsTheWhole) {
  const ByteVector bytes = content(300'000);
  for (const std::size_t frame_size : {1000u, 4096u, 65'536u, 300'000u}) {
    const ByteVector stored = compress_seekable(bytes, frame_size);
    auto reader = SectionReader::open(stored, bytes.size());
    ASSERT_TRUE(reader) << reader.error().describe();
    EXPECT_TRUE(reader->is_seekable());
    EXPECT_EQ(reader->frame_count(), (bytes.size() + frame_size - 1) / frame_size);
    EXPECT_TRUE(*decompress(stored, bytes.size()) == bytes);
    std::mt19937_64 random(frame_size);
    for (int i = 0; i < 200; ++i) {
      const std::size_t offset = random() % (bytes.size() + 1);
      ByteVector out(std::min<std::size_t>(random() % 10'000, bytes.size() - offset));
      ASSERT_TRUE(reader->read(offset, out));
      ASSERT_TRUE(std::equal(out.begin(), out.end(), bytes.begin() + offset));
    }
  }
}

TEST(Compression, FramesWithoutContentAreSkipped) {
  FrameCompressor compressor({Algorithm::kZstd, 3});
  const ByteVector empty = *compressor.compress({}), full = *compressor.compress(content(100));
  ByteVector stored;
  std::vector<SeekFrame> frames;
  for (const ByteVector* frame : {&empty, &full, &empty, &empty, &full, &empty}) {
    frames.push_back({.stored_size = static_cast<std::uint32_t>(frame->size()),
                      .content_size = frame == &full ? 100u : 0u});
    append_bytes(stored, *frame);
  }
  append_bytes(stored, write_seek_table(frames));
  const auto back = decompress(stored, 200);
  ASSERT_TRUE(back) << back.error().describe();
  auto reader = SectionReader::open(stored, 200);
  ByteVector middle(50);
  ASSERT_TRUE(reader->read(75, middle));
  EXPECT_TRUE(std::equal(middle.begin(), middle.end(), back->begin() + 75));
  EXPECT_TRUE(reader->read(200, {}));
}

// decompress() of a buffer that ends where the payload does.
Result<ByteVector> decompress_exactly(Bytes stored, std::uint64_t size) {
  const ExactBuffer buffer(as_text(stored));
  return decompress(buffer.bytes(), size, {.max_bytes = 1u << 20});
}

TEST(Compression, EveryTruncationAndAWrongSizeAreRefusedWithAnOffset) {
  const ByteVector bytes = content(600);
  for (const ByteVector& stored :
       {compress({Algorithm::kZstd, 3}, bytes), compress({Algorithm::kLz4, 1}, bytes),
        compress_seekable(bytes, 250)}) {
    ASSERT_TRUE(decompress_exactly(stored, 600));
    for (std::size_t size = 0; size < stored.size(); ++size) {
      const auto cut = decompress_exactly(Bytes(stored).first(size), 600);
      ASSERT_FALSE(cut) << size;
      EXPECT_EQ(complaint_about(cut.error()), "") << size;
    }
    for (const std::uint64_t wrong : {0u, 1u, 599u, 601u, 70'000u}) {
      const auto other = decompress_exactly(stored, wrong);
      ASSERT_FALSE(other) << wrong;
      EXPECT_EQ(complaint_about(other.error()), "");
    }
    ByteVector longer = stored;
    longer.push_back(std::byte{1});
    EXPECT_FALSE(decompress_exactly(longer, 600));
  }
}

TEST(Compression, ADamagedByteIsNoticedEverywhereButInTheSpareBits) {
  const ByteVector bytes = content(600);
  for (const CompressionSpec& spec : kSpecs) {
    ByteVector stored = compress(spec, bytes);
    for (std::size_t at = 0; at < stored.size(); ++at) {
      stored[at] ^= std::byte{0x40};
      const auto back = decompress_exactly(stored, 600);
      EXPECT_TRUE(!back || *back == bytes) << compression_text(spec) << " byte " << at;
      stored[at] ^= std::byte{0x40};
    }
    stored.back() ^= std::byte{1};  // of the checksum
    EXPECT_FALSE(decompress_exactly(stored, 600)) << compression_text(spec);
  }
}

TEST(Compression, BombsAreRefusedBeforeMemoryIsTaken) {
  const ByteVector stored = compress({Algorithm::kZstd, 3}, ByteVector(1000));
  for (const std::uint64_t claim : {std::uint64_t{1} << 31, std::uint64_t{1} << 62, UINT64_MAX}) {
    const auto all = decompress(stored, claim);
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, ErrorCode::kLimit);
    EXPECT_FALSE(SectionReader::open(stored, claim));
  }
  const auto ratio = decompress(stored, 1u << 30);
  ASSERT_FALSE(ratio);
  EXPECT_EQ(ratio.error().code, ErrorCode::kLimit);
  EXPECT_NE(ratio.error().message.find("to 1"), std::string::npos);
}

TEST(Compression, LimitsAreTheCallers) {
  const ByteVector bytes(5000);
  const ByteVector stored = compress({Algorithm::kZstd, 3}, bytes);
  EXPECT_EQ(decompress(stored, 5000, {.max_bytes = 4999}).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(decompress(stored, 5000, {.max_bytes = 5000}));
  EXPECT_EQ(decompress(stored, 5000, {.max_ratio = 10, .ratio_floor = 100}).error().code,
            ErrorCode::kLimit);
}

TEST(Compression, SpecificationsAreTheInverseOfTheirText) {
  for (const CompressionSpec& spec : kSpecs)
    EXPECT_EQ(*parse_compression(compression_text(spec)), spec);
  EXPECT_EQ(*parse_compression("none"), CompressionSpec{});
  EXPECT_EQ(*parse_compression("zstd"), (CompressionSpec{Algorithm::kZstd, 3}));
  EXPECT_EQ(*parse_compression("lz4"), (CompressionSpec{Algorithm::kLz4, 1}));
  for (const char* text : {"", "gzip", "zstd:", "zstd:0", "zstd:23", "lz4:13", "zstd:3x", "none:1",
                           "zstd:99999999999", "zstd:-1", ":3"})
    EXPECT_FALSE(parse_compression(text)) << text;
}

// What a program of the format's own authors makes of the payload; "absent" where it is not there.
std::string by_program(const std::string& program, Bytes stored) {
  const auto done = os::run_filter({program, "-q", "-d", "-c"}, as_text(stored));
  if (!done) return done.error().system_errno == ENOENT ? "absent" : done.error().describe();
  return done->exit_status == 0 ? done->output : "failed: " + done->errors;
}

TEST(Compression, TheAuthorsProgramsReadOurFrames) {
  const ByteVector bytes = content(100'000);
  const std::string text(as_text(bytes));
  const std::string zstd = by_program("zstd", compress({Algorithm::kZstd, 3}, bytes));
  const std::string lz4 = by_program("lz4", compress({Algorithm::kLz4, 1}, bytes));
  const std::string seekable = by_program("zstd", compress_seekable(bytes, 30'000));
  if (zstd == "absent" || lz4 == "absent") GTEST_SKIP() << "zstd or lz4 is not installed";
  EXPECT_TRUE(zstd == text);
  EXPECT_TRUE(lz4 == text);
  EXPECT_TRUE(seekable == text);
}

}  // namespace
}  // namespace smf
