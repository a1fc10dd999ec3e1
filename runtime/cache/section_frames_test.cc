// ModuleRef::read() of seekable sections, a frame at a time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <list>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "runtime/base/failing_new.h"
#include "runtime/cache/cache.h"
#include "runtime/cache/compressed_modules.h"

namespace smf {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFrame = 1000, kFrames = 64, kSize = kFrame * kFrames - 300;
constexpr std::uint64_t kCost = kFrame + CacheOptions::kFrameEntryBytes;

class FramesOfSections : public CompressedModules {
 protected:
  // What the frames of a cache did since the last time.
  struct Step {
    std::uint64_t hits, misses;
    friend bool operator==(const Step&, const Step&) = default;
  };
  Step step(const SmfCache& cache) {
    const CacheStats now = cache.stats();
    const Step done{now.frame_hits - before_.frame_hits, now.frame_misses - before_.frame_misses};
    before_ = now;
    return done;
  }

  CacheStats before_;
};

TEST_F(FramesOfSections, APageOfALargeSectionCostsOneFrame) {
  constexpr std::size_t kLarge = 64u << 20, kPage = 4096;
  const ByteVector content = some_bytes(kLarge);
  write(0, {built_section("data", content, "zstd:1")});
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0));
  const Section section = section_of(module);
  EXPECT_TRUE(reads_as(module, section, content, kLarge / 2, kPage));
  EXPECT_EQ(step(cache), (Step{0, 1}));
  EXPECT_EQ(cache.stats().bytes_frames, kFrameSize + CacheOptions::kFrameEntryBytes);
  // The seek table has 256 frames.
  EXPECT_LT(cache.stats().bytes_decompressed, 256u * 40);
  EXPECT_TRUE(reads_as(module, section, content, kLarge / 2 + kPage, kPage));
  EXPECT_EQ(step(cache), (Step{1, 0}));
  EXPECT_TRUE(reads_as(module, section, content, kLarge / 2 - 1, 2));
  EXPECT_EQ(step(cache), (Step{1, 1}));
  EXPECT_EQ(cache.stats().decompressions, 0u);
}

// Against a list: which frames are hits, how many bytes they count, how many went.
TEST_F(FramesOfSections, AreAnExactLruOfBytesOverAllModules) {
  constexpr std::size_t kFiles = 3;
  std::vector<ByteVector> contents;
  for (std::uint32_t i = 0; i < kFiles; ++i) {
    contents.push_back(some_bytes(kSize, i));
    write(i, {seekable_section("data", contents[i], kFrame)});
  }
  constexpr std::uint64_t kLimit = 40 * kCost + 100;
  SmfCache cache = make({.max_frame_bytes = kLimit});
  struct Frame {
    std::size_t file, index;
    std::uint64_t cost;
  };
  std::list<Frame> model;  // the most recently used in front
  std::uint64_t bytes = 0, evictions = 0;
  const auto use = [&](std::size_t file, std::size_t index) {
    const auto place = std::ranges::find_if(
        model, [&](const Frame& f) { return f.file == file && f.index == index; });
    if (place != model.end()) {
      model.splice(model.begin(), model, place);
      return true;
    }
    const std::uint64_t size = std::min(kFrame, kSize - index * kFrame);
    model.push_front({file, index, size + CacheOptions::kFrameEntryBytes});
    for (bytes += model.front().cost; bytes > kLimit; ++evictions) {
      bytes -= model.back().cost;
      model.pop_back();
    }
    return false;
  };
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    const std::size_t file = random() % kFiles;
    const std::size_t size = 1 + random() % (2 * kFrame);
    const std::size_t offset = std::min(random() % kSize, random() % kSize) % (kSize - size);
    Step expected{0, 0};
    for (std::size_t k = offset / kFrame; k <= (offset + size - 1) / kFrame; ++k)
      ++(use(file, k) ? expected.hits : expected.misses);
    const ModuleRef module = *cache.get(path(file));
    ASSERT_TRUE(reads_as(module, section_of(module), contents[file], offset, size));
    ASSERT_EQ(step(cache), expected) << i;
    ASSERT_EQ(before_.bytes_frames, bytes) << i;
    ASSERT_LE(bytes, kLimit);
    ASSERT_EQ(before_.frame_evictions, evictions) << i;
  }
  EXPECT_GT(evictions, 1000u);
  EXPECT_EQ(cache.stats().evictions, 0u);
}

