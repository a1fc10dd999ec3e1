// ModuleRef::content(), and read() of sections that are not seekable.
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

constexpr std::size_t kSmall = 50'000, kLarge = 3 * kSeekableAbove + 12'345;

class Sections : public CompressedModules {};

TEST_F(Sections, ContentOfEveryFramingIsTheSource) {
  SmfCache read = make({.placement = Placement::kRead});
  SmfCache mapped = make({.placement = Placement::kMap});
  std::size_t i = 0;
  for (const std::string_view compression : {"none", "zstd", "lz4"}) {
    for (const std::size_t size : {std::size_t{300}, kSmall, kLarge}) {
      const ByteVector content = some_bytes(size);
      write(++i, {built_section("data", content, compression)});
      for (SmfCache* const cache : {&read, &mapped}) {
        const ModuleRef module = *cache->get(path(i));
        EXPECT_EQ(module.is_mapped(), cache == &mapped);
        const Section section = section_of(module);
        EXPECT_EQ(section.compressed, compression != "none");
        // Parts first: what is whole is read from there.
        for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{size / 2}, size - 100})
          EXPECT_TRUE(reads_as(module, section, content, at, 100)) << compression << size;
        EXPECT_TRUE(std::ranges::equal(content_of(module).bytes(), content)) << compression << size;
        EXPECT_TRUE(reads_as(module, section, content, 0, size)) << compression << size;
      }
    }
  }
}

TEST_F(Sections, WhatIsStoredUncompressedIsNotCopied) {
  const ByteVector content = some_bytes(kSmall);
  write(0, {built_section("data", content, "none")});
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0));
  EXPECT_EQ(content_of(module).bytes().data(), module.view().stored(section_of(module)).data());
  EXPECT_EQ(cache.stats().bytes_decompressed, 0u);
  EXPECT_EQ(cache.stats().decompressions, 0u);
}

TEST_F(Sections, BssAndNothingHaveEmptyContent) {
  write(0, {{.name = "bss",
             .type = static_cast<std::uint8_t>(SectionType::kBss),
             .flags = kSectionRead | kSectionWrite,
             .virtual_size = 4096},
            built_section("data", {}, "none")});
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0));
  EXPECT_TRUE(content_of(module, "bss").bytes().empty());
  EXPECT_TRUE(content_of(module, "data").bytes().empty());
  EXPECT_TRUE(module.read(section_of(module, "bss"), 0, {}));
}

TEST_F(Sections, HandlesShareWhatWasDecompressedOnce) {
  const ByteVector content = some_bytes(kSmall);
  write(0, {built_section("data", content, "zstd"), built_section("more", content, "lz4")});
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0)), again = *cache.get(path(0));
  const SectionContent one = content_of(module), two = content_of(again);
  EXPECT_EQ(one.bytes().data(), two.bytes().data());
  EXPECT_EQ(cache.stats().decompressions, 1u);
  EXPECT_NE(content_of(module, "more").bytes().data(), one.bytes().data());
  EXPECT_EQ(cache.stats().decompressions, 2u);
  EXPECT_EQ(cache.stats().bytes_decompressed, 2 * kSmall);
}

TEST_F(Sections, OneDecompressionServesAllWhoAskAtOnce) {
  const ByteVector content = some_bytes(kLarge);
  write(0, {built_section("data", content, "zstd")});
  for (int round = 0; round < 5; ++round) {
    SmfCache cache = make();
    const ModuleRef module = *cache.get(path(0));
    const Section section = section_of(module);
    std::vector<const std::byte*> seen(8);
    run_at_once(8, [&](unsigned n) {
      if (const auto found = module.content(section)) seen[n] = found->bytes().data();
    });
    EXPECT_NE(seen[0], nullptr);
    for (const std::byte* const bytes : seen) EXPECT_EQ(bytes, seen[0]);
    EXPECT_EQ(cache.stats().decompressions, 1u);
    EXPECT_EQ(cache.stats().bytes_decompressed, kLarge);
  }
}

