// Every third-party library, by the labels and includes that the code uses: the same ones have to
// work with the system's libraries (WORKSPACE) and with the registry's modules (MODULE.bazel).
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <xxhash.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

const std::string kText(1000, 's');

TEST(Deps, ZstdLinks) {
  std::string packed(ZSTD_compressBound(kText.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), kText.data(), kText.size(), 3));
  std::string back(kText.size(), '\0');
  ASSERT_EQ(ZSTD_decompress(back.data(), back.size(), packed.data(), packed.size()), back.size());
  EXPECT_EQ(back, kText);
}

TEST(Deps, Lz4Links) {
  const int size = static_cast<int>(kText.size());
  std::string packed(static_cast<std::size_t>(LZ4_compressBound(size)), '\0');
  const int capacity = static_cast<int>(packed.size());
  EXPECT_GT(LZ4_compress_default(kText.data(), packed.data(), size, capacity), 0);
  EXPECT_GT(LZ4_compress_HC(kText.data(), packed.data(), size, capacity, LZ4HC_CLEVEL_DEFAULT), 0);
}

TEST(Deps, Lz4FrameLinks) {
  std::string packed(LZ4F_compressFrameBound(kText.size(), nullptr), '\0');
  const std::size_t size =
      LZ4F_compressFrame(packed.data(), packed.size(), kText.data(), kText.size(), nullptr);
  EXPECT_FALSE(LZ4F_isError(size));
}

TEST(Deps, XxhashLinks) { EXPECT_EQ(XXH64("", 0, 0), 0xef46db3751d8e999u); }

TEST(Deps, FmtLinks) { EXPECT_EQ(fmt::format("{:#x}", 255), "0xff"); }

TEST(Deps, JsonKeepsIntegersOf64Bits) {
  const auto json = nlohmann::json::parse(R"({"n": 18446744073709551615})");
  EXPECT_EQ(json["n"].get<std::uint64_t>(), UINT64_MAX);
}

TEST(Deps, Cli11Parses) {
  CLI::App app;
  int level = 0;
  app.add_option("--level", level);
  app.parse("--level 7");
  EXPECT_EQ(level, 7);
}

TEST(Deps, BenchmarkLinks) {
  benchmark::RegisterBenchmark("nothing", [](benchmark::State& state) {
    for (auto _ : state) benchmark::ClobberMemory();
  })->Iterations(1);
  std::vector<char> name{'t', '\0'};
  char* arguments[] = {name.data(), nullptr};
  int count = 1;
  benchmark::Initialize(&count, arguments);
  EXPECT_EQ(benchmark::RunSpecifiedBenchmarks(), 1u);
}

TEST(Deps, GmockIsThere) { EXPECT_THAT(kText, testing::SizeIs(1000)); }

}  // namespace
