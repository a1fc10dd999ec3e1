// The words of the text form, one at a time.
//
// A Lexer is small and copied freely: whoever needs to look ahead copies it. The line after
// `foreign` is JSON of which the text knows nothing, so it is one token, and `foreign` is the only
// word that changes how the rest of a line is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/error.h"

namespace smf::mir {

// Thrown from the lexer to read_text, and no further.
struct TextMistake {
  std::size_t offset;
  std::string message;
  ErrorCode code = ErrorCode::kInvalidInput;
};

enum class TokenKind : std::uint8_t {
  kEnd,          // of the text
  kLine,         // end of a line, and of the empty lines after it
  kWord,         // a name or a keyword
  kString,       // with its quotes
  kNumber,       // 5, -5, 1.5, 1e+20
  kLocal,        // %5
  kSymbol,       // #5
  kPunctuation,  // and `...` and `->`
  kJson,         // what follows `foreign`
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text{};
  std::size_t offset = 0;

  bool is(std::string_view expected) const {
    return (kind == TokenKind::kWord || kind == TokenKind::kPunctuation) && text == expected;
  }
  bool ends_line() const { return kind == TokenKind::kLine || kind == TokenKind::kEnd; }
};

// As a message shows it: 'lt', the end of the line, a string.
std::string shown(const Token& token);

// [A-Za-z_][A-Za-z0-9_.$]*
bool is_bare_name(std::string_view name);

// What begins a type or an operand by itself: nothing with such a name is named bare in a type.
bool is_type_word(std::string_view word);

class Lexer {
 public:
  // A byte order mark is passed over.
  explicit Lexer(std::string_view text);

  // Throws TextMistake for what begins no token.
  Token next();
  // Whatever is left of this line, and its end.
  void skip_line();

 private:
  void skip_blanks();
  bool skip_line_ends();
  Token take(TokenKind kind, std::size_t size);
  Token number(TokenKind kind, std::size_t prefix);
  Token string();
  Token json();

  std::string_view text_;
  std::size_t at_ = 0;
  bool is_line_start_ = true;
  bool is_after_foreign_ = false;
};

}  // namespace smf::mir
