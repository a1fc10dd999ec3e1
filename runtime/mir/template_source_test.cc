#include "runtime/mir/template_source.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "runtime/mir/binary.h"
#include "runtime/mir/json.h"
#include "runtime/mir/running.h"
#include "runtime/mir/text.h"

namespace smf::mir {
namespace {

constexpr std::string_view kIdentityJson =
    R"({"symbol":1,"name":"identity","signature":{"params":[{"Opaque":"T"}],)"
    R"("return_type":{"Opaque":"T"},"is_variadic":false},)"
    R"("locals":[{"id":0,"name":"x","type":{"Opaque":"T"},"kind":{"Arg":0}}],)"
    R"("blocks":[{"id":0,"label":"entry","instructions":[],)"
    R"("terminator":{"Return":{"Copy":0}}}],"entry_block":0})";

constexpr std::string_view kListText =
    "module \"lists\"\n"
    "struct #1 List<T> {\n  data: *mut T\n  next: *List<T>\n  size: Size\n}\n"
    "struct #2 Size {\n  value: u64\n}\n"
    "enum #3 Option<T> {\n  None()\n  Some(T)\n}\n"
    "fn #4 size<T>(List<T>) -> Size entry 0 {\n"
    "  local %0 list: List<T> arg 0\n  local %1: Size temp\n"
    "  block 0:\n    %1 = field %0, 2\n    return %1\n}\n"
    "fn #5 plain() entry 0 {\n  block 0:\n    return\n}\n"
    "fn #6 wrapped<T>(T) entry 0 {\n  local %0 x: T arg 0\n"
    "  block 0:\n    call fn() \"make<Option<T>>\"()\n    return\n}\n";

std::vector<std::string> definitions_of(const Unit& unit) {
  std::vector<std::string> names;
  for (const Definition& one : unit.definitions) names.emplace_back(unit.string(one.name));
  return names;
}

Result<std::vector<TemplateSpec>> templates_of(std::string_view text,
                                               const GenericParameters& given = {}) {
  SMF_ASSIGN(const Unit unit, read_source(text, given));
  return make_templates(unit);
}

TEST(TemplateSource, TakesParametersFromTheCallerWhereTheJsonNamesNone) {
  const auto templates = templates_of(kIdentityJson, {{"identity", {"T"}}});
  ASSERT_TRUE(templates) << templates.error().describe();
  ASSERT_EQ(templates->size(), 1u);
  const TemplateSpec& spec = templates->front();
  EXPECT_EQ(spec.name, "identity");
  EXPECT_EQ(spec.parameters, std::vector<std::string>{"T"});
  EXPECT_EQ(spec.body.front(), std::byte{kTemplateBodyBinary});
  const auto body = read_body(spec.body);
  ASSERT_TRUE(body) << body.error().describe();
  EXPECT_EQ(heading(*body, body->functions[0]), "identity<T>(T) -> T");
}

TEST(TemplateSource, MakesATemplateOfAllThatHasParameters) {
  const auto templates = templates_of(kListText);
  ASSERT_TRUE(templates) << templates.error().describe();
  std::vector<std::pair<TemplateKind, std::string>> found;
  for (const TemplateSpec& one : *templates) found.emplace_back(one.kind, one.name);
  EXPECT_EQ(found, (std::vector<std::pair<TemplateKind, std::string>>{
                       {TemplateKind::kStruct, "List"},
                       {TemplateKind::kEnum, "Option"},
                       {TemplateKind::kFunction, "size"},
                       {TemplateKind::kFunction, "wrapped"}}));
}

TEST(TemplateSource, ABodyHasTheDefinitionsThatItNeedsAndNoOthers) {
  const auto templates = templates_of(kListText);
  ASSERT_TRUE(templates) << templates.error().describe();
  std::vector<std::vector<std::string>> found;
  for (const TemplateSpec& one : *templates) {
    const auto body = read_body(one.body);
    ASSERT_TRUE(body) << body.error().describe();
    found.push_back(definitions_of(*body));
    Program program;
    const auto added = program.add(*body);
    EXPECT_TRUE(added) << added.error().describe();
  }
  EXPECT_EQ(found, (std::vector<std::vector<std::string>>{
                       {"List", "Size"}, {"Option"}, {"Size", "List"}, {"Option"}}));
}

TEST(TemplateSource, DefinitionsOfOtherFilesAreFoundByTheirSymbols) {
  const auto unit = read_source(
      "fn #9 get<T>(struct #1<T>) -> struct #1<T> entry 0 {\n"
      "  local %0: struct #1<T> arg 0\n"
      "  block 0:\n    return %0\n}\n");
  ASSERT_TRUE(unit) << unit.error().describe();
  const std::vector<Unit> types{*read_source("struct #7 Other<T> {\n  x: T\n}\n"),
                                *read_source(kListText)};
  const auto templates = make_templates(*unit, types);
  ASSERT_TRUE(templates) << templates.error().describe();
  const auto body = read_body(templates->front().body);
  ASSERT_TRUE(body) << body.error().describe();
  EXPECT_EQ(definitions_of(*body), (std::vector<std::string>{"List", "Size"}));
  EXPECT_EQ(heading(*body, body->functions[0]), "get<T>(List<T>) -> List<T>");
}

std::string content_of(const std::string& path) {
  std::ifstream in("testdata/templates/" + path);
  EXPECT_TRUE(in.is_open()) << path;
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

constexpr const char* kFiles[] = {"basic", "map", "matrix", "slices", "sort", "text", "vec"};

// Modules hold these bytes: another version of the format has to have another number.
TEST(TemplateSource, TheBytesOfFilesStayWhatTheyAre) {
  for (const std::string file : kFiles) {
    SCOPED_TRACE(file);
    const std::string text = content_of(file + ".mir");
    const std::string bytes = content_of("bytes/" + file + ".bin");
    const auto unit = read_source(text);
    ASSERT_TRUE(unit) << unit.error().describe();
    EXPECT_EQ(as_text(write_binary(*unit)), bytes);
    const auto body = read_body(as_bytes(bytes));
    ASSERT_TRUE(body) << body.error().describe();
    EXPECT_EQ(write_text(*body), text);
    const auto json = read_source(write_json(*unit));
    ASSERT_TRUE(json) << json.error().describe();
    EXPECT_EQ(write_text(*json), text);
  }
}

TEST(TemplateSource, TemplatesOfFilesAreWhatTheyWereWhenReadBack) {
  for (const std::string file : kFiles) {
    SCOPED_TRACE(file);
    const auto unit = read_source(content_of(file + ".mir"));
    ASSERT_TRUE(unit) << unit.error().describe();
    const auto templates = make_templates(*unit);
    ASSERT_TRUE(templates) << templates.error().describe();
    std::size_t generic = 0;
    for (const Function& one : unit->functions) generic += one.parameters.count != 0;
    std::size_t functions = 0;
    Program program;
    for (const TemplateSpec& one : *templates) {
      const auto body = read_body(one.body);
      ASSERT_TRUE(body) << body.error().describe();
      const auto added = program.add(*body);
      ASSERT_TRUE(added) << one.name << ": " << added.error().describe();
      if (one.kind != TemplateKind::kFunction) continue;
      ++functions;
      // The function's own lines are those of the file.
      const std::string written = write_text(*body);
      const std::string own = written.substr(written.find("fn #"));
      EXPECT_NE(write_text(*unit).find(own), std::string::npos) << own;
      const auto checked = program.check(one.name);
      EXPECT_TRUE(checked) << checked.error().describe();
    }
    EXPECT_EQ(functions, generic);
  }
}

TEST(TemplateSource, ReadsBodiesOfTheFirstForm) {
  const auto body_of = [](std::string_view json) {
    ByteVector body{std::byte{kTemplateBodyJson}};
    append_bytes(body, as_bytes(json));
    return body;
  };
  const auto function =
      read_body(body_of(std::string(kIdentityJson.substr(0, kIdentityJson.size() - 1)) +
                        R"(,"generic_params":["T"]})"));
  ASSERT_TRUE(function) << function.error().describe();
  EXPECT_EQ(heading(*function, function->functions[0]), "identity<T>(T) -> T");
  const auto definition =
      read_body(body_of(R"({"symbol":1,"name":"Pair","generic_params":["A","B"],"struct":[]})"));
  ASSERT_TRUE(definition) << definition.error().describe();
  EXPECT_EQ(heading(*definition, definition->definitions[0]), "Pair<A, B>");
  EXPECT_FALSE(read_body(body_of("{\"name\":")));
  EXPECT_FALSE(read_body({}));
}

void expect_no_templates(std::string_view text, std::string_view part) {
  const auto templates = templates_of(text);
  ASSERT_FALSE(templates) << text;
  EXPECT_NE(templates.error().message.find(part), std::string::npos) << templates.error().message;
}

TEST(TemplateSource, WhatHasNoParametersIsNoTemplate) {
  const auto templates = templates_of(kIdentityJson);
  ASSERT_TRUE(templates) << templates.error().describe();
  EXPECT_TRUE(templates->empty());
}

TEST(TemplateSource, SaysWhatIsWrongAndWhere) {
  expect_no_templates("{\"name\": \"f\",\n  oops}", "2:3: not JSON");
  expect_no_templates("", "1:1: not JSON");
  expect_no_templates("fn #1 f(", "1:9: ");
}

}  // namespace
}  // namespace smf::mir
