#include "runtime/mir/text_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/mir/unit.h"

namespace smf::mir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || is_digit(c) || c == '.' || c == '$'; }

// How many bytes from `at` are digits.
std::size_t digits(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

}  // namespace

std::string shown(const Token& token) {
  constexpr std::size_t kLongest = 40;
  switch (token.kind) {
    case TokenKind::kEnd:
      return "the end of the text";
    case TokenKind::kLine:
      return "the end of the line";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kJson:
      return "JSON";
    default:
      return token.text.size() <= kLongest
                 ? fmt::format("'{}'", token.text)
                 : fmt::format("'{}...'", token.text.substr(0, kLongest - 3));
  }
}

bool is_bare_name(std::string_view name) {
  return !name.empty() && begins_name(name[0]) && std::ranges::all_of(name, continues_name);
}

bool is_type_word(std::string_view word) {
  return word == "text" || word == "mut" || word == "move" ||
         find_name(kTypeNames, &Names::text, word).has_value();
}

Lexer::Lexer(std::string_view text) : text_(text) {
  if (text.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

void Lexer::skip_blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r'))
    ++at_;
  if (text_.substr(at_).starts_with("//")) at_ = std::min(text_.find('\n', at_), text_.size());
}

void Lexer::skip_line() {
  if (!is_line_start_) at_ = std::min(text_.find('\n', at_), text_.size());
  is_line_start_ = true;
  is_after_foreign_ = false;
}

bool Lexer::skip_line_ends() {
  bool found = false;
  while (at_ < text_.size() && text_[at_] == '\n') {
    found = true;
    ++at_;
    skip_blanks();
  }
  return found;
}

Token Lexer::take(TokenKind kind, std::size_t size) {
  const Token token{.kind = kind, .text = text_.substr(at_, size), .offset = at_};
  at_ += size;
  return token;
}

Token Lexer::next() {
  if (is_after_foreign_) return json();
  const std::size_t begin = at_;
  skip_blanks();
  if (skip_line_ends() && !is_line_start_) {
    is_line_start_ = true;
    return {.kind = TokenKind::kLine, .text = {}, .offset = begin};
  }
  if (at_ == text_.size()) return {.kind = TokenKind::kEnd, .text = {}, .offset = at_};
  const bool is_first = std::exchange(is_line_start_, false);
  const std::string_view rest = text_.substr(at_);
  const char c = rest[0];
  if (begins_name(c)) {
    const auto end = std::ranges::find_if_not(rest, continues_name);
    const Token token = take(TokenKind::kWord, static_cast<std::size_t>(end - rest.begin()));
    is_after_foreign_ = is_first && token.text == "foreign";
    return token;
  }
  if (is_digit(c)) return number(TokenKind::kNumber, 0);
  if (c == '%' || c == '#') return number(c == '%' ? TokenKind::kLocal : TokenKind::kSymbol, 1);
  if (c == '"') return string();
  if (rest.starts_with("...")) return take(TokenKind::kPunctuation, 3);
  if (rest.starts_with("->")) return take(TokenKind::kPunctuation, 2);
  if (c == '-' && rest.size() > 1) {
    if (is_digit(rest[1])) return number(TokenKind::kNumber, 1);
    if (rest.starts_with("-inf") && (rest.size() == 4 || !continues_name(rest[4])))
      return take(TokenKind::kWord, 4);
  }
  constexpr std::string_view kPunctuation = "(){}[]<>,:;=*&";
  if (kPunctuation.contains(c)) return take(TokenKind::kPunctuation, 1);
  const std::string found = c > ' ' && c < '\x7f'
                                ? fmt::format("'{}'", c)
                                : fmt::format("the byte {:#04x}", static_cast<unsigned char>(c));
  throw TextMistake{.offset = at_,
                    .message = fmt::format(
                        "expected a name, a number, a string or punctuation, found {}", found)};
}

// As JSON has them. `prefix` bytes, a sign or a sigil, are in front.
Token Lexer::number(TokenKind kind, std::size_t prefix) {
  const std::size_t whole = digits(text_, at_ + prefix);
  const auto refuse = [&] {
    const char* const what = kind == TokenKind::kLocal    ? "a local such as %5"
                             : kind == TokenKind::kSymbol ? "a symbol such as #5"
                                                          : "a number as JSON has them";
    std::size_t end = at_ + prefix;
    while (end < text_.size() && continues_name(text_[end])) ++end;
    const Token found{.kind = kind, .text = text_.substr(at_, end - at_), .offset = at_};
    throw TextMistake{.offset = at_,
                      .message = fmt::format("expected {}, found {}", what, shown(found))};
  };
  if (whole == 0 || (whole > 1 && text_[at_ + prefix] == '0')) refuse();
  std::size_t size = prefix + whole;
  const auto at = [&](std::size_t i) { return at_ + i < text_.size() ? text_[at_ + i] : '\0'; };
  if (kind == TokenKind::kNumber) {
    if (at(size) == '.') {
      const std::size_t fraction = digits(text_, at_ + size + 1);
      if (fraction == 0) refuse();
      size += 1 + fraction;
    }
    if (at(size) == 'e' || at(size) == 'E') {
      const std::size_t sign = at(size + 1) == '+' || at(size + 1) == '-' ? 1 : 0;
      const std::size_t exponent = digits(text_, at_ + size + 1 + sign);
      if (exponent == 0) refuse();
      size += 1 + sign + exponent;
    }
  }
  if (continues_name(at(size))) refuse();
  return take(kind, size);
}

// Only to its end: what is between is JSON's affair.
Token Lexer::string() {
  for (std::size_t end = at_ + 1; end < text_.size() && text_[end] != '\n'; ++end) {
    if (text_[end] == '"') return take(TokenKind::kString, end + 1 - at_);
    if (text_[end] == '\\') ++end;
  }
  throw TextMistake{.offset = at_,
                    .message = "expected '\"' at the end of a string, found the end of the line"};
}

Token Lexer::json() {
  is_after_foreign_ = false;
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  return take(TokenKind::kJson, std::min(text_.find('\n', at_), text_.size()) - at_);
}

}  // namespace smf::mir
