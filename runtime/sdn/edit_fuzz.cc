// A document and edits of it, from bytes. An edit makes of the text what OwnedValue makes of the
// value, or it is refused and the text is what it was; and an edit that adds takes no byte away.
//
// The input is a document, a zero byte, and edits of four bytes each: what, where, and two for the
// value.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/sdn/editor.h"
#include "runtime/sdn/owned.h"

namespace {

namespace sdn = smf::sdn;

constexpr std::size_t kEditBytes = 4;
constexpr std::size_t kMostEdits = 8;
constexpr std::size_t kMostPaths = 256;

void add_paths(const sdn::Value& value, const std::string& path, std::vector<std::string>& paths) {
  if (paths.size() >= kMostPaths) return;
  paths.push_back(path);
  const std::string prefix = path.empty() ? "" : path + ".";
  if (const auto dict = value.as_dict()) {
    for (const sdn::DictEntry entry : *dict) {
      std::string quoted = "\"";
      for (const char c : entry.key) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      add_paths(entry.value, prefix + quoted + "\"", paths);
    }
  } else if (const auto array = value.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      add_paths((*array)[i], prefix + std::to_string(i), paths);
  } else if (const auto table = value.as_table()) {
    for (std::size_t row = 0; row < table->row_count() && paths.size() < kMostPaths; ++row) {
      paths.push_back(prefix + std::to_string(row));
      for (std::size_t column = 0; column < table->column_count(); ++column)
        paths.push_back(prefix + std::to_string(row) + "." + std::to_string(column));
    }
  }
}

sdn::OwnedValue value_from(std::uint8_t kind, std::uint8_t seed) {
  static constexpr std::string_view kTexts[] = {
      "",  "x", "a, b", "null",       "1.5",  "k: v",        "- x",    "\"q",
      "[", ")", "a #b", "two\nlines", "\xFF", "caf\xC3\xA9", "table{", "  blank "};
  switch (kind % 8) {
    case 0:
      return nullptr;
    case 1:
      return seed % 2 == 0;
    case 2:
      return seed - 100;
    case 3:
      return seed / 8.0;
    case 4:
      return sdn::OwnedValue::array({seed, kTexts[seed % 16]});
    case 5: {
      sdn::OwnedValue dict = sdn::OwnedValue::dict();
      if (seed % 4 != 0) dict.put(kTexts[seed % 12], seed);
      return dict;
    }
    case 6: {
      sdn::OwnedTable table({"a", "b c"}, seed % 2 == 0);
      if (seed % 4 != 0) table.add_row({kTexts[seed % 16], seed});
      return table;
    }
    default:
      return kTexts[seed % 16];
  }
}

// Whether `after` is `before` with something put in at one place, and nothing taken away.
bool is_insertion(std::string_view before, std::string_view after) {
  if (after.size() < before.size()) return false;
  const auto front =
      static_cast<std::size_t>(std::ranges::mismatch(before, after).in1 - before.begin());
  return before.substr(front) == after.substr(after.size() - (before.size() - front));
}

void edit(sdn::Editor& editor, const std::uint8_t* bytes) {
  std::vector<std::string> paths;
  add_paths(editor.root(), "", paths);
  std::string path = paths[bytes[1] % paths.size()];
  const sdn::OwnedValue value = value_from(bytes[2], bytes[3]);
  const std::string before(editor.text());
  sdn::OwnedValue expected(editor.root());
  smf::Result<void> wanted{};
  smf::Result<void> done{};
  bool only_adds = false;
  switch (bytes[0] % 4) {
    case 0:
      wanted = expected.set(path, value);
      done = editor.set(path, value);
      break;
    case 1:
      path += path.empty() ? "new" : ".new";
      only_adds = !editor.get(path);
      wanted = expected.set(path, value);
      done = editor.set(path, value);
      break;
    case 2:
      wanted = expected.erase(path);
      done = editor.erase(path);
      break;
    default:
      only_adds = true;
      wanted = expected.push(path, value);
      done = editor.push(path, value);
  }
  if (!done) {
    SMF_CHECK(editor.text() == before);
    return;
  }
  SMF_CHECK(wanted && sdn::OwnedValue(editor.root()) == expected && editor.is_modified());
  const auto again = sdn::parse(editor.text());
  SMF_CHECK(again && again->root() == editor.root());
  SMF_CHECK(!only_adds || is_insertion(before, editor.text()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint8_t* const end = std::find(data, data + size, 0);
  auto editor = sdn::Editor::open(std::string(reinterpret_cast<const char*>(data), end - data));
  if (!editor) return 0;
  std::size_t left = end == data + size ? 0 : static_cast<std::size_t>(data + size - end - 1);
  const std::uint8_t* bytes = end + 1;
  for (std::size_t i = 0; i < kMostEdits && left >= kEditBytes; ++i, left -= kEditBytes) {
    edit(*editor, bytes);
    bytes += kEditBytes;
  }
  return 0;
}
