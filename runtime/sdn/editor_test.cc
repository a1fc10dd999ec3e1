#include "runtime/sdn/editor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/sdn/random_value.h"
#include "runtime/sdn/writer.h"

namespace smf::sdn {
namespace {

// The text after one edit, or "ERROR: message".
template <typename Edit>
std::string after(std::string_view text, Edit edit) {
  auto editor = Editor::open(std::string(text));
  if (!editor) return "DOES NOT PARSE: " + editor.error().message;
  const Result<void> done = edit(*editor);
  if (!done) {
    EXPECT_EQ(editor->text(), text);
    EXPECT_FALSE(editor->is_modified());
    return "ERROR: " + done.error().message;
  }
  EXPECT_TRUE(editor->is_modified());
  return std::string(editor->text());
}

std::string set(std::string_view text, std::string_view path, const OwnedValue& value) {
  return after(text, [&](Editor& editor) { return editor.set(path, value); });
}
std::string erase(std::string_view text, std::string_view path) {
  return after(text, [&](Editor& editor) { return editor.erase(path); });
}
std::string push(std::string_view text, std::string_view path, const OwnedValue& value) {
  return after(text, [&](Editor& editor) { return editor.push(path, value); });
}

OwnedValue dict(std::string_view key, OwnedValue value) {
  OwnedValue result = OwnedValue::dict();
  result.put(key, std::move(value));
  return result;
}

OwnedValue table() {
  OwnedTable rows({"a", "b"});
  rows.add_row({1, "x"});
  return rows;
}

TEST(Editor, ReplacesAScalarAndNothingElse) {
  EXPECT_EQ(set("a: 1_000   # said\nb = x\n", "a", 7), "a: 7   # said\nb = x\n");
  EXPECT_EQ(set("a: 1\nb = x y  # z\r\n", "b", "p q"), "a: 1\nb = p q  # z\r\n");
  EXPECT_EQ(set("a: \"x\"\n", "a", "y"), "a: \"y\"\n");
  EXPECT_EQ(set("a: x", "a", "1"), "a: \"1\"");
  EXPECT_EQ(set("a: \"\"\"two\nlines\"\"\"  # c\nb: 1\n", "a", nullptr), "a: null  # c\nb: 1\n");
  EXPECT_EQ(set("\xEF\xBB\xBF"
                "a: 1\n",
                "a", 2),
            "\xEF\xBB\xBF"
            "a: 2\n");
}

TEST(Editor, GivesAKeyWithoutAValueOne) {
  EXPECT_EQ(set("a:\nb: 1\n", "a", 5), "a: 5\nb: 1\n");
  EXPECT_EQ(set("a:  # why\n", "a", "x"), "a: x  # why\n");
  EXPECT_EQ(set("a:", "a", dict("k", 1)), "a:\n    k: 1");
}

TEST(Editor, AddsEntriesBehindTheirNeighbours) {
  EXPECT_EQ(set("", "a", 1), "a: 1\n");
  EXPECT_EQ(set("# only this", "a", 1), "# only this\na: 1\n");
  EXPECT_EQ(set("a: 1", "b", 2), "a: 1\nb: 2\n");
  EXPECT_EQ(set("a: 1\r\n", "b c", "d"), "a: 1\r\n\"b c\": d\r\n");
  EXPECT_EQ(set("a:\n  b: 1  # one\n\nc: 3\n", "a.d", 2), "a:\n  b: 1  # one\n  d: 2\n\nc: 3\n");
  EXPECT_EQ(set("a:\n\tb: 1\n", "a.d", dict("e", 2)), "a:\n\tb: 1\n\td:\n\t\te: 2\n");
  EXPECT_EQ(set("a: {}\n", "a.b", "x, y"), "a: {b: \"x, y\"}\n");
  EXPECT_EQ(set("a: {b: 1, }  # c\n", "a.d", 2), "a: {b: 1, d: 2, }  # c\n");
  EXPECT_EQ(set("t |x|\n    1\n    2\n", "u", table()),
            "t |x|\n    1\n    2\nu |a, b|\n    1, x\n");
  EXPECT_EQ(set("a:\n    t |x|\n        1\n", "a.k", 1), "a:\n    t |x|\n        1\n    k: 1\n");
}

TEST(Editor, ReplacesBlocksTablesAndBrackets) {
  EXPECT_EQ(set("a:\n    b: 1\n    c: 2  # last\nd: 3\n", "a", 5), "a: 5  # last\nd: 3\n");
  EXPECT_EQ(set("a: 5  # x\nd: 3\n", "a", dict("b", 1)), "a:\n    b: 1  # x\nd: 3\n");
  EXPECT_EQ(set("t |x|\n    1\nd: 3\n", "t", "gone"), "t: gone\nd: 3\n");
  EXPECT_EQ(set("t: 1\nd: 3\n", "t", table()), "t |a, b|\n    1, x\nd: 3\n");
  EXPECT_EQ(set("t: table{i64} = [(1), (2)]\n", "t", 1), "t: 1\n");
  EXPECT_EQ(set("a: [1, # one\n  2]\n", "a", OwnedValue::array({3})), "a: [3]\n");
  EXPECT_EQ(set("a: [1, {b: x}, 3]\n", "a.1.b", "y"), "a: [1, {b: y}, 3]\n");
  EXPECT_EQ(set("a:\n    one\n    two: 2\n", "a.1", "2"), "a:\n    one\n    \"2\"\n");
  EXPECT_EQ(set("a:\n    one\n", "a.0", "k: v"), "a:\n    \"k: v\"\n");
}

TEST(Editor, ReplacesCells) {
  constexpr std::string_view kRows = "t |a, b, c|\n    1, \"x\", rest, of it\n    , , \n";
  EXPECT_EQ(set(kRows, "t.0.b", "y"), "t |a, b, c|\n    1, \"y\", rest, of it\n    , , \n");
  EXPECT_EQ(set(kRows, "t.0.c", 5), "t |a, b, c|\n    1, \"x\", 5\n    , , \n");
  EXPECT_EQ(set(kRows, "t.1.0", 5), "t |a, b, c|\n    1, \"x\", rest, of it\n    5, , \n");
  EXPECT_EQ(set(kRows, "t.1.b", "p, q"),
            "t |a, b, c|\n    1, \"x\", rest, of it\n    , \"p, q\", \n");
  EXPECT_EQ(set("t: table{i64, text} = [(1, a), (2, b)]\n", "t.1.1", "c)"),
            "t: table{i64, text} = [(1, a), (2, \"c)\")]\n");
  EXPECT_EQ(set(kRows, "t.0.a", dict("k", 1)), "ERROR: a dict cannot be a table's cell");
  EXPECT_EQ(set(kRows, "t.0", 1), "ERROR: expected a column after the row's index");
}

TEST(Editor, ErasesWithLinesAndCommas) {
  EXPECT_EQ(erase("a: 1\nb: 2  # two\nc: 3\n", "b"), "a: 1\nc: 3\n");
  EXPECT_EQ(erase("a: 1\nb:\n    c: 2\n    d: 3\ne: 4\n", "b"), "a: 1\ne: 4\n");
  EXPECT_EQ(erase("a: 1\n", "a"), "");
  EXPECT_EQ(erase("a:\n    b: 1  # one\nc: 2\n", "a.b"), "a: {}  # one\nc: 2\n");
  EXPECT_EQ(erase("a:\n    one\n    two\n", "a.0"), "a:\n    two\n");
  EXPECT_EQ(erase("a:\n    one\n", "a.0"), "a: []\n");
  EXPECT_EQ(erase("a: [1, 2, 3]\n", "a.1"), "a: [1, 3]\n");
  EXPECT_EQ(erase("a: [1, 2, 3]\n", "a.2"), "a: [1, 2]\n");
  EXPECT_EQ(erase("a: [1]\n", "a.0"), "a: []\n");
  EXPECT_EQ(erase("a: [1, # one\n  2]\n", "a.1"), "a: [1, # one\n  ]\n");
  EXPECT_EQ(erase("a: {b: 1, \"c d\": [2]}\n", "a.\"c d\""), "a: {b: 1}\n");
  EXPECT_EQ(erase("t |a|\n    1  # x\n    2\n", "t.0"), "t |a|\n    2\n");
  EXPECT_EQ(erase("t |a| 1\n    2\n", "t.0"), "t |a| \n    2\n");
  EXPECT_EQ(erase("t |a|\n    1\n", "t.0"), "t |a|\n");
  EXPECT_EQ(erase("t: table{i64} = [(1), (2), ]\n", "t.0"), "t: table{i64} = [(2), ]\n");
  EXPECT_EQ(erase("t: table{i64} = [(1), (2)]\n", "t.1"), "t: table{i64} = [(1)]\n");
}

TEST(Editor, Pushes) {
  EXPECT_EQ(push("a: []\n", "a", 1), "a: [1]\n");
  EXPECT_EQ(push("a: [1]  # c\n", "a", "x, y"), "a: [1, \"x, y\"]  # c\n");
  EXPECT_EQ(push("a: [\n    1,\n    2, # two\n]\n", "a", 3),
            "a: [\n    1,\n    2,\n    3, # two\n]\n");
  EXPECT_EQ(push("a:\n    one  # 1\nb: 2\n", "a", "two"), "a:\n    one  # 1\n    two\nb: 2\n");
  const OwnedValue row = OwnedValue::array({2, "y"});
  EXPECT_EQ(push("t |a, b|\nc: 1\n", "t", row), "t |a, b|\n    2, y\nc: 1\n");
  EXPECT_EQ(push("t |a, b|\n  1, \"x\"", "t", row), "t |a, b|\n  1, \"x\"\n  2, \"y\"\n");
  EXPECT_EQ(push("t |a, b| 1, x\n", "t", row), "t |a, b| 1, x\n    2, y\n");
  EXPECT_EQ(push("t: table{i64, text} = [(1, x)]\n", "t", row),
            "t: table{i64, text} = [(1, x), (2, y)]\n");
  EXPECT_EQ(push("t: table{i64, text} = []\n", "t", row), "t: table{i64, text} = [(2, y)]\n");
  EXPECT_EQ(push("t |a, b|\n", "t", 1), "ERROR: a row of the table at 't' is an array of 2 values");
  EXPECT_EQ(push("a: 1\n", "a", 1), "ERROR: expected an array or a table at 'a', found an int");
}

TEST(Editor, TellsWhatIsNotThere) {
  EXPECT_EQ(set("a: 1\n", "b.c", 1), "ERROR: nothing is at 'b'");
  EXPECT_EQ(set("a: 1\n", "a.c", 1), "ERROR: expected a container at 'c', found an int");
  EXPECT_EQ(set("a: [1]\n", "a.1", 1), "ERROR: nothing is at '1'");
  EXPECT_EQ(set("a: 1\n", "", 1), "ERROR: expected a path below the document");
  EXPECT_EQ(erase("a: 1\n", "b"), "ERROR: nothing is at 'b'");
  EXPECT_EQ(erase("t |a|\n    1\n", "t.0.a"),
            "ERROR: only entries, elements and rows can be erased");
  EXPECT_EQ(set("a: 1\n", "a", std::string_view("\xFF")),
            "ERROR: text that is not UTF-8 has no notation");
}

TEST(Span, CoversAllOfAValue) {
  constexpr std::string_view kText =
      "s: \"x\\\"y\"  # c\nn: -1_0\nl: [1, [2, ], # z\n  ]\nd: {a: {}, \"b\": \"\"\"q\n\"\"\"}\n"
      "b:\n  k: 1\n  t |a, b|\n    1, = 2\n    , # no\ne |x|  # none\nf: table{i} = [ (1), ( 2, ), "
      "]\n"
      "g: [table|a| = [(x)], table{t} = []]\nz:";
  const auto document = parse(kText);
  ASSERT_TRUE(document) << document.error().message;
  const auto bytes = [&](std::string_view path) {
    const Span span = document->get(path)->span();
    return std::string(kText.substr(span.offset, span.length));
  };
  EXPECT_EQ(bytes("s"), "\"x\\\"y\"");
  EXPECT_EQ(bytes("n"), "-1_0");
  EXPECT_EQ(bytes("l"), "[1, [2, ], # z\n  ]");
  EXPECT_EQ(bytes("l.1"), "[2, ]");
  EXPECT_EQ(bytes("d"), "{a: {}, \"b\": \"\"\"q\n\"\"\"}");
  EXPECT_EQ(bytes("d.a"), "{}");
  EXPECT_EQ(bytes("b.t"), "|a, b|\n    1, = 2\n    , ");
  EXPECT_EQ(bytes("b.t.0.b"), "= 2");
  EXPECT_EQ(bytes("e"), "|x|");
  EXPECT_EQ(bytes("f"), "table{i} = [ (1), ( 2, ), ]");
  EXPECT_EQ(bytes("g.0"), "table|a| = [(x)]");
  EXPECT_EQ(bytes("g.1"), "table{t} = []");
  EXPECT_EQ(bytes("z"), "");
}

// Every path of a value, containers included.
void collect(const OwnedValue& value, const std::string& path, std::vector<std::string>& paths) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (!path.empty()) paths.push_back(path);
  if (const auto* entries = value.as_dict()) {
    for (const auto& [key, below] : *entries) {
      std::string quoted = "\"";
      for (const char c : key) quoted += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
      collect(below, prefix + quoted + "\"", paths);
    }
  } else if (const auto* elements = value.as_array()) {
    for (std::size_t i = 0; i < elements->size(); ++i)
      collect((*elements)[i], prefix + std::to_string(i), paths);
  } else if (const auto* rows = value.as_table()) {
    for (std::size_t row = 0; row < rows->row_count(); ++row) {
      paths.push_back(prefix + std::to_string(row));
      for (std::size_t column = 0; column < rows->column_count(); ++column)
        paths.push_back(prefix + std::to_string(row) + "." + std::to_string(column));
    }
  }
}

// Comments and blank lines strewn over a text, where they change nothing.
std::string decorated(const std::string& text, RandomValues& random) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c != '\n') continue;
    if (random.below(4) == 0) out += "# a remark: [1, {\n";
    if (random.below(6) == 0) out += "\n";
  }
  return out;
}

