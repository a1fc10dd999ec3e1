// Runs testdata/sdn/*.cases; testdata/sdn/README.md has their form.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sdn/conformance_case.h"
#include "runtime/sdn/document.h"
#include "runtime/sdn/editor.h"
#include "runtime/sdn/json/json.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn {
namespace {

bool rebase = false;

// "3:1: duplicate key: the key 'a' is there already".
std::string told(const Diagnostic& diagnostic) {
  return fmt::format("{}:{}: {}: {}\n", diagnostic.position.line, diagnostic.position.column,
                     name(diagnostic.kind), diagnostic.message);
}

// Paths and edits say where in the text by themselves, or not at all.
std::string told(const Error& error) { return "! " + error.message + "\n"; }

std::string json_of(const Value& value) {
  const auto json = to_json(value, {.indent = 0});
  return json ? *json + "\n" : told(json.error());
}

std::string reading(std::string_view text, const ParseOptions& options) {
  Diagnostic diagnostic;
  const auto document = parse(text, options, &diagnostic);
  if (!document) return "! " + told(diagnostic);
  std::string out;
  for (const Diagnostic& warning : document->warnings()) out += "? " + told(warning);
  EXPECT_EQ(document->warnings().size(), document->warning_count());
  return out + json_of(document->root());
}

std::string reading(std::string_view text, Mode mode) { return reading(text, {.mode = mode}); }

// Lines "depth 3" at the start of an expectation.
Limits limits_of(std::string_view expected, std::string& lines) {
  Limits limits;
  while (!expected.empty()) {
    const std::string_view line = expected.substr(0, expected.find('\n') + 1);
    const std::size_t blank = line.find(' ');
    const std::string_view word = line.substr(0, std::min(blank, line.size()));
    std::uint64_t number = 0;
    if (blank != line.npos)
      std::from_chars(line.data() + blank + 1, line.data() + line.size(), number);
    if (word == "depth") {
      limits.depth = static_cast<std::uint32_t>(number);
    } else if (word == "string_bytes") {
      limits.string_bytes = number;
    } else if (word == "values") {
      limits.values = number;
    } else if (word == "text_bytes") {
      limits.text_bytes = number;
    } else {
      return limits;
    }
    lines += line;
    expected.remove_prefix(line.size());
  }
  return limits;
}

// "PATH = VALUE".
std::string edited(const std::string& text, std::string_view verb, std::string_view arguments) {
  auto editor = Editor::open(text);
  if (!editor) return told(editor.error());
  Result<void> done{};
  if (verb == "delete") {
    done = editor->erase(arguments);
  } else {
    const std::size_t equals = arguments.find(" = ");
    const auto value = parse_owned("v: " + std::string(arguments.substr(equals + 3)));
    if (!value) return told(value.error());
    const OwnedValue owned(*value->get("v"));
    const std::string_view path = arguments.substr(0, equals);
    done = verb == "set" ? editor->set(path, owned) : editor->push(path, owned);
  }
  EXPECT_EQ(editor->is_modified(), done.has_value());
  if (!done) return told(done.error());
  std::string out;
  std::string_view rest = editor->text();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    out += line.empty() ? "|\n" : "| " + std::string(line) + "\n";
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return out.empty() ? "|\n" : out;
}

std::string outcome(const ConformanceCase& item, const ConformanceCase::Expectation& expectation) {
  const std::string_view what = expectation.what;
  if (what == "strict") return reading(item.text, Mode::kStrict);
  if (what == "lenient") return reading(item.text, Mode::kLenient);
  if (what == "upstream") return reading(item.text, Mode::kUpstream);
  if (what == "limits") {
    std::string lines;
    const Limits limits = limits_of(expectation.expected, lines);
    return lines + reading(item.text, {.limits = limits});
  }
  const std::string_view verb = what.substr(0, what.find(' '));
  const std::string_view arguments = what.substr(std::min(verb.size() + 1, what.size()));
  if (verb == "get") {
    const auto document = parse(item.text);
    if (!document) return told(document.error());
    const auto value = document->get(arguments);
    return value ? json_of(*value) : told(value.error());
  }
  EXPECT_TRUE(verb == "set" || verb == "push" || verb == "delete") << "no section " << what;
  return edited(item.text, verb, arguments);
}

// JSON compares by its value, everything else by its letters.
std::string normal(const std::string& outcome) {
  std::size_t at = 0;
  while (at < outcome.size() && outcome[at] == '?') at = outcome.find('\n', at) + 1;
  const auto json = nlohmann::ordered_json::parse(outcome.substr(at), nullptr, false);
  return json.is_discarded() ? outcome : outcome.substr(0, at) + json.dump() + "\n";
}

bool has(const ConformanceCase& item, std::string_view what) {
  return std::ranges::any_of(item.expectations, [&](const auto& e) { return e.what == what; });
}

// What holds of every text.
void check_laws(const ConformanceCase& item) {
  const auto document = parse(item.text);
  const auto lenient = parse(item.text, {.mode = Mode::kLenient});
  if (!document) {
    if (!has(item, "lenient")) {
      EXPECT_FALSE(lenient) << "lenient mode reads this: say what";
      if (!lenient) {
        EXPECT_EQ(lenient.error().message, document.error().message);
      }
    }
    return;
  }
  EXPECT_TRUE(document->is_strict());
  ASSERT_TRUE(lenient);
  EXPECT_EQ(lenient->warning_count(), 0u);
  EXPECT_TRUE(lenient->is_strict());
  EXPECT_TRUE(lenient->root() == document->root());
  const auto blocks = write(document->root());
  ASSERT_TRUE(blocks);
  EXPECT_TRUE(parse(*blocks)->root() == document->root()) << *blocks;
  const auto line = write_inline(document->root());
  ASSERT_TRUE(line);
  const std::string nested = "k: " + *line;
  EXPECT_TRUE(*parse(nested)->get("k") == document->root()) << nested;
}

void run(ConformanceCase& item) {
  SCOPED_TRACE(item.name);
  EXPECT_FALSE(item.expectations.empty()) << "nothing is expected of this case";
  for (ConformanceCase::Expectation& expectation : item.expectations) {
    const std::string actual = outcome(item, expectation);
    const bool is_equal = normal(actual) == normal(expectation.expected);
    if (rebase) {
      if (!is_equal) expectation.expected = actual;
    } else {
      EXPECT_TRUE(is_equal) << "--- " << expectation.what << "\n"
                            << expectation.expected << "--- but it is\n"
                            << actual;
    }
  }
  check_laws(item);
}

std::vector<std::filesystem::path> files() {
  const char* const workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  const std::filesystem::path root = rebase && workspace != nullptr ? workspace : ".";
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(root / "testdata/sdn"))
    if (entry.path().extension() == ".cases") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

TEST(Conformance, EveryCaseIsReadAsItSays) {
  std::size_t count = 0;
  for (const std::filesystem::path& path : files()) {
    SCOPED_TRACE(path.string());
    std::ifstream in(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    ConformanceFile file = parse_conformance(content);
    for (ConformanceCase& item : file.cases) run(item);
    count += file.cases.size();
    EXPECT_TRUE(rebase || render(file) == content) << "the file is not in the form of render()";
    if (rebase) std::ofstream(path, std::ios::binary) << render(file);
  }
  EXPECT_GE(count, 150u) << "cases are missing";
}

}  // namespace
}  // namespace smf::sdn

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  smf::sdn::rebase = argc > 1 && std::string_view(argv[1]) == "--rebase";
  return RUN_ALL_TESTS();
}