TEST_F(FramesOfSections, OneThatIsOverTheLimitIsNotKept) {
  const ByteVector content = some_bytes(kSize);
  write(0, {seekable_section("data", content, kFrame)});
  for (const std::uint64_t limit : {std::uint64_t{0}, kCost - 1, kCost}) {
    before_ = {};
    SmfCache cache = make({.max_frame_bytes = limit});
    const ModuleRef module = *cache.get(path(0));
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(reads_as(module, section_of(module), content, 5 * kFrame, 10));
    EXPECT_EQ(step(cache), (limit < kCost ? Step{0, 3} : Step{2, 1})) << limit;
    EXPECT_EQ(cache.stats().bytes_frames, limit < kCost ? 0 : kCost);
  }
}

TEST_F(FramesOfSections, CountAgainstTheCapacityOfTheCache) {
  const ByteVector content = some_bytes(kSize);
  write(0, {seekable_section("data", content, kFrame)});
  for (std::size_t i = 1; i <= 20; ++i) write(i, {built_section("data", some_bytes(2000), "none")});
  const std::uint64_t large = fs::file_size(path(0)), small = fs::file_size(path(1));
  const std::uint64_t max_bytes = large + 20 * small + 10 * kCost;
  SmfCache cache = make({.max_bytes = max_bytes});
  for (std::size_t i = 1; i <= 20; ++i) ASSERT_TRUE(cache.get(path(i)));
  const ModuleRef module = *cache.get(path(0));
  EXPECT_EQ(cache.stats().files, 21u);
  for (std::size_t k = 0; k < kFrames; ++k) {
    ASSERT_TRUE(reads_as(module, section_of(module), content, k * kFrame, 10));
    ASSERT_LE(counted(cache.stats()), max_bytes);
  }
  EXPECT_GT(cache.stats().evictions, 5u);
  EXPECT_FALSE(cache.is_cached(path(1)));
  EXPECT_TRUE(cache.is_cached(path(0)));
  // And where nothing but the module is left, one frame.
  SmfCache tiny = make({.max_bytes = 1});
  const ModuleRef alone = *tiny.get(path(0));
  for (std::size_t k = 0; k < 5; ++k)
    ASSERT_TRUE(reads_as(alone, section_of(alone), content, k * kFrame, 10));
  EXPECT_TRUE(tiny.is_cached(path(0)));
  EXPECT_EQ(tiny.stats().bytes_frames, kCost);
}

// At the limit of frames, the next frame takes the place of another, and no module goes.
TEST_F(FramesOfSections, NoModuleGoesForWhatOtherFramesLeave) {
  const ByteVector content = some_bytes(kSize);
  write(0, {seekable_section("data", content, kFrame)});
  write(1, {built_section("data", some_bytes(2000), "none")});
  const std::uint64_t files = fs::file_size(path(0)) + fs::file_size(path(1));
  // And the seek table: 24 bytes a frame, and what tells whose it is.
  SmfCache cache =
      make({.max_bytes = files + 24 * kFrames + 300 + 3 * kCost, .max_frame_bytes = 3 * kCost});
  ASSERT_TRUE(cache.get(path(1)));
  const ModuleRef module = *cache.get(path(0));
  for (std::size_t k = 0; k < kFrames; ++k)
    ASSERT_TRUE(reads_as(module, section_of(module), content, k * kFrame, 10));
  EXPECT_EQ(cache.stats().evictions, 0u);
  EXPECT_EQ(cache.stats().frame_evictions, kFrames - 3);
}

