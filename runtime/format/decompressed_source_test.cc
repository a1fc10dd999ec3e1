#include "runtime/format/decompressed_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "runtime/format/builder.h"
#include "runtime/format/view.h"
#include "runtime/os/output_file.h"

namespace smf {
namespace {

constexpr std::uint64_t kLarge = 3 * kSeekableAbove + 12345;

// Random bytes in runs of sixteen: every algorithm makes them smaller.
ByteVector sample_bytes(std::uint64_t size) {
  ByteVector bytes(size);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) state = state * 1664525u + 1013904223u;
    bytes[i] = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

// One section of `content`, compressed, as the builder stores it.
class CompressedSection {
 public:
  CompressedSection(const ByteVector& content, std::string_view compression) {
    ModuleSpec spec;
    spec.sections.push_back({.name = "d",
                             .type = static_cast<std::uint8_t>(SectionType::kData),
                             .payload = view_source(content),
                             .compression = *parse_compression(compression)});
    const std::string path = testing::TempDir() + "/section.smf";
    auto out = os::OutputFile::create(path);
    EXPECT_TRUE(build_module(spec, {}, *out).has_value());
    EXPECT_TRUE(out->commit().has_value());
    file_ = std::move(*os::FileBytes::load(path));
    view_ = *SmfView::open(file_.bytes());
  }
  Bytes stored() const { return view_->stored(*view_->section(0)); }

 private:
  os::FileBytes file_;
  std::optional<SmfView> view_;
};

TEST(DecompressedSource, GivesTheContentOfEveryFraming) {
  for (const char* compression : {"zstd", "lz4"}) {
    for (const std::uint64_t size : {std::uint64_t{1000}, kLarge}) {
      const ByteVector content = sample_bytes(size);
      const CompressedSection section(content, compression);
      const auto source = decompressed_source(section.stored(), size);
      ASSERT_TRUE(source.has_value()) << source.error().describe();
      EXPECT_EQ((*source)->size(), size);
      EXPECT_EQ(*read_all(**source), content) << compression << ' ' << size;
      ByteVector part(100);
      ASSERT_TRUE((*source)->read(size / 2, part).has_value());
      EXPECT_TRUE(std::ranges::equal(part, Bytes(content).subspan(size / 2, part.size())));
    }
  }
}

TEST(DecompressedSource, MayBeReadFromSeveralThreadsAtOnce) {
  for (const char* compression : {"zstd", "lz4"}) {
    const ByteVector content = sample_bytes(kLarge);
    const CompressedSection section(content, compression);
    const Source source = *decompressed_source(section.stored(), kLarge);
    std::vector<int> equal(4);
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < equal.size(); ++i) {
        threads.emplace_back([&, i] {
          equal[i] = 1;
          ByteVector part(70'000);
          for (std::uint64_t at = i * 1000; at + part.size() < kLarge; at += 500'000) {
            if (!source->read(at, part) ||
                !std::ranges::equal(part, Bytes(content).subspan(at, part.size())))
              equal[i] = 0;
          }
        });
      }
    }
    EXPECT_EQ(equal, (std::vector<int>{1, 1, 1, 1})) << compression;
  }
}

TEST(DecompressedSource, RefusesWhatIsOverTheLimits) {
  const ByteVector content = sample_bytes(kLarge);
  const CompressedSection section(content, "zstd");
  const auto source = decompressed_source(section.stored(), kLarge, {.max_bytes = kLarge - 1});
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, ErrorCode::kLimit);
}

TEST(DecompressedSource, ReportsDamageWithItsOffsetWhenItIsRead) {
  const ByteVector content = sample_bytes(kLarge);
  const CompressedSection section(content, "zstd");
  ByteVector damaged(section.stored().begin(), section.stored().end());
  damaged[damaged.size() / 2] ^= std::byte{0xFF};
  const auto source = decompressed_source(damaged, kLarge);
  ASSERT_TRUE(source.has_value());
  const auto read = read_all(**source);
  ASSERT_FALSE(read.has_value());
  EXPECT_TRUE(read.error().offset.has_value());
}

}  // namespace
}  // namespace smf
