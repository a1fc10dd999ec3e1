// The form of testdata/sdn/*.cases, described in testdata/sdn/README.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smf::sdn {

struct ConformanceCase {
  struct Expectation {
    std::string what{};      // "strict", "set a.b = 1"
    std::string expected{};  // lines, each with its line end
  };
  std::string name{};
  std::string text_heading{};  // "text" or "escaped text"
  std::string written_text{};  // as it stands in the file
  std::string text{};          // what it stands for
  std::vector<Expectation> expectations{};
};

struct ConformanceFile {
  std::string head{};  // what stands before the first case
  std::vector<ConformanceCase> cases{};
};

// Fails the test that is running where the file has another form.
ConformanceFile parse_conformance(std::string_view content);

// The file's content.
std::string render(const ConformanceFile& file);

}  // namespace smf::sdn
