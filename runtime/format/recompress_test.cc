#include "runtime/format/recompress.h"

#include <gtest/gtest.h>

#include "runtime/format/builder.h"
#include "runtime/format/convert.h"
#include "runtime/os/output_file.h"

namespace smf {
namespace {

SectionSpec section_of(std::string name, SectionType type, std::uint64_t size) {
  return {.name = std::move(name),
          .type = static_cast<std::uint8_t>(type),
          .payload = fill_source(std::byte{'x'}, size)};
}

ModuleSpec sample() {
  ModuleSpec spec;
  spec.sections.push_back(section_of("code", SectionType::kCode, 2000));
  spec.sections.push_back(section_of("data", SectionType::kData, 3'000'000));
  spec.sections.push_back(section_of("small", SectionType::kData, kLeastCompressed - 1));
  spec.sections.push_back(section_of(".rela", SectionType::kReloc, 2400));
  spec.sections.push_back(note_section("# END_NOTE\n"));
  return spec;
}

std::vector<std::string> compressed_names(const ModuleSpec& spec) {
  std::vector<std::string> names;
  for (const SectionSpec& section : spec.sections)
    if (section.compression.algorithm != Algorithm::kNone) names.push_back(section.name);
  return names;
}

// A module in memory: its bytes and the view over them.
struct Built {
  explicit Built(const ModuleSpec& spec) {
    const std::string path = testing::TempDir() + "/recompress.smf";
    auto out = os::OutputFile::create(path);
    EXPECT_TRUE(build_module(spec, {}, *out).has_value());
    EXPECT_TRUE(out->commit().has_value());
    file = *os::FileBytes::load(path);
    view = *SmfView::open(file.bytes());
  }
  os::FileBytes file;
  std::optional<SmfView> view;
};

TEST(Recompress, LeavesOutWhatIsSmallOrLookedIntoInPlace) {
  ModuleSpec spec = sample();
  compress_sections(spec, {.compression = *parse_compression("zstd")});
  EXPECT_EQ(compressed_names(spec), std::vector<std::string>{"data"});
}

TEST(Recompress, TakesCodeOnlyWhenAsked) {
  ModuleSpec spec = sample();
  compress_sections(spec, {.compression = *parse_compression("lz4"), .code_too = true});
  EXPECT_EQ(compressed_names(spec), (std::vector<std::string>{"code", "data"}));
}

TEST(Recompress, ThereAndBackGivesTheSameBytes) {
  const Built plain(sample());
  ModuleSpec spec = *spec_from_view(*plain.view, Target::kCurrent);
  ASSERT_TRUE(recompress_sections(spec, *plain.view,
                                  {.compression = *parse_compression("zstd:9"), .code_too = true}));
  const Built compressed(spec);
  EXPECT_LT(compressed.file.bytes().size(), 50'000u);
  spec = *spec_from_view(*compressed.view, Target::kCurrent);
  ASSERT_TRUE(recompress_sections(spec, *compressed.view, {}));
  const Built again(spec);
  EXPECT_TRUE(std::ranges::equal(plain.file.bytes(), again.file.bytes()));
}

TEST(Recompress, CompressesAnewWhatIsCompressed) {
  const auto with = [](const char* text) {
    ModuleSpec spec = sample();
    compress_sections(spec, {.compression = *parse_compression(text)});
    return spec;
  };
  const Built zstd(with("zstd"));
  const Built lz4(with("lz4"));
  ModuleSpec spec = *spec_from_view(*zstd.view, Target::kCurrent);
  ASSERT_TRUE(recompress_sections(spec, *zstd.view, {.compression = *parse_compression("lz4")}));
  const Built changed(spec);
  EXPECT_TRUE(std::ranges::equal(lz4.file.bytes(), changed.file.bytes()));
}

TEST(Recompress, RefusesAnExpansionOverTheLimit) {
  ModuleSpec spec = sample();
  compress_sections(spec, {.compression = *parse_compression("zstd")});
  const Built compressed(spec);
  spec = *spec_from_view(*compressed.view, Target::kCurrent);
  const auto done =
      recompress_sections(spec, *compressed.view, {.limits = {.max_bytes = 2'999'999}});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace smf