// Random edits of random documents: what an edit makes is what OwnedValue makes of it, or it is
// refused; and bytes change in one place only, so that every comment elsewhere is still there.
TEST(Editor, DoesWhatOwnedValueDoes) {
  RandomValues random(11);
  int done = 0;
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const OwnedValue before = random.document(3);
    const auto text = write(before);
    if (!text) continue;
    auto editor = Editor::open(decorated(*text, random));
    ASSERT_TRUE(editor) << editor.error().message;
    for (int step = 0; step < 4; ++step) {
      const OwnedValue old(editor->root());
      const std::string old_text(editor->text());
      std::vector<std::string> paths;
      collect(old, "", paths);
      if (paths.empty()) break;
      const std::string& path = paths[random.below(paths.size())];
      const OwnedValue value = random.any(2);
      OwnedValue expected = old;
      Result<void> wanted{};
      Result<void> result{};
      switch (random.below(4)) {
        case 0:
          wanted = expected.set(path, value);
          result = editor->set(path, value);
          break;
        case 1:
          wanted = expected.set(path + ".new", value);
          result = editor->set(path + ".new", value);
          break;
        case 2:
          wanted = expected.erase(path);
          result = editor->erase(path);
          break;
        default:
          wanted = expected.push(path, value);
          result = editor->push(path, value);
      }
      if (!result) {
        EXPECT_EQ(editor->text(), old_text);
        refused += wanted.has_value();
        continue;
      }
      ++done;
      ASSERT_TRUE(wanted) << path;
      ASSERT_EQ(OwnedValue(editor->root()), expected) << old_text << "\n---\n" << editor->text();
    }
  }
  EXPECT_GT(done, 3000);
  // What cannot be written at a place: containers in cells, text that is not UTF-8, NaN.
  EXPECT_LT(refused, done / 5);
}

}  // namespace
}  // namespace smf::sdn
