// Every third-party library, by the labels and includes that the code uses: the same ones have to
// work with the system's libraries (WORKSPACE) and with the registry's modules (MODULE.bazel).
#include <asmjit/x86.h>
#include <benchmark/benchmark.h>
#include <capstone/capstone.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <xxhash.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
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

const std::vector<std::uint8_t> kReturn7{0xb8, 7, 0, 0, 0, 0xc3};

TEST(Deps, AsmjitAssembles) {
  asmjit::CodeHolder code;
  ASSERT_EQ(code.init(asmjit::Environment(asmjit::Arch::kX64)), asmjit::kErrorOk);
  asmjit::x86::Assembler assembler(&code);
  ASSERT_EQ(assembler.mov(asmjit::x86::eax, 7), asmjit::kErrorOk);
  ASSERT_EQ(assembler.ret(), asmjit::kErrorOk);
  const asmjit::CodeBuffer& bytes = code.textSection()->buffer();
  EXPECT_EQ(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), kReturn7);
}

std::vector<std::string> disassembled(cs_arch arch, cs_mode mode,
                                      const std::vector<std::uint8_t>& code) {
  csh handle{};
  if (cs_open(arch, mode, &handle) != CS_ERR_OK) return {};
  cs_insn* instructions = nullptr;
  const std::size_t count = cs_disasm(handle, code.data(), code.size(), 0, 0, &instructions);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < count; ++i)
    lines.push_back(fmt::format("{} {}", instructions[i].mnemonic, instructions[i].op_str));
  cs_free(instructions, count);
  cs_close(&handle);
  return lines;
}

TEST(Deps, CapstoneDisassemblesForBothProcessors) {
  EXPECT_THAT(disassembled(CS_ARCH_X86, CS_MODE_64, kReturn7),
              testing::ElementsAre("mov eax, 7", testing::StartsWith("ret")));
  EXPECT_THAT(disassembled(CS_ARCH_ARM64, CS_MODE_ARM, {0x20, 0, 0x02, 0x8b}),
              testing::ElementsAre("add x0, x1, x2"));
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
