#include "runtime/format/builder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "runtime/format/building.h"
#include "runtime/format/convert.h"
#include "runtime/format/hashes.h"
#include "runtime/format/verify.h"
#include "testdata/golden/golden.h"

namespace smf {
namespace {

std::uint8_t number(SectionType type) { return static_cast<std::uint8_t>(type); }

std::string noise(std::size_t size, std::uint64_t seed, unsigned letters) {
  std::mt19937_64 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('a' + random() % letters);
  return text;
}

// The module of the format's 550-byte example, but for its hash.
ModuleSpec example() {
  ModuleSpec spec;
  spec.platform = 1;
  spec.flags = kModuleExecutable;
  spec.entry_point = 200;
  spec.with_hash_section = false;
  spec.sections.push_back({.name = "code",
                           .type = number(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .alignment = 16,
                           .payload = text_source(std::string(200, '\0') + "\xC3")});
  ByteVector relocation;
  append(relocation, std::uint64_t{5});
  append(relocation, std::uint32_t{0});
  append(relocation, std::uint32_t{1});
  append(relocation, std::int64_t{7});
  spec.sections.push_back({.name = ".rela",
                           .type = number(SectionType::kReloc),
                           .alignment = 8,
                           .payload = memory_source(relocation)});
  spec.symbols.push_back(
      {.name = "main", .flags = 14, .section = std::uint16_t{0}, .value = 200, .size = 1});
  return spec;
}

// Something of everything: compressed at both sizes, stored, Bss, note, an unknown type.
ModuleSpec rich(Algorithm algorithm) {
  ModuleSpec spec = example();
  const CompressionSpec compression{algorithm, algorithm == Algorithm::kNone ? 0 : 2};
  spec.with_hash_section = true;
  spec.with_symbol_index = true;
  spec.sections.push_back({.name = "small",
                           .type = number(SectionType::kData),
                           .flags = kSectionRead | kSectionWrite,
                           .alignment = 32,
                           .payload = text_source(noise(5000, 1, 4)),
                           .compression = compression});
  spec.sections.push_back({.name = "large",
                           .type = number(SectionType::kRoData),
                           .alignment = 4096,
                           .payload = text_source(noise(3 * kSeekableAbove + 77, 2, 3)),
                           .compression = compression});
  spec.sections.push_back({.name = "incompressible",
                           .type = 200,
                           .payload = text_source(noise(700, 3, 256)),
                           .compression = compression});
  spec.sections.push_back({.name = "zeros",
                           .type = number(SectionType::kBss),
                           .flags = kSectionRead | kSectionWrite,
                           .alignment = 64,
                           .virtual_size = 1 << 20});
  spec.sections.push_back(note_section("# Format version: 1.0\n"));
  for (int i = 0; i < 300; ++i) {
    spec.symbols.push_back({.name = "symbol" + std::to_string(i % 290),
                            .binding = i < 290 ? Binding::kGlobal : Binding::kLocal,
                            .section = std::uint16_t{0},
                            .value = static_cast<std::uint64_t>(i % 100)});
  }
  spec.symbols.push_back({.name = "imported", .visibility = 0});
  return spec;
}

std::string golden(std::string_view name) {
  for (const golden::File& file : golden::golden_files())
    if (file.name == name) return file.bytes;
  ADD_FAILURE() << "no golden file " << name;
  return {};
}

void expect_no_findings(const std::string& bytes) {
  const auto view = SmfView::open(as_bytes(bytes));
  ASSERT_TRUE(view) << view.error().describe();
  const auto report = verify_module(*view);
  ASSERT_TRUE(report);
  for (const Finding& finding : report->findings)
    if (finding.severity != Severity::kNote) ADD_FAILURE() << finding.message;
}

TEST(Builder, WritesTheExampleOfTheFormatToTheByte) {
  ModuleSpec spec = example();
  spec.with_module_hash = false;
  const auto bytes = build_bytes(spec);
  ASSERT_TRUE(bytes) << bytes.error().describe();
  EXPECT_EQ(bytes->size(), 550u);
  EXPECT_EQ(*bytes, golden("p128-example.smf"));
}

TEST(Builder, WritesTheExampleWithItsHashToTheByte) {
  const auto bytes = build_bytes(example());
  ASSERT_TRUE(bytes) << bytes.error().describe();
  EXPECT_EQ(*bytes, golden("p128-example-hashed.smf"));
}

TEST(Builder, GivesTheSameBytesWithAnyNumberOfWorkers) {
  for (const Algorithm algorithm : {Algorithm::kNone, Algorithm::kZstd, Algorithm::kLz4}) {
    const auto one = build_bytes(rich(algorithm), 1);
    ASSERT_TRUE(one) << one.error().describe();
    for (const unsigned jobs : {2u, 3u, 8u}) EXPECT_EQ(build_bytes(rich(algorithm), jobs), one);
  }
}

TEST(Builder, MakesModulesWithoutAFinding) {
  for (const Algorithm algorithm : {Algorithm::kNone, Algorithm::kZstd, Algorithm::kLz4}) {
    const auto bytes = build_bytes(rich(algorithm), 2);
    ASSERT_TRUE(bytes) << bytes.error().describe();
    expect_no_findings(*bytes);
  }
  expect_no_findings(*build_bytes(ModuleSpec()));
}

TEST(Builder, CompressesWhatShrinksAndNothingElse) {
  const auto bytes = build_bytes(rich(Algorithm::kZstd));
  ASSERT_TRUE(bytes);
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view);
  for (const auto& [name, compressed] :
       {std::pair("small", true), std::pair("large", true), std::pair("incompressible", false)}) {
    const auto section = view->find_section(name);
    ASSERT_TRUE(section && *section) << name;
    EXPECT_EQ((*section)->compressed, compressed) << name;
  }
  EXPECT_EQ(view->header().compression, static_cast<std::uint8_t>(Algorithm::kZstd));
  EXPECT_EQ(view->header().level, 2);
  const auto large = view->find_section("large");
  auto reader = SectionReader::open(view->stored(**large), (*large)->virtual_size);
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->is_seekable());
  EXPECT_EQ(reader->frame_count(), 13u);
  std::string whole(reader->size(), '\0');
  ASSERT_TRUE(reader->read(0, std::as_writable_bytes(std::span(whole))));
  EXPECT_EQ(whole, noise(3 * kSeekableAbove + 77, 2, 3));
}

TEST(Builder, FindsEverySymbolThroughTheIndex) {
  const auto bytes = build_bytes(rich(Algorithm::kNone));
  ASSERT_TRUE(bytes);
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view);
  ASSERT_TRUE(view->has_symbol_index());
  const auto twice = view->find_symbol("symbol5");
  ASSERT_TRUE(twice && *twice);
  EXPECT_EQ((*twice)->binding, Binding::kGlobal);
  EXPECT_EQ((*twice)->value, 5u);
  EXPECT_EQ(*view->find_symbol("absent"), std::nullopt);
  EXPECT_FALSE((**view->find_symbol("imported")).is_defined());
}

