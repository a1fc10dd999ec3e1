#include "runtime/sdn/mistake.h"

#include <algorithm>
#include <tuple>

#include "runtime/sdn/text_check.h"

namespace smf::sdn::internal {

std::string_view clipped(std::string_view word) {
  constexpr std::size_t kShown = 60;
  std::size_t size = 0;
  while (size < word.size() && static_cast<unsigned char>(word[size]) >= 0x20) {
    const std::size_t next = std::max<std::size_t>(character_size(word.substr(size)), 1);
    if (size + next > kShown) break;
    size += next;
  }
  return word.substr(0, size);
}

std::vector<Diagnostic> Warnings::diagnose(std::string_view text) && {
  std::ranges::sort(kept_, [](const Mistake& a, const Mistake& b) {
    return std::tie(a.offset, a.message) < std::tie(b.offset, b.message);
  });
  std::vector<Diagnostic> result;
  result.reserve(kept_.size());
  std::uint64_t lines = 0;
  std::uint64_t line = 0;  // where the line of the last one begins
  for (Mistake& mistake : kept_) {
    for (std::size_t end = text.find('\n', line); end < mistake.offset; ++lines) {
      line = end + 1;
      end = text.find('\n', line);
    }
    // With the line end before it, for only the text's first character may be a byte order mark.
    const std::uint64_t start = line == 0 ? 0 : line - 1;
    Diagnostic diagnostic = sdn::diagnose(text.substr(start), mistake.offset - start, mistake.kind,
                                          std::move(mistake.message));
    diagnostic.position.line += lines == 0 ? 0 : lines - 1;
    diagnostic.offset = mistake.offset;
    result.push_back(std::move(diagnostic));
  }
  return result;
}

}  // namespace smf::sdn::internal