TEST_F(FramesOfSections, GoWithTheirModule) {
  const ByteVector content = some_bytes(kSize), other = some_bytes(kSize, 2);
  write(0, {seekable_section("data", content, kFrame)});
  write(1, {seekable_section("data", other, kFrame)});
  SmfCache cache = make({.revalidation = Revalidation::kAlways});
  ModuleRef module = *cache.get(path(0));
  const ModuleRef stays = *cache.get(path(1));
  const Section section = section_of(module);
  ASSERT_TRUE(reads_as(module, section, content, 0, 3 * kFrame));
  ASSERT_TRUE(reads_as(stays, section_of(stays), other, 0, 10));
  EXPECT_EQ(cache.stats().bytes_frames, 4 * kCost);
  ASSERT_TRUE(cache.evict(path(0)));
  EXPECT_EQ(cache.stats().bytes_frames, kCost);
  EXPECT_EQ(cache.stats().frame_evictions, 0u);
  // A pin reads on; its frames go when it does.
  ASSERT_TRUE(reads_as(module, section, content, 0, 3 * kFrame));
  EXPECT_EQ(cache.stats().bytes_frames, 4 * kCost);
  // What comes instead has frames of its own.
  write(0, {seekable_section("data", other, kFrame)});
  const ModuleRef next = *cache.get(path(0));
  ASSERT_TRUE(reads_as(next, section_of(next), other, 0, 10));
  ASSERT_TRUE(reads_as(module, section, content, 0, 10));
  EXPECT_EQ(cache.stats().bytes_frames, 5 * kCost);
  module.reset();
  EXPECT_EQ(cache.stats().bytes_frames, 2 * kCost);
  cache.clear();
  EXPECT_EQ(cache.stats().bytes_frames, 0u);
}

TEST_F(FramesOfSections, AreNotNeededWhereAllOfTheContentIsThere) {
  const ByteVector content = some_bytes(kSize);
  write(0, {seekable_section("data", content, kFrame), seekable_section("more", content, kFrame)});
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0));
  ASSERT_TRUE(reads_as(module, section_of(module), content, 0, 3 * kFrame));
  ASSERT_TRUE(reads_as(module, section_of(module, "more"), content, 0, kFrame));
  EXPECT_TRUE(std::ranges::equal(content_of(module).bytes(), content));
  EXPECT_EQ(cache.stats().bytes_frames, kCost);
  static_cast<void>(step(cache));
  ASSERT_TRUE(reads_as(module, section_of(module), content, 0, kSize));
  EXPECT_EQ(step(cache), (Step{0, 0}));
}

TEST_F(FramesOfSections, ADamagedOneIsAnErrorEachTimeAndTheOthersAreRead) {
  const ByteVector content = some_bytes(kSize), payload = compress_seekable(content, kFrame);
  const auto table = *read_seek_table(payload);
  const SeekFrame bad = (*table)[5];
  write(0, {seekable_section("data", content, kFrame)});
  damage(0, bad.stored_offset + bad.stored_size / 2);
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0));
  const Section section = section_of(module);
  ByteVector out(10);
  for (int i = 0; i < 2; ++i) {
    const auto done = module.read(section, 5 * kFrame + 7, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(done.error().path, path(0));
    EXPECT_NE(done.error().message.find("'data'"), std::string::npos);
    ASSERT_TRUE(done.error().offset);
    EXPECT_GE(*done.error().offset, section.offset + bad.stored_offset);
    EXPECT_LT(*done.error().offset, section.offset + bad.stored_offset + bad.stored_size);
    EXPECT_EQ(cache.stats().bytes_frames, 0u);
  }
  EXPECT_TRUE(reads_as(module, section, content, 4 * kFrame, kFrame));
  EXPECT_TRUE(reads_as(module, section, content, 6 * kFrame, kFrame));
  EXPECT_FALSE(module.content(section));
  EXPECT_EQ(step(cache), (Step{0, 2}));
}

TEST_F(FramesOfSections, ADamagedSeekTableOrOneOverTheLimitsIsRefused) {
  const ByteVector content = some_bytes(kSize);
  ByteVector payload = compress_seekable(content, kFrame);
  write(1, {precompressed_section("data", payload, kSize + 1)});
  payload[payload.size() - 9] ^= std::byte{1};  // the number of frames
  write(0, {precompressed_section("data", payload, kSize)});
  write(2, {seekable_section("data", content, kFrame)});
  SmfCache cache = make({.decompression = {.max_frame_bytes = kFrame - 1}});
  ByteVector out(10);
  for (std::size_t i = 0; i < 3; ++i) {
    const ModuleRef module = *cache.get(path(i));
    const auto part = module.read(section_of(module), 0, out);
    ASSERT_FALSE(part) << i;
    EXPECT_EQ(part.error().path, path(i));
    EXPECT_TRUE(part.error().offset);
    EXPECT_EQ(part.error(), module.content(section_of(module)).error());
  }
  EXPECT_EQ(counted(cache.stats()), cache.stats().bytes_read);
}