TEST(Builder, PutsAStubInFrontAndKeepsAlignments) {
  ModuleSpec spec = rich(Algorithm::kZstd);
  spec.stub = text_source("#!/usr/bin/env simple\n");
  const auto bytes = build_bytes(spec);
  ASSERT_TRUE(bytes) << bytes.error().describe();
  EXPECT_TRUE(bytes->starts_with("#!/usr/bin/env simple\n"));
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view) << view.error().describe();
  EXPECT_EQ(view->header().stub_size, 22u);
  EXPECT_NE(view->header().flags & kModuleHasStub, 0u);
  const auto large = view->find_section("large");
  EXPECT_EQ((*large)->offset % 4096, 0u);
  expect_no_findings(*bytes);
}

TEST(Builder, LeavesWhatChangesInPlaceOutOfTheHashes) {
  auto bytes = build_bytes(rich(Algorithm::kNone));
  ASSERT_TRUE(bytes);
  const auto note = (*SmfView::open(as_bytes(*bytes))).find_section(kNoteSection);
  (*bytes)[(*note)->offset + (*note)->size - 1] = '#';
  expect_no_findings(*bytes);
}

TEST(Builder, WritesTheOlderDialectForRustBuiltTools) {
  ModuleSpec spec = rich(Algorithm::kNone);
  spec.format = OutputFormat::kH96;
  spec.with_hash_section = spec.with_symbol_index = false;
  const auto bytes = build_bytes(spec, 2);
  ASSERT_TRUE(bytes) << bytes.error().describe();
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view) << view.error().describe();
  EXPECT_EQ(view->header().dialect, Dialect::kH96);
  EXPECT_EQ((**view->find_symbol("main")).value, 200u);
  EXPECT_EQ(*is_native(*view), true);
  expect_no_findings(*bytes);
}