TEST_F(Sections, AFailureReachesAllWhoAskAtOnce) {
  write(0, {built_section("data", some_bytes(kLarge), "zstd")});
  damage(0, 10'000);
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0));
  const Section section = section_of(module);
  std::vector<std::optional<Error>> errors(8);
  run_at_once(8, [&](unsigned n) {
    if (const auto found = module.content(section); !found) errors[n] = found.error();
  });
  ASSERT_TRUE(errors[0]);
  for (const auto& error : errors) EXPECT_EQ(error, errors[0]);
}

TEST_F(Sections, WhatIsNotInTheSectionOrTheModuleIsAnInvalidArgument) {
  write(0, {built_section("data", some_bytes(kSmall), "zstd"),
            built_section("raw", some_bytes(300), "none")});
  write(1, {built_section("data", some_bytes(2 * kSmall), "zstd")});
  SmfCache cache = make();
  const ModuleRef module = *cache.get(path(0)), other = *cache.get(path(1));
  const Section data = section_of(module), raw = section_of(module, "raw");
  ByteVector out(100);
  for (const auto& [section, offset] :
       {std::pair{data, std::uint64_t{kSmall - 99}}, {data, UINT64_MAX}, {raw, 201}}) {
    const auto done = module.read(section, offset, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(done.error().path, path(0));
  }
  EXPECT_TRUE(module.read(data, kSmall, {}));
  ASSERT_TRUE(module.content(data));
  for (const Section& foreign :
       {section_of(other), Section{.index = 77}, Section{.offset = UINT64_MAX, .size = 2}}) {
    EXPECT_EQ(module.content(foreign).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(module.read(foreign, 0, {}).error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(Sections, ContentOutlivesEvictionAndTheCache) {
  const ByteVector content = some_bytes(kSmall);
  write(0, {built_section("data", content, "zstd")});
  SectionContent first, last;
  {
    SmfCache cache = make();
    first = content_of(*cache.get(path(0)));
    const std::uint64_t size = fs::file_size(path(0));
    EXPECT_EQ(counted(cache.stats()), size + kSmall);
    ASSERT_TRUE(cache.evict(path(0)));
    EXPECT_EQ(counted(cache.stats()), 0u);
    EXPECT_EQ(cache.stats().held_bytes, size + kSmall);
    EXPECT_TRUE(std::ranges::equal(first.bytes(), content));
    // Loaded again, it is another module.
    last = content_of(*cache.get(path(0)));
    EXPECT_NE(first.bytes().data(), last.bytes().data());
    EXPECT_EQ(cache.stats().decompressions, 2u);
    first = {};
    EXPECT_EQ(cache.stats().held_bytes, 0u);
  }
  EXPECT_TRUE(std::ranges::equal(last.bytes(), content));
}

TEST_F(Sections, WhatIsDecompressedAfterEvictionCountsAsHeld) {
  const ByteVector content = some_bytes(kSmall);
  write(0, {built_section("data", content, "zstd")});
  SmfCache cache = make();
  ModuleRef module = *cache.get(path(0));
  ASSERT_TRUE(cache.evict(path(0)));
  EXPECT_TRUE(std::ranges::equal(content_of(module).bytes(), content));
  EXPECT_EQ(cache.stats().held_bytes, fs::file_size(path(0)) + kSmall);
  EXPECT_EQ(counted(cache.stats()), 0u);
  module.reset();
  EXPECT_EQ(cache.stats().held_bytes, 0u);
}

// Modules go for the content of others, the least recently used ones first, as in a list.
TEST_F(Sections, ContentCountsAgainstTheCapacity) {
  constexpr std::size_t kFiles = 30, kMaxBytes = 8 * kSmall;
  std::vector<std::uint64_t> sizes;
  for (std::uint32_t i = 0; i < kFiles; ++i) {
    write(i, {built_section("data", some_bytes(kSmall, i), "zstd")});
    sizes.push_back(fs::file_size(path(i)));
  }
  for (const EvictionKind kind : {EvictionKind::kLru, EvictionKind::kSieve}) {
    SmfCache cache = make({.max_bytes = kMaxBytes, .eviction = kind});
    std::list<std::size_t> model;  // the most recently used in front
    std::vector<bool> is_whole(kFiles);
    const auto cost = [&](std::size_t i) { return sizes[i] + (is_whole[i] ? kSmall : 0); };
    const auto make_room = [&](std::uint64_t bytes, std::optional<std::size_t> kept) {
      std::uint64_t sum = bytes;
      for (const std::size_t i : model) sum += cost(i);
      while (sum > kMaxBytes && model.back() != kept) {
        sum -= cost(model.back());
        is_whole[model.back()] = false;
        model.pop_back();
      }
    };
    std::mt19937 random(3);
    for (int step = 0; step < 2000; ++step) {
      const std::size_t i = random() % kFiles;
      if (std::ranges::find(model, i) == model.end()) make_room(sizes[i], {});
      model.remove(i);
      model.push_front(i);
      const ModuleRef module = *cache.get(path(i));
      if (random() % 2 == 0) {
        ASSERT_EQ(content_of(module).bytes().size(), kSmall);
        if (!is_whole[i]) make_room(kSmall, i);
        is_whole[i] = true;
      }
      const CacheStats stats = cache.stats();
      ASSERT_LE(counted(stats), kMaxBytes);
      if (kind != EvictionKind::kLru) continue;
      for (std::size_t k = 0; k < kFiles; ++k)
        ASSERT_EQ(cache.is_cached(path(k)), std::ranges::find(model, k) != model.end()) << step;
      ASSERT_EQ(stats.bytes_decompressed,
                kSmall * static_cast<std::uint64_t>(std::ranges::count(is_whole, true)));
    }
    EXPECT_GT(cache.stats().evictions, 100u);
    cache.clear();
    EXPECT_EQ(counted(cache.stats()), 0u);
    EXPECT_EQ(cache.stats().held_bytes, 0u);
  }
}

TEST_F(Sections, AModuleWithMoreContentThanTheCapacityIsKeptAlone) {
  write(0, {built_section("data", some_bytes(300), "zstd")});
  write(1, {built_section("data", some_bytes(kLarge), "zstd")});
  SmfCache cache = make({.max_bytes = kLarge / 2});
  ASSERT_TRUE(cache.get(path(0)));
  const ModuleRef module = *cache.get(path(1));
  EXPECT_EQ(cache.stats().files, 2u);
  EXPECT_EQ(content_of(module).bytes().size(), kLarge);
  EXPECT_EQ(cache.stats().files, 1u);
  EXPECT_TRUE(cache.is_cached(path(1)));
  ASSERT_TRUE(cache.get(path(0)));
  EXPECT_FALSE(cache.is_cached(path(1)));
}

TEST_F(Sections, ADamagedSectionIsAnErrorEachTime) {
  for (const char* compression : {"zstd", "lz4"}) {
    write(0, {built_section("data", some_bytes(kSmall), compression)});
    damage(0, 2000);
    SmfCache cache = make();
    const ModuleRef module = *cache.get(path(0));
    const Section section = section_of(module);
    ByteVector out(10);
    for (int i = 0; i < 2; ++i) {
      const auto content = module.content(section);
      const auto part = module.read(section, 0, out);
      ASSERT_FALSE(content || part);
      EXPECT_EQ(content.error(), part.error());
      EXPECT_EQ(content.error().code, ErrorCode::kInvalidInput);
      EXPECT_EQ(content.error().path, path(0));
      EXPECT_NE(content.error().message.find("'data'"), std::string::npos);
      ASSERT_TRUE(content.error().offset);
      EXPECT_GE(*content.error().offset, section.offset);
      EXPECT_LT(*content.error().offset, section.offset + section.size);
    }
    EXPECT_LT(cache.stats().bytes_decompressed, 200u);  // a table of one frame
    EXPECT_EQ(cache.stats().decompressions, 0u);
  }
}

TEST_F(Sections, BombsAndWhatIsOverTheLimitsAreRefused) {
  ByteVector payload = *FrameCompressor({Algorithm::kZstd, 3}).compress(ByteVector(1000));
  write(0, {precompressed_section("data", payload, std::uint64_t{1} << 29)});
  write(1, {precompressed_section("data", payload, UINT64_MAX / 2)});
  write(2, {built_section("data", some_bytes(kSmall), "zstd")});
  SmfCache cache = make({.decompression = {.max_bytes = std::uint64_t{1} << 30}});
  SmfCache strict = make({.decompression = {.max_bytes = kSmall - 1}});
  ByteVector out(10);
  for (std::size_t i = 0; i < 3; ++i) {
    const ModuleRef module = *(i < 2 ? cache : strict).get(path(i));
    const Section section = section_of(module);
    const auto content = module.content(section);
    const auto part = module.read(section, 0, out);
    ASSERT_FALSE(content || part);
    EXPECT_EQ(content.error(), part.error());
    EXPECT_EQ(content.error().code, ErrorCode::kLimit);
    EXPECT_EQ(content.error().path, path(i));
    EXPECT_EQ(content.error().offset, section.offset);
    EXPECT_NE(content.error().message.find("'data'"), std::string::npos);
  }
  EXPECT_EQ(cache.stats().bytes_decompressed, 0u);
  EXPECT_TRUE((*cache.get(path(2))).content(section_of(*cache.get(path(2)))));
}

TEST_F(Sections, AMappingThatWasTruncatedSaysSo) {
  for (const char* compression : {"none", "zstd", "lz4"}) {
    for (const std::size_t size : {kSmall, kLarge}) {
      write(0, {built_section("data", some_bytes(size), compression)});
      SmfCache cache = make({.revalidation = Revalidation::kNever, .placement = Placement::kMap});
      const ModuleRef module = *cache.get(path(0));
      const Section section = section_of(module);
      fs::resize_file(path(0), 0);
      ByteVector out(100);
      const auto part = module.read(section, size / 2, out);
      ASSERT_FALSE(part) << compression;
      EXPECT_NE(part.error().message.find("truncated"), std::string::npos);
      EXPECT_EQ(part.error().path, path(0));
      const auto content = module.content(section);
      if (section.compressed) {
        ASSERT_FALSE(content);
        EXPECT_NE(content.error().message.find("truncated"), std::string::npos);
        EXPECT_EQ(cache.stats().decompressions, 0u);
      }
      EXPECT_FALSE(module.ok());
    }
  }
}

// Whichever allocation fails, nothing is half done: the same call goes well afterwards.
TEST_F(Sections, EachAllocationMayFail) {
  const ByteVector content = some_bytes(kSmall);
  write(0, {built_section("data", content, "zstd"), built_section("more", content, "lz4")});
  std::optional<SmfCache> cache;
  std::optional<ModuleRef> module;
  ByteVector out(100);
  for (std::int64_t n = 0, is_done = 0; is_done == 0; ++n) {
    cache = make();
    module = *cache->get(path(0));
    const Section data = section_of(*module), more = section_of(*module, "more");
    {
      const FailingNew failing(n);
      const auto whole = module->content(data);
      const auto part = module->read(more, 1000, out);
      is_done = failing.has_failed() ? 0 : 1;
      ASSERT_TRUE(whole || whole.error().code == ErrorCode::kOutOfMemory);
      ASSERT_TRUE(part || part.error().code == ErrorCode::kOutOfMemory);
      ASSERT_TRUE(whole || part) << "one allocation failed";
      ASSERT_EQ(whole && part, is_done == 1) << n;
    }
    ASSERT_TRUE(std::ranges::equal(content_of(*module).bytes(), content));
    ASSERT_TRUE(reads_as(*module, more, content, 1000, 100));
    ASSERT_EQ(cache->stats().decompressions, 2u) << n;
    ASSERT_GE(cache->stats().bytes_decompressed, 2 * kSmall);
    ASSERT_LT(cache->stats().bytes_decompressed, 2 * kSmall + 400);
    module->reset();
    cache->clear();
    ASSERT_EQ(counted(cache->stats()), 0u);
    ASSERT_EQ(cache->stats().held_bytes, 0u);
  }
}

}  // namespace
}  // namespace smf