TEST_F(FramesOfSections, OneDecompressionServesAllWhoReadAtOnce) {
  const ByteVector content = some_bytes(4u << 20);
  write(0, {built_section("data", content, "zstd")});
  for (int round = 0; round < 20; ++round) {
    SmfCache cache = make();
    const ModuleRef module = *cache.get(path(0));
    const Section section = section_of(module);
    std::atomic<int> good = 0;
    run_at_once(8, [&](unsigned n) {
      good += reads_as(module, section, content, std::uint64_t{100} * n, 100);
    });
    EXPECT_EQ(good, 8);
    EXPECT_EQ(cache.stats().frame_misses, 1u);
    EXPECT_EQ(cache.stats().frame_hits, 7u);
  }
}

// Threads that read, ask for all, and evict, in a cache that is too small for them.
TEST_F(FramesOfSections, AreRightWhateverOthersDo) {
  constexpr std::size_t kFiles = 6;
  std::vector<ByteVector> contents;
  for (std::uint32_t i = 0; i < kFiles; ++i) {
    contents.push_back(some_bytes(kSize, i));
    write(i, {seekable_section("data", contents[i], kFrame),
              built_section("more", contents[i], i % 2 == 0 ? "zstd" : "lz4")});
  }
  constexpr std::uint64_t kMaxBytes = 4 * kSize;
  SmfCache cache = make({.max_bytes = kMaxBytes, .max_frame_bytes = 20 * kCost});
  std::atomic<int> bad = 0;
  run_at_once(4, [&](unsigned n) {
    std::mt19937 random(n);
    for (int i = 0; i < 500; ++i) {
      const std::size_t file = random() % kFiles;
      const auto module = cache.get(path(file));
      if (!module) {
        ++bad;
        continue;
      }
      const char* const name = random() % 4 == 0 ? "more" : "data";
      const std::size_t size = random() % 3000, offset = random() % (kSize - 3000);
      switch (random() % 16) {
        case 0:
          cache.evict(path(file));
          break;
        case 1: {
          const auto content = module->content(section_of(*module, name));
          bad += content && std::ranges::equal(content->bytes(), contents[file]) ? 0 : 1;
          break;
        }
        case 2:
          bad += counted(cache.stats()) <= kMaxBytes ? 0 : 1;
          break;
        default:
          break;
      }
      bad += reads_as(*module, section_of(*module, name), contents[file], offset, size) ? 0 : 1;
    }
  });
  EXPECT_EQ(bad, 0);
  EXPECT_GT(cache.stats().evictions, 0u);
  cache.clear();
  EXPECT_EQ(counted(cache.stats()), 0u);
  EXPECT_EQ(cache.stats().held_files, 0u);
  EXPECT_EQ(cache.stats().held_bytes, 0u);
}

TEST_F(FramesOfSections, EachAllocationMayFail) {
  const ByteVector content = some_bytes(kSize);
  write(0, {seekable_section("data", content, kFrame)});
  std::optional<SmfCache> cache;
  std::optional<ModuleRef> module;
  ByteVector out(2 * kFrame);
  for (std::int64_t n = 0, is_done = 0; is_done == 0; ++n) {
    cache = make();
    module = *cache->get(path(0));
    const Section section = section_of(*module);
    {
      const FailingNew failing(n);
      const auto part = module->read(section, 500, out);
      is_done = failing.has_failed() ? 0 : 1;
      ASSERT_TRUE(part || part.error().code == ErrorCode::kOutOfMemory);
      ASSERT_EQ(part.has_value(), is_done == 1) << n;
    }
    ASSERT_TRUE(reads_as(*module, section, content, 500, 2 * kFrame)) << n;
    ASSERT_EQ(cache->stats().bytes_frames, 3 * kCost) << n;
    module->reset();
    cache->clear();
    ASSERT_EQ(counted(cache->stats()), 0u);
    ASSERT_EQ(cache->stats().held_bytes, 0u);
  }
}

}  // namespace
}  // namespace smf