void expect_refused(const ModuleSpec& spec, std::string_view part) {
  const auto bytes = build_bytes(spec);
  ASSERT_FALSE(bytes) << part;
  EXPECT_EQ(bytes.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(bytes.error().message.find(part), std::string::npos) << bytes.error().message;
}

TEST(Builder, RefusesWhatNoReaderWouldAccept) {
  const auto changed = [](auto change) {
    ModuleSpec spec = example();
    change(spec);
    return spec;
  };
  expect_refused(changed([](auto& s) { s.sections[0].name = "a name of more bytes"; }), "1 to 16");
  expect_refused(changed([](auto& s) { s.sections[1].name = "code"; }), "two sections");
  expect_refused(changed([](auto& s) { s.sections[0].name = ".smf.sym"; }), "by the builder");
  expect_refused(changed([](auto& s) { s.sections[0].flags |= kSectionWrite; }), "is writable");
  expect_refused(changed([](auto& s) { s.sections[0].alignment = 12; }), "no power of two");
  expect_refused(changed([](auto& s) { s.sections[0].payload = nullptr; }), "has no payload");
  expect_refused(changed([](auto& s) { s.sections[0].type = 0; }), "type 0");
  expect_refused(changed([](auto& s) { s.entry_point = 201; }), "entry point");
  expect_refused(changed([](auto& s) { s.symbols[0].value = 201; }), "'main' covers");
  expect_refused(changed([](auto& s) { s.symbols[0].section = 7; }), "section 7");
  expect_refused(changed([](auto& s) { s.symbols.push_back(s.symbols[0]); }), "defined twice");
  expect_refused(changed([](auto& s) { s.sections[1].compression = {Algorithm::kZstd, 3}; }),
                 "never compressed");
  expect_refused(changed([](auto& s) {
                   s.format = OutputFormat::kH96;
                   s.stub = text_source("#!");
                 }),
                 "no stub");
}

class FailingSource : public PayloadSource {
 public:
  std::uint64_t size() const override { return 10 << 20; }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset >= 5 << 20) return fail(ErrorCode::kSystem, "the disk is gone");
    std::ranges::fill(out, std::byte{1});
    return {};
  }
};

TEST(Builder, PassesOnWhatASourceReports) {
  for (const unsigned jobs : {1u, 4u}) {
    ModuleSpec spec = example();
    spec.sections.push_back({.name = "broken",
                             .type = number(SectionType::kData),
                             .payload = std::make_shared<FailingSource>(),
                             .compression = {Algorithm::kZstd, 1}});
    const auto bytes = build_bytes(spec, jobs);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().message, "the disk is gone");
  }
}

TEST(Builder, ReportsProgressUpToTheEnd) {
  auto out = os::OutputFile::create(scratch_path("progress.smf"));
  ASSERT_TRUE(out);
  std::uint64_t last = 0, total = 0, calls = 0;
  const BuildOptions options{.jobs = 2, .progress = [&](std::uint64_t done, std::uint64_t all) {
                               EXPECT_GE(done, last);
                               last = done;
                               total = all;
                               ++calls;
                             }};
  ASSERT_TRUE(build_module(rich(Algorithm::kZstd), options, *out));
  EXPECT_EQ(last, total);
  EXPECT_GT(calls, 13u);
}

}  // namespace
}  // namespace smf
