// What a reader found wrong, before anybody counts lines: bytes and a message.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/sdn/diagnostic.h"

namespace smf::sdn::internal {

struct Mistake {
  ErrorKind kind;
  std::uint64_t offset;  // bytes from the start of the text
  std::string message;
};

// At most 60 bytes of a word, whole characters up to a control character, for messages: a key may
// have a mebibyte, and lines.
std::string_view clipped(std::string_view word);

// What was let pass: the first `most` are kept, all are counted.
class Warnings {
 public:
  explicit Warnings(std::uint32_t most) : most_(most) {}

  // Makes the message only if it is kept. Throws std::bad_alloc.
  template <typename... Arguments>
  void add(ErrorKind kind, std::uint64_t offset, fmt::format_string<Arguments...> message,
           Arguments&&... arguments) {
    if (++count_ > most_) return;
    kept_.push_back({kind, offset, fmt::format(message, std::forward<Arguments>(arguments)...)});
  }

  std::uint64_t count() const { return count_; }

  // Those that were kept, in the order of the text, with positions in it. Linear in the text, but
  // for lines that hold many of them.
  std::vector<Diagnostic> diagnose(std::string_view text) &&;

 private:
  std::uint32_t most_;
  std::uint64_t count_ = 0;
  std::vector<Mistake> kept_{};
};

}  // namespace smf::sdn::internal
