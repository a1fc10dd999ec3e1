// Upstream mode: the tokens of a text, as the first implementation of SDN sees them.
//
// It differs from the strict parser where it matters for comparing: characters without a meaning
// are dropped, `#` begins a comment anywhere but inside a bare word, and a number ends where its
// digits do, so that `14a73b` is two tokens. What is dropped or becomes another value is a warning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sdn/document.h"
#include "runtime/sdn/mistake.h"
#include "runtime/sdn/node.h"

namespace smf::sdn::internal {

struct UpstreamToken {
  enum class Kind : std::uint8_t {
    kWord,    // a bare word that is no keyword
    kScalar,  // null, a bool, a number or a string in quotes
    kTable,   // the word `table`
    kMark,    // one of : = | , { } [ ] ( ), in `mark`
    kNewline,
    kIndent,  // the next line is deeper
    kDedent,  // a block ends
    kEnd,
  };
  Kind kind = Kind::kEnd;
  char mark = 0;
  std::uint32_t start = 0;  // bytes from the start of the text
  std::uint32_t end = 0;
  Node value{};  // of a word or a scalar
};

class UpstreamLexer {
 public:
  // The text is UTF-8.
  UpstreamLexer(Storage& storage, const Limits& limits, Warnings& warnings);

  // The next token; kEnd for ever after the last. False with a mistake recorded: a string or a word
  // above the limit. Throws std::bad_alloc.
  bool next(UpstreamToken& out);
  const Mistake& mistake() const { return mistake_; }

 private:
  bool line_start(UpstreamToken& out);
  bool token(UpstreamToken& out);
  void drop();
  bool string(UpstreamToken& out);
  void number(UpstreamToken& out);
  bool word(UpstreamToken& out);
  bool too_long(const char* first);
  std::uint32_t offset(const char* p) const { return static_cast<std::uint32_t>(p - begin_); }
  bool starts_number() const;

  Storage& storage_;
  const Limits& limits_;
  Warnings& warnings_;
  const char* begin_;
  const char* end_;
  const char* p_;
  bool at_line_start_ = true;
  std::uint32_t brackets_ = 0;             // open ones; in them indentation means nothing
  std::vector<std::uint64_t> columns_{0};  // of the blocks around
  std::uint64_t dedents_ = 0;              // not told yet
  Mistake mistake_{};
};

}  // namespace smf::sdn::internal
