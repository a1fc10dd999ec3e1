#include "runtime/sdn/conformance_case.h"

#include <gtest/gtest.h>

#include <charconv>

namespace smf::sdn {
namespace {

constexpr std::string_view kCase = "=== ";
constexpr std::string_view kSection = "--- ";

std::string unescaped(std::string_view written) {
  std::string out;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] == '\n') continue;
    if (written[i] != '\\' || i + 1 == written.size()) {
      out += written[i];
      continue;
    }
    switch (written[++i]) {
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'x': {
        unsigned byte = 0;
        const std::string_view digits = written.substr(i + 1, 2);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        EXPECT_TRUE(error == std::errc{} && end == digits.data() + 2) << "\\x" << digits;
        out += static_cast<char>(byte);
        i += 2;
        break;
      }
      default:
        EXPECT_EQ(written[i], '\\') << "no escape of this form";
        out += written[i];
    }
  }
  return out;
}

}  // namespace

ConformanceFile parse_conformance(std::string_view content) {
  ConformanceFile file;
  std::string* to = &file.head;
  while (!content.empty()) {
    const std::size_t size = std::min(content.find('\n'), content.size() - 1) + 1;
    const std::string_view line = content.substr(0, size);
    const std::string_view words = line.substr(0, line.ends_with('\n') ? size - 1 : size);
    content.remove_prefix(size);
    if (words.starts_with(kCase)) {
      file.cases.push_back({.name = std::string(words.substr(kCase.size()))});
      to = nullptr;
    } else if (words.starts_with(kSection) && !file.cases.empty()) {
      ConformanceCase& item = file.cases.back();
      const std::string what(words.substr(kSection.size()));
      if (item.text_heading.empty()) {
        EXPECT_TRUE(what == "text" || what == "escaped text") << item.name << ": " << what;
        item.text_heading = what;
        to = &item.written_text;
      } else {
        item.expectations.push_back({.what = what});
        to = &item.expectations.back().expected;
      }
    } else if (to != nullptr) {
      *to += line;
    } else {
      ADD_FAILURE() << file.cases.back().name << ": expected a section, found " << words;
    }
  }
  for (ConformanceCase& item : file.cases) {
    // An empty line before the next case is no part of this one.
    if (!item.expectations.empty()) {
      std::string& last = item.expectations.back().expected;
      while (last.ends_with("\n\n") || last == "\n") last.pop_back();
    }
    item.text = item.text_heading == "text" ? item.written_text : unescaped(item.written_text);
  }
  return file;
}

std::string render(const ConformanceFile& file) {
  std::string out = file.head;
  for (const ConformanceCase& item : file.cases) {
    if (&item != &file.cases.front()) out += "\n";
    out.append(kCase).append(item.name).append("\n");
    out.append(kSection).append(item.text_heading).append("\n").append(item.written_text);
    for (const ConformanceCase::Expectation& expectation : item.expectations)
      out.append(kSection).append(expectation.what).append("\n").append(expectation.expected);
  }
  return out;
}

}  // namespace smf::sdn
