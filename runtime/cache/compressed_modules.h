// For tests: files of modules with sections that are compressed in every way.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/cache/cache.h"
#include "runtime/format/building.h"

namespace smf {

// Random bytes in runs of sixteen: every algorithm makes them smaller, and no two seeds are equal.
inline ByteVector some_bytes(std::size_t size, std::uint32_t seed = 1) {
  ByteVector bytes(size);
  std::uint32_t state = seed;
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 16 == 0) state = state * 1664525u + 1013904223u;
    bytes[i] = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

// As the builder compresses it: one frame up to kSeekableAbove, and a chain of them above.
inline SectionSpec built_section(std::string_view name, const ByteVector& content,
                                 std::string_view compression) {
  return {.name = std::string(name),
          .type = static_cast<std::uint8_t>(SectionType::kData),
          .alignment = 16,
          .payload = memory_source(content),
          .compression = *parse_compression(compression)};
}

// A payload that is there already, and what it claims to hold.
inline SectionSpec precompressed_section(std::string_view name, const ByteVector& payload,
                                         std::uint64_t claimed_size) {
  SectionSpec spec = built_section(name, payload, "zstd");
  spec.virtual_size = claimed_size;
  spec.is_precompressed = true;
  return spec;
}

inline SectionSpec seekable_section(std::string_view name, const ByteVector& content,
                                    std::size_t frame_size) {
  return precompressed_section(name, compress_seekable(content, frame_size), content.size());
}

// Calls work(n) on so many threads at once.
template <typename Work>
void run_at_once(unsigned count, const Work& work) {
  std::latch start(count);
  std::vector<std::jthread> threads;
  threads.reserve(count);
  for (unsigned n = 0; n < count; ++n) {
    threads.emplace_back([&, n] {
      start.arrive_and_wait();
      work(n);
    });
  }
}

class CompressedModules : public testing::Test {
 public:
  CompressedModules() : folder_(scratch_path("sections")) {
    std::filesystem::create_directories(folder_);
  }
  ~CompressedModules() override { std::filesystem::remove_all(folder_); }

 protected:
  std::string path(std::size_t i) const { return fmt::format("{}/module_{}.smf", folder_, i); }

  void write(std::size_t i, std::vector<SectionSpec> sections) const {
    ModuleSpec spec;
    spec.sections = std::move(sections);
    auto out = os::OutputFile::create(path(i));
    ASSERT_TRUE(out);
    const auto built = build_module(spec, {.jobs = 2}, *out);
    ASSERT_TRUE(built) << built.error().describe();
    ASSERT_TRUE(out->commit());
  }

  // Flips the bits of the byte at `offset` of what is stored of section 0.
  void damage(std::size_t i, std::uint64_t offset) const {
    std::string bytes = read_file(path(i));
    const auto view = SmfView::open(as_bytes(bytes));
    ASSERT_TRUE(view);
    char& byte = bytes[view->section(0)->offset + offset];
    byte = static_cast<char>(~byte);
    write_file(path(i), bytes);
  }

  static SmfCache make(const CacheOptions& options = {}) {
    auto cache = SmfCache::create(options);
    EXPECT_TRUE(cache) << cache.error().describe();
    return *std::move(cache);
  }

  static Section section_of(const ModuleRef& module, std::string_view name = "data") {
    const auto section = module.view().find_section(name);
    EXPECT_TRUE(section && *section) << name;
    return **section;
  }

  static SectionContent content_of(const ModuleRef& module, std::string_view name = "data") {
    auto content = module.content(section_of(module, name));
    EXPECT_TRUE(content) << content.error().describe();
    return content ? *std::move(content) : SectionContent();
  }

  // Whether read() gives the part of `content` from `offset`.
  static testing::AssertionResult reads_as(const ModuleRef& module, const Section& section,
                                           const ByteVector& content, std::uint64_t offset,
                                           std::size_t size) {
    ByteVector out(size);
    if (const auto done = module.read(section, offset, out); !done)
      return testing::AssertionFailure() << done.error().describe();
    if (!std::ranges::equal(out, Bytes(content).subspan(offset, size)))
      return testing::AssertionFailure() << "other bytes from " << offset;
    return testing::AssertionSuccess();
  }

  // All that counts against CacheOptions::max_bytes.
  static std::uint64_t counted(const CacheStats& stats) {
    return stats.bytes_read + stats.bytes_mapped + stats.bytes_decompressed + stats.bytes_frames;
  }

  std::string folder_;
};

}  // namespace smf
