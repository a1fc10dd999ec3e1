#include "runtime/mir/text_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/mir/json_text.h"
#include "runtime/mir/shapes.h"
#include "runtime/mir/text.h"

namespace smf::mir {
namespace {

template <typename T>
std::optional<T> parse(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

// How deep the type is that is being read.
class TextParser::Nesting {
 public:
  explicit Nesting(TextParser& parser) : parser_(parser) {
    if (++parser_.depth_ <= kMaxTextDepth) return;
    throw TextMistake{.offset = parser_.token_.offset,
                      .message = fmt::format("types nested deeper than {}", kMaxTextDepth),
                      .code = ErrorCode::kLimit};
  }
  ~Nesting() { --parser_.depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  TextParser& parser_;
};

TextParser::TextParser(std::string_view text) : lexer_(text) {
  read_heads(lexer_);
  token_ = lexer_.next();
}

// No other line of a text without mistakes begins with `struct #` or `enum #`. Mistakes are passed
// over: each is met again in its turn.
void TextParser::read_heads(Lexer lexer) {
  for (bool is_end = false; !is_end;) {
    try {
      const Token first = lexer.next();
      if (first.is("struct") || first.is("enum")) read_head(first.is("enum"), lexer);
      is_end = first.kind == TokenKind::kEnd;
    } catch (const TextMistake&) {
      is_end = false;
    }
    lexer.skip_line();
  }
}

void TextParser::read_head(bool is_enum, Lexer& lexer) {
  const Token symbol = lexer.next();
  if (symbol.kind != TokenKind::kSymbol) return;
  const Token name = lexer.next();
  if (name.kind != TokenKind::kWord && name.kind != TokenKind::kString) return;
  const Head head{.symbol = parse<Symbol>(symbol.text.substr(1)).value_or(0),
                  .is_enum = is_enum,
                  .is_only_one = true};
  const auto [found, is_new] = heads_.emplace(decoded(name), head);
  if (!is_new) found->second.is_only_one = false;
}

// ---- Tokens ----

Token TextParser::take() {
  const Token taken = token_;
  token_ = lexer_.next();
  return taken;
}

bool TextParser::accept(std::string_view word) {
  const bool is_there = token_.is(word);
  if (is_there) take();
  return is_there;
}

void TextParser::expect(std::string_view word) {
  if (!accept(word)) refuse(fmt::format("'{}'", word));
}

void TextParser::expect_line_end() {
  if (!token_.ends_line()) refuse("the end of the line");
  take();
}

void TextParser::refuse(std::string_view what) const {
  refuse_at(token_, fmt::format("expected {}, found {}", what, shown(token_)));
}

void TextParser::refuse_at(const Token& token, std::string message) {
  throw TextMistake{.offset = token.offset, .message = std::move(message)};
}

Token TextParser::peek_next_line() const {
  if (token_.kind != TokenKind::kLine) return {};
  return Lexer(lexer_).next();
}

// ---- Names and numbers ----

std::uint32_t TextParser::number(std::string_view what, std::uint32_t limit) {
  const auto value =
      token_.kind == TokenKind::kNumber ? parse<std::uint32_t>(token_.text) : std::nullopt;
  if (!value || *value >= limit) refuse(fmt::format("{} from 0 to {}", what, limit - 1));
  take();
  return *value;
}

Symbol TextParser::symbol() {
  if (token_.kind != TokenKind::kSymbol) refuse("a symbol such as #5");
  const auto value = parse<Symbol>(token_.text.substr(1));
  if (!value || *value == kNone) refuse(fmt::format("a symbol from #0 to #{}", kNone - 1));
  take();
  return *value;
}

LocalId TextParser::local() {
  if (token_.kind != TokenKind::kLocal) refuse("a local such as %5");
  const auto value = parse<LocalId>(token_.text.substr(1));
  if (!value || *value >= Operand::kMaxIndex)
    refuse(fmt::format("a local from %0 to %{}", Operand::kMaxIndex - 1));
  take();
  return *value;
}

bool TextParser::is_name() const {
  return token_.kind == TokenKind::kString ||
         (token_.kind == TokenKind::kWord && is_bare_name(token_.text));
}

StringId TextParser::name(std::string_view what) {
  if (!is_name()) refuse(what);
  if (token_.kind == TokenKind::kString) return string(what);
  return builder.string(take().text);
}

StringId TextParser::string(std::string_view what) {
  if (token_.kind != TokenKind::kString) refuse(what);
  const StringId id = builder.string(decoded(token_));
  take();
  return id;
}

std::string TextParser::decoded(const Token& token) const {
  if (token.kind != TokenKind::kString) return std::string(token.text);
  const Result<Json> json = parse_json(token.text);
  if (json) return json->get<std::string>();
  throw TextMistake{.offset = token.offset + json.error().offset.value_or(0),
                    .message =
                        "expected a JSON string, found a control character, an escape that "
                        "is not known, or what is not UTF-8"};
}

// ---- Types ----

bool TextParser::is_in_scope(std::string_view name) const {
  return std::ranges::any_of(scope_,
                             [&](StringId one) { return builder.unit.string(one) == name; });
}

TypeId TextParser::named(TypeKind kind, std::string_view name) {
  if (is_in_scope(name)) kind = TypeKind::kParameter;
  return builder.type(kind, {}, false, 0, builder.string(name));
}

TypeId TextParser::type(std::string_view what) {
  const Nesting nesting(*this);
  if (token_.kind == TokenKind::kWord) return type_of_word();
  if (token_.is("*") || token_.is("&")) {
    const TypeKind kind = take().text == "*" ? TypeKind::kPtr : TypeKind::kRef;
    const bool is_mutable = accept("mut");
    return builder.type(kind, {{type()}}, is_mutable);
  }
  if (token_.is("(")) return tuple();
  if (!accept("[")) refuse(what);
  const TypeId element = type();
  if (accept("]")) return builder.type(TypeKind::kSlice, {{element}});
  if (!accept(";")) refuse("';' or ']'");
  const auto size =
      token_.kind == TokenKind::kNumber ? parse<std::uint64_t>(token_.text) : std::nullopt;
  if (!size) refuse("a number of elements below 2^64");
  take();
  expect("]");
  return builder.type(TypeKind::kArray, {{element}}, false, *size);
}

// The comma of (A,) keeps it apart from a parenthesis.
TypeId TextParser::tuple() {
  take();
  std::vector<TypeId> parts;
  if (accept(")")) return builder.type(TypeKind::kTuple, parts);
  parts.push_back(type());
  expect(",");
  if (accept(")")) return builder.type(TypeKind::kTuple, parts);
  do {
    parts.push_back(type());
  } while (accept(","));
  expect(")");
  return builder.type(TypeKind::kTuple, parts);
}

TypeId TextParser::type_of_word() {
  const Token word = token_;
  if (word.text == "text") {
    take();
    return named(TypeKind::kOpaque, word.text);
  }
  if (const auto found = find_name(kTypeNames, &Names::text, word.text)) {
    take();
    return type_of_keyword(static_cast<TypeKind>(*found));
  }
  if (is_type_word(word.text)) refuse("a type");
  if (is_in_scope(word.text)) {
    take();
    return named(TypeKind::kParameter, word.text);
  }
  return type_of_definition(word);
}

TypeId TextParser::type_of_keyword(TypeKind kind) {
  switch (kind) {
    case TypeKind::kFuncPtr:
      return signature();
    case TypeKind::kStruct:
    case TypeKind::kEnum: {
      const Symbol number = symbol();
      return builder.type(kind, token_.is("<") ? arguments() : std::vector<TypeId>{}, false,
                          number);
    }
    case TypeKind::kOpaque:
      return named(kind, builder.unit.string(string("the name of an opaque type as a string")));
    case TypeKind::kParameter: {
      const Token quoted = token_;
      const std::string name(builder.unit.string(string("the name of a parameter as a string")));
      if (!is_in_scope(name))
        refuse_at(quoted, "expected the name of a parameter in scope, found another");
      return named(kind, name);
    }
    case TypeKind::kUnion: {
      expect("<");
      if (accept(">")) return builder.type(kind);
      std::vector<TypeId> parts;
      do {
        parts.push_back(type());
      } while (accept(","));
      expect(">");
      return builder.type(kind, parts);
    }
    default:
      break;
  }
  const int count = parts_of(kind);
  if (count == 0) return builder.type(kind);
  expect("<");
  std::vector<TypeId> parts{type()};
  if (count == 2) {
    expect(",");
    parts.push_back(type());
  }
  expect(">");
  return builder.type(kind, parts);
}

TypeId TextParser::type_of_definition(const Token& word) {
  const auto found = heads_.find(word.text);
  if (found == heads_.end()) refuse("a type, the name of a parameter or the name of a definition");
  const Head head = found->second;
  const TypeKind kind = head.is_enum ? TypeKind::kEnum : TypeKind::kStruct;
  if (!head.is_only_one)
    refuse_at(word, fmt::format("expected struct #N or enum #N, found '{}', which names more than "
                                "one definition",
                                word.text));
  take();
  return builder.type(kind, token_.is("<") ? arguments() : std::vector<TypeId>{}, false,
                      head.symbol);
}

std::vector<TypeId> TextParser::arguments() {
  expect("<");
  std::vector<TypeId> all;
  do {
    all.push_back(type());
  } while (accept(","));
  if (!accept(">")) refuse("',' or '>'");
  return all;
}

TypeId TextParser::signature() {
  expect("(");
  std::vector<TypeId> parts{kNone};
  bool is_variadic = false;
  if (!accept(")")) {
    do {
      is_variadic = accept("...");
      if (!is_variadic) parts.push_back(type());
    } while (!is_variadic && accept(","));
    if (!accept(")")) refuse(is_variadic ? "')'" : "',' or ')'");
  }
  if (accept("->")) parts[0] = type();
  return builder.type(TypeKind::kFuncPtr, parts, is_variadic);
}

// ---- Values ----

ConstantId TextParser::constant() {
  const TypeId of = type();
  return builder.constant(value(of));
}

Constant TextParser::value(TypeId type) {
  const Token token = token_;
  Constant constant{.type = type};
  const auto is_float_word = [&](std::string_view word) {
    if (!token.is(word)) return false;
    if (!is_float(type))
      refuse_at(token, fmt::format("expected a value that is no float, found '{}'", word));
    return true;
  };
  using Limits = std::numeric_limits<double>;
  const auto set_float = [&](double number) {
    constant.kind = ValueKind::kFloat;
    constant.bits = std::bit_cast<std::uint64_t>(number);
  };
  if (token.kind == TokenKind::kNumber) {
    constant = number_value(token, type);
  } else if (token.kind == TokenKind::kString) {
    const std::string text = decoded(token);
    if (text == "Zero") refuse_at(token, "expected zero, found \"Zero\", which JSON takes for it");
    if (is_float(type) && (text == "NaN" || text == "Infinity" || text == "-Infinity"))
      refuse_at(token, fmt::format("expected nan, inf or -inf, found \"{}\", which JSON takes for "
                                   "one of them",
                                   text));
    constant.kind = ValueKind::kString;
    constant.bits = builder.string(text);
  } else if (token.is("true") || token.is("false")) {
    constant.kind = ValueKind::kBool;
    constant.bits = token.is("true") ? 1 : 0;
  } else if (token.is("zero")) {
    constant.kind = ValueKind::kZero;
  } else if (token.is("null")) {
    constant.kind = ValueKind::kNull;
  } else if (is_float_word("nan")) {
    set_float(Limits::quiet_NaN());
  } else if (is_float_word("inf")) {
    set_float(Limits::infinity());
  } else if (is_float_word("-inf")) {
    set_float(-Limits::infinity());
  } else {
    refuse("a value");
  }
  take();
  return constant;
}

Constant TextParser::number_value(const Token& token, TypeId type) const {
  Constant constant{.type = type};
  if (token.text.find_first_of(".eE") != std::string_view::npos) {
    const auto number = parse<double>(token.text);
    if (!number) refuse("a float that a double holds");
    constant.kind = ValueKind::kFloat;
    constant.bits = std::bit_cast<std::uint64_t>(*number);
  } else if (const auto number = parse<std::int64_t>(token.text)) {
    constant.kind = ValueKind::kInt;
    constant.bits = static_cast<std::uint64_t>(*number);
  } else if (const auto large = parse<std::uint64_t>(token.text)) {
    constant.kind = ValueKind::kUnsigned;
    constant.bits = *large;
  } else {
    refuse("an integer from -2^63 to 2^64 - 1");
  }
  return constant;
}

Case TextParser::case_value() {
  if (token_.kind != TokenKind::kNumber) refuse("an integer or ']'");
  const Constant constant = number_value(token_, 0);
  if (constant.kind == ValueKind::kFloat) refuse("an integer");
  take();
  return {.kind = constant.kind, .bits = constant.bits};
}

Operand TextParser::operand() {
  if (token_.kind == TokenKind::kLocal) return Operand::copy(local());
  if (accept("move")) return Operand::move(local());
  const TypeId of = type("an operand");
  return Operand::constant(builder.constant(value(of)));
}

std::vector<Operand> TextParser::operands_in_parentheses() {
  std::vector<Operand> all;
  expect("(");
  if (accept(")")) return all;
  do {
    all.push_back(operand());
  } while (accept(","));
  if (!accept(")")) refuse("',' or ')'");
  return all;
}

}  // namespace smf::mir
