#include "runtime/format/view.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "runtime/format/compression.h"
#include "runtime/format/golden_reading.h"
#include "testdata/golden/golden.h"

namespace smf {
namespace golden {

void PrintTo(const File& file, std::ostream* out) { *out << file.name; }

}  // namespace golden

namespace {

class GoldenFile : public testing::TestWithParam<golden::File> {
 protected:
  const golden::Module& expected() const { return GetParam().content; }
  ExactBuffer buffer_{GetParam().bytes};
};

void expect_header(const Header& header, const golden::Module& expected) {
  EXPECT_EQ(header.major, expected.major);
  EXPECT_EQ(header.minor, expected.minor);
  EXPECT_EQ(header.platform, expected.platform);
  EXPECT_EQ(header.arch, expected.arch);
  EXPECT_EQ(header.flags, expected.flags);
  EXPECT_EQ(header.compression, expected.compression);
  EXPECT_EQ(header.level, expected.level);
  EXPECT_EQ(header.section_count, expected.sections.size());
  EXPECT_EQ(header.symbol_count, expected.symbols.size());
  EXPECT_EQ(header.exported_count, expected.exported_count);
  EXPECT_EQ(header.entry_point, expected.entry_point);
  EXPECT_EQ(header.base, expected.stub.size());
  EXPECT_EQ(header.stub_size, expected.stub.size());
  EXPECT_EQ(header.module_hash, expected.module_hash);
  EXPECT_EQ(header.source_hash, expected.source_hash);
  EXPECT_EQ(header.app_type, expected.app_type);
  EXPECT_EQ(header.window_width, expected.window_width);
  EXPECT_EQ(header.window_height, expected.window_height);
  EXPECT_EQ(header.prefetch_hint, expected.prefetch_hint);
  EXPECT_EQ(header.prefetch_file_count, expected.prefetch_file_count);
}

void expect_section(const SmfView& view, const Section& section, const golden::Section& expected) {
  EXPECT_EQ(section.type, expected.type);
  EXPECT_EQ(section.flags, expected.flags);
  EXPECT_EQ(section.name(), expected.name);
  EXPECT_EQ(section.alignment, expected.alignment);
  if (section.is(SectionType::kBss)) {
    EXPECT_EQ(section.size, 0u);
    EXPECT_EQ(section.memory_size(), expected.virtual_size);
    return;
  }
  EXPECT_EQ(section.size, expected.recorded_size.value_or(expected.bytes.size()));
  EXPECT_EQ(as_text(view.stored(section)), expected.bytes.substr(0, section.size));
  EXPECT_EQ(section.compressed, !expected.uncompressed.empty());
  if (section.compressed) {
    const auto content = decompress(view.stored(section), section.virtual_size);
    ASSERT_TRUE(content) << content.error().describe();
    EXPECT_EQ(as_text(*content), expected.uncompressed);
  }
  EXPECT_EQ(SmfView::relocation_count(section), expected.relocations.size());
  for (std::size_t i = 0; i < expected.relocations.size(); ++i) {
    const auto relocation = view.relocation(section, i);
    ASSERT_TRUE(relocation) << relocation.error().describe();
    EXPECT_EQ(relocation->offset, expected.relocations[i].offset);
    EXPECT_EQ(relocation->symbol, expected.relocations[i].symbol);
    EXPECT_EQ(static_cast<int>(relocation->type), expected.relocations[i].type);
    EXPECT_EQ(relocation->addend, expected.relocations[i].addend);
  }
}

void expect_symbol(const Symbol& symbol, const golden::Symbol& expected) {
  EXPECT_EQ(symbol.name, expected.name);
  EXPECT_EQ(static_cast<int>(symbol.type), expected.type) << expected.name;
  EXPECT_EQ(static_cast<int>(symbol.binding), expected.binding) << expected.name;
  EXPECT_EQ(symbol.visibility, expected.visibility) << expected.name;
  EXPECT_EQ(symbol.flags, expected.flags) << expected.name;
  EXPECT_EQ(symbol.section, expected.section) << expected.name;
  EXPECT_EQ(symbol.value, expected.value) << expected.name;
  EXPECT_EQ(symbol.size, expected.size) << expected.name;
  EXPECT_EQ(symbol.type_id, expected.type_id) << expected.name;
  EXPECT_EQ(symbol.version, expected.version) << expected.name;
  EXPECT_EQ(symbol.template_param_count, expected.template_param_count) << expected.name;
  EXPECT_EQ(symbol.template_offset, expected.template_offset) << expected.name;
  EXPECT_EQ(symbol.is_defined(), expected.is_defined) << expected.name;
  EXPECT_EQ(symbol.name_hash == 0, expected.zero_hash) << expected.name;
}

TEST_P(GoldenFile, ReadsAsDescribed) {
  const auto view = SmfView::open(buffer_.bytes());
  if (!GetParam().refusal.empty()) {
    ASSERT_FALSE(view);
    EXPECT_NE(view.error().message.find(GetParam().refusal), std::string::npos)
        << view.error().describe();
    EXPECT_TRUE(view.error().offset);
    return;
  }
  ASSERT_TRUE(view) << view.error().describe();
  EXPECT_EQ(dialect_name(view->header().dialect), GetParam().dialect);
  expect_header(view->header(), expected());
  ASSERT_EQ(view->section_count(), expected().sections.size());
  for (std::uint32_t i = 0; i < view->section_count(); ++i) {
    const auto section = view->section(i);
    ASSERT_TRUE(section) << section.error().describe();
    expect_section(*view, *section, expected().sections[i]);
  }
  ASSERT_EQ(view->symbol_count(), expected().symbols.size());
  for (std::uint32_t i = 0; i < view->symbol_count(); ++i) {
    const auto symbol = view->symbol(i);
    ASSERT_TRUE(symbol) << symbol.error().describe();
    expect_symbol(*symbol, expected().symbols[i]);
  }
  const auto note = view->note();
  ASSERT_TRUE(note) << note.error().describe();
  EXPECT_EQ(*note, expected().note);
  EXPECT_EQ(walk_everything(*view).refused, 0u);
  EXPECT_TRUE(is_same_reopened(*view));
}

TEST_P(GoldenFile, FindsEverySymbolAndSectionByName) {
  const auto view = SmfView::open(buffer_.bytes());
  if (!GetParam().refusal.empty()) return;
  ASSERT_TRUE(view) << view.error().describe();
  EXPECT_FALSE(view->has_symbol_index());
  for (const golden::Symbol& symbol : expected().symbols) {
    const auto found = view->find_symbol(symbol.name);
    ASSERT_TRUE(found && *found) << symbol.name;
    EXPECT_EQ((*found)->name, symbol.name);
  }
  EXPECT_FALSE(*view->find_symbol("absent"));
  for (const golden::Section& section : expected().sections) {
    const auto found = view->find_section(section.name);
    ASSERT_TRUE(found && *found) << section.name;
    EXPECT_EQ((*found)->name(), section.name);
  }
  EXPECT_FALSE(*view->find_section("absent"));
}

std::string test_name(const testing::TestParamInfo<golden::File>& info) {
  std::string name;
  for (const char c : info.param.name) name += c == '-' || c == '.' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(View, GoldenFile, testing::ValuesIn(golden::golden_files()), test_name);

}  // namespace
}  // namespace smf
