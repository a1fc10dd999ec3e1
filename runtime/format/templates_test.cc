#include "runtime/format/templates.h"

#include <gtest/gtest.h>

#include <string>

namespace smf {
namespace {

TemplateSpec function(std::string name, std::vector<std::string> parameters,
                      std::string_view json) {
  TemplateSpec spec{.kind = TemplateKind::kFunction,
                    .name = std::move(name),
                    .parameters = std::move(parameters),
                    .body = {}};
  spec.body.push_back(std::byte{kTemplateBodyJson});
  append_bytes(spec.body, as_bytes(json));
  return spec;
}

TEST(Templates, AreWrittenAsTheExampleInTheFormatDescription) {
  const TemplateSpec spec = function("id", {"T"}, "{}");
  const auto sections = write_templates(std::span(&spec, 1));
  ASSERT_TRUE(sections);
  const unsigned char expected[] = {
      0x47, 0x54, 0x50, 0x4c, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00,
      0x00, 0x69, 0x64, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00,
      0x47, 0x54, 0x50, 0x4c, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x7b, 0x7d};
  EXPECT_EQ(as_text(sections->code),
            std::string_view(reinterpret_cast<const char*>(expected), sizeof expected));
  EXPECT_EQ(sections->offsets, std::vector<std::uint64_t>{0x18});
  EXPECT_EQ(sections->meta.size(), 22u);
}

std::vector<TemplateSpec> several() {
  std::vector<TemplateSpec> specs = {function("first", {"T"}, R"({"name":"first"})"),
                                     function("", {}, ""), function("pair", {"A", "B"}, "{}")};
  specs.push_back(function("List", {"T"}, "{}"));
  specs.back().kind = TemplateKind::kStruct;
  specs.push_back(function("Option", {"T"}, "{}"));
  specs.back().kind = TemplateKind::kEnum;
  return specs;
}

TEST(Templates, ReadBackAsWritten) {
  const auto specs = several();
  const auto sections = write_templates(specs);
  ASSERT_TRUE(sections);
  const auto entries = read_templates(sections->code);
  ASSERT_TRUE(entries) << entries.error().describe();
  ASSERT_EQ(entries->size(), specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const TemplateEntry& entry = (*entries)[i];
    EXPECT_EQ(entry.kind, static_cast<std::uint8_t>(specs[i].kind));
    EXPECT_EQ(entry.name, specs[i].name);
    EXPECT_EQ(entry.parameter_count, specs[i].parameters.size());
    EXPECT_EQ(entry.offset, sections->offsets[i]);
    EXPECT_EQ(as_text(entry.body), as_text(specs[i].body));
  }
  const auto counts = read_template_counts(sections->meta);
  ASSERT_TRUE(counts);
  EXPECT_EQ(*counts, (TemplateCounts{.functions = 3, .structs = 1, .enums = 1, .traits = 0}));
  EXPECT_EQ(*counts, count_templates(*entries));
}

TEST(Templates, OfOtherWritersHaveNoBodies) {
  const auto sections = write_templates(several());
  Bytes stream = sections->code;
  const std::uint64_t padded = sections->offsets[0];
  for (const std::uint64_t size : {padded, padded - 7}) {
    const auto entries = read_templates(stream.first(size));
    if (!entries) continue;  // cut inside the last head
    ASSERT_EQ(entries->size(), 5u);
    EXPECT_TRUE(entries->front().body.empty());
  }
  EXPECT_TRUE(read_templates(stream.first(padded)));
}

TEST(Templates, CutAnywhereAreReadOrRefusedWithAnOffset) {
  const auto sections = write_templates(several());
  std::size_t refused = 0;
  for (std::size_t size = 0; size < sections->code.size(); ++size) {
    const ByteVector cut(sections->code.begin(),
                         sections->code.begin() + static_cast<std::ptrdiff_t>(size));
    const auto entries = read_templates(cut);
    if (entries) continue;
    ++refused;
    ASSERT_TRUE(entries.error().offset);
    EXPECT_LE(*entries.error().offset, size);
  }
  EXPECT_GT(refused, sections->code.size() - 10);
}

TEST(Templates, AreRefusedWhereAFieldIsWrong) {
  const TemplateSpec spec = function("id", {"T"}, "{}");
  const auto sections = write_templates(std::span(&spec, 1));
  struct Case {
    std::size_t at;
    unsigned char value;
    std::string_view part;
  };
  for (const Case& c :
       {Case{0, 'X', "magic"}, Case{4, 2, "version 2"}, Case{6, 200, "200 templates"},
        Case{10, 9, "kind 9"}, Case{14, 1, "limit is 65536"}, Case{0x18, 0xFF, "record needs"},
        Case{0x1c, 'X', "begin with GTPL"}, Case{0x20, 7, "version 7"},
        Case{0x26, 3, "another kind"}}) {
    ByteVector bytes = sections->code;
    bytes[c.at] = std::byte{c.value};
    const auto entries = read_templates(bytes);
    ASSERT_FALSE(entries) << c.part;
    EXPECT_NE(entries.error().message.find(c.part), std::string::npos) << entries.error().message;
  }
  ByteVector longer = sections->code;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(read_templates(longer));
  EXPECT_FALSE(read_template_counts(Bytes(sections->meta).first(21)));
}

TEST(Templates, BeyondTheirLimitsAreNotWritten) {
  const std::vector<TemplateSpec> wide = {function("f", std::vector<std::string>(256, "T"), "{}")};
  EXPECT_FALSE(write_templates(wide));
  const std::vector<TemplateSpec> named = {function(std::string(70'000, 'x'), {"T"}, "{}")};
  EXPECT_FALSE(write_templates(named));
}

}  // namespace
}  // namespace smf
