#include "runtime/format/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "runtime/format/building.h"
#include "runtime/format/convert.h"
#include "runtime/format/templates.h"
#include "testdata/golden/golden.h"

namespace smf {
namespace {

VerifyReport verify(const std::string& bytes) {
  const auto view = SmfView::open(as_bytes(bytes));
  EXPECT_TRUE(view) << view.error().describe();
  auto report = verify_module(*view);
  EXPECT_TRUE(report);
  return *report;
}

std::string text_of(const VerifyReport& report) {
  std::string text;
  for (const Finding& finding : report.findings)
    text += std::string(severity_name(finding.severity)) + ": " + finding.message + "\n";
  return text;
}

ModuleSpec module_with_note(std::string_view note) {
  ModuleSpec spec;
  spec.sections.push_back({.name = "code",
                           .type = static_cast<std::uint8_t>(SectionType::kCode),
                           .flags = kSectionRead | kSectionExec,
                           .payload = text_source(std::string(64, '\xC3'))});
  spec.sections.push_back({.name = "data",
                           .type = static_cast<std::uint8_t>(SectionType::kData),
                           .payload = text_source(std::string(4000, 'x')),
                           .compression = {Algorithm::kZstd, 3}});
  spec.sections.push_back(note_section(note));
  for (int i = 0; i < 20; ++i) {
    spec.symbols.push_back({.name = "s" + std::to_string(i),
                            .section = std::uint16_t{0},
                            .value = static_cast<std::uint64_t>(i)});
  }
  spec.with_symbol_index = true;
  return spec;
}

TEST(Verify, FindsNoErrorInGoldenFiles) {
  for (const golden::File& file : golden::golden_files()) {
    if (!file.refusal.empty()) continue;
    const VerifyReport report = verify(file.bytes);
    EXPECT_TRUE(report.ok()) << file.name << "\n" << text_of(report);
  }
}

TEST(Verify, NoticesEveryChangedByteOfAModuleOfOurs) {
  const auto good = build_bytes(module_with_note("# note\n"));
  ASSERT_TRUE(good);
  ASSERT_EQ(text_of(verify(*good)), "");
  const auto note = (*SmfView::open(as_bytes(*good))).find_section(kNoteSection);
  for (std::size_t at = 0; at < good->size(); ++at) {
    // What changes in place is not covered by hashes; its text is read instead.
    if (at >= (*note)->offset && at < (*note)->offset + (*note)->size) continue;
    std::string bad = *good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    const auto view = SmfView::open(as_bytes(bad));
    if (!view) continue;
    const auto report = verify_module(*view);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->ok() && report->warnings == 0) << "byte " << at;
  }
}

TEST(Verify, ReadsTheNote) {
  const auto bytes = build_bytes(module_with_note("possible |id, template|\n    0, \"unclosed\n"));
  ASSERT_TRUE(bytes);
  const VerifyReport report = verify(*bytes);
  EXPECT_FALSE(report.ok());
  EXPECT_NE(text_of(report).find("note.sdn: 2:"), std::string::npos) << text_of(report);
}

TEST(Verify, ATemplatesSymbolPointsAtItsRecord) {
  TemplateSpec identity{.kind = TemplateKind::kFunction,
                        .name = "identity",
                        .parameters = {"T"},
                        .body = ByteVector{std::byte{kTemplateBodyJson}, std::byte{'{'}}};
  const auto sections = write_templates(std::span(&identity, 1));
  ASSERT_TRUE(sections);
  ModuleSpec spec = module_with_note("# note\n");
  spec.sections.push_back({.name = std::string(kTemplateCodeSection),
                           .type = static_cast<std::uint8_t>(SectionType::kTemplateCode),
                           .alignment = 8,
                           .payload = memory_source(sections->code)});
  spec.sections.push_back({.name = std::string(kTemplateMetaSection),
                           .type = static_cast<std::uint8_t>(SectionType::kTemplateMeta),
                           .payload = memory_source(sections->meta)});
  SymbolSpec symbol{.name = "identity",
                    .flags = kSymbolGenericTemplate,
                    .template_param_count = 1,
                    .section = std::uint16_t{3}};
  symbol.template_offset = sections->offsets[0];
  spec.symbols.push_back(symbol);
  const VerifyReport good = verify(*build_bytes(spec));
  EXPECT_EQ(text_of(good), "");

  spec.symbols.back().template_offset += 4;
  const VerifyReport bad = verify(*build_bytes(spec));
  EXPECT_NE(text_of(bad).find("has no record"), std::string::npos) << text_of(bad);
}

TEST(Verify, FindsAnIndexThatLies) {
  auto bytes = build_bytes(module_with_note("# note\n"));
  ASSERT_TRUE(bytes);
  const auto index = (*SmfView::open(as_bytes(*bytes))).find_section(kSymbolIndexSection);
  std::fill_n(bytes->begin() + static_cast<std::ptrdiff_t>((*index)->offset + 16),
              (*index)->size - 16, '\0');
  const VerifyReport report = verify(*bytes);
  EXPECT_NE(text_of(report).find("the symbol index gives nothing for 's7'"), std::string::npos)
      << text_of(report);
}

TEST(Verify, KeepsNoMoreFindingsThanAskedButCountsAll) {
  auto bytes = build_bytes(module_with_note("# note\n"));
  ASSERT_TRUE(bytes);
  const Header header = (*SmfView::open(as_bytes(*bytes))).header();
  for (std::uint32_t i = 0; i < header.symbol_count; ++i)
    (*bytes)[header.symbol_table + i * header.symbol_entry_size() + 4] ^= 1;
  const auto view = SmfView::open(as_bytes(*bytes));
  ASSERT_TRUE(view);
  const auto report = verify_module(*view, {.max_findings = 5});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->findings.size(), 5u);
  EXPECT_GE(report->errors, 20u);
}

TEST(Verify, RefusesBombsByTheLimitsGiven) {
  const auto bytes = build_bytes(module_with_note("# note\n"));
  ASSERT_TRUE(bytes);
  const auto view = SmfView::open(as_bytes(*bytes));
  const auto report = verify_module(*view, {.limits = {.max_bytes = 1000}});
  ASSERT_TRUE(report);
  EXPECT_NE(text_of(*report).find("the limit is 1000"), std::string::npos) << text_of(*report);
}

}  // namespace
}  // namespace smf
