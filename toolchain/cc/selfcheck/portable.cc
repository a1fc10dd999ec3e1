// Needs the language's own library and no other; linked into one file, to run anywhere.
#include <cstdio>
#include <expected>
#include <string>
#include <vector>

namespace {

std::expected<std::string, int> joined(const std::vector<std::string>& words) {
  if (words.empty()) return std::unexpected(1);
  std::string all;
  for (const std::string& word : words) all += word;
  return all;
}

}  // namespace

int main() {
  const auto text = joined({"port", "able"});
  if (!text) return text.error();
  std::puts(text->c_str());
  return 0;
}
