// What the lines of the text form are made of: names, numbers, types, values and operands.
//
// It parses by recursive descent with one token of look-ahead. Everything throws TextMistake at
// the token that is not the expected one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/text_lexer.h"
#include "runtime/mir/unit_builder.h"

namespace smf::mir {

class TextParser {
 public:
  // Reads the heads of all definitions at once: types may name them before they come.
  explicit TextParser(std::string_view text);

  // ---- Tokens ----

  const Token& peek() const { return token_; }
  Token take();
  bool accept(std::string_view word);
  void expect(std::string_view word);
  void expect_line_end();
  // "expected WHAT, found " and the token.
  [[noreturn]] void refuse(std::string_view what) const;
  [[noreturn]] static void refuse_at(const Token& token, std::string message);
  // What comes after this line's end.
  Token peek_next_line() const;

  // ---- Names and numbers ----

  // From 0 to `limit` - 1.
  std::uint32_t number(std::string_view what, std::uint32_t limit = kNone);
  Symbol symbol();
  LocalId local();
  // Bare, or as a string.
  bool is_name() const;
  StringId name(std::string_view what);
  StringId string(std::string_view what);

  // ---- Types, values, operands ----

  // Parameters of the function or definition that is being read.
  void set_scope(std::vector<StringId> parameters) { scope_ = std::move(parameters); }
  TypeId type(std::string_view what = "a type");
  // After `fn` and what it may have before the parenthesis.
  TypeId signature();
  ConstantId constant();  // TYPE VALUE
  Operand operand();
  std::vector<Operand> operands_in_parentheses();
  // An integer of 64 bits with or without sign.
  Case case_value();

  UnitBuilder builder{};

 private:
  struct Head {
    Symbol symbol;
    bool is_enum;
    bool is_only_one;
  };
  class Nesting;

  void read_heads(Lexer lexer);
  void read_head(bool is_enum, Lexer& lexer);
  std::string decoded(const Token& token) const;
  bool is_in_scope(std::string_view name) const;
  TypeId named(TypeKind kind, std::string_view name);
  TypeId tuple();
  TypeId type_of_word();
  TypeId type_of_keyword(TypeKind kind);
  TypeId type_of_definition(const Token& word);
  std::vector<TypeId> arguments();
  Constant value(TypeId type);
  Constant number_value(const Token& token, TypeId type) const;

  Lexer lexer_;
  Token token_{};
  std::map<std::string, Head, std::less<>> heads_{};
  std::vector<StringId> scope_{};
  int depth_ = 0;
};

}  // namespace smf::mir
