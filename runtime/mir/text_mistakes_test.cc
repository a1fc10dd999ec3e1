// What is no text is refused, with the place and the reason.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/text.h"
#include "runtime/mir/text_samples.h"

namespace smf::mir {
namespace {

std::string message_of(std::string_view text) {
  const auto unit = read_text(text);
  return unit ? "no mistake" : unit.error().message;
}

struct Mistake {
  std::string text;
  std::string message;
};

TEST(TextMistakes, SayWhereWhatWasExpectedAndWhatWasFound) {
  const std::vector<Mistake> mistakes = {
      {"modul", "1:1: expected 'fn', 'struct' or 'enum', found 'modul'"},
      {"module m", "1:8: expected the name of the module as a string, found 'm'"},
      {"fn max", "1:4: expected a symbol such as #5, found 'max'"},
      {"fn #1", "1:6: expected the name of a function, found the end of the text"},
      {"fn #01 f", "1:4: expected a symbol such as #5, found '#01'"},
      {"fn #4294967295 f", "1:4: expected a symbol from #0 to #4294967294, found '#4294967295'"},
      {R"(fn #1 ""() entry 0 {)", "1:7: expected the name of a function, found an empty string"},
      {"fn #1 f<T, T>", "1:12: expected another name than that of a parameter before, found 'T'"},
      {"fn #1 f<T: big>", "1:12: expected 'any', 'numeric' or 'ordered', found 'big'"},
      {"fn #1 f<T U>", "1:11: expected ',' or '>', found 'U'"},
      {"fn #1 f(i64 i64)", "1:13: expected ',' or ')', found 'i64'"},
      {"fn #1 f(..., i64)", "1:12: expected ')', found ','"},
      {"fn #1 f() -> {", "1:14: expected a type, found '{'"},
      {"fn #1 f() entry %0",
       "1:17: expected the number of a block from 0 to 4294967294, found '%0'"},
      {"fn #1 f() entry 0 { }", "1:21: expected the end of the line, found '}'"},
      {"struct #1 S {\n  a i64\n}", "2:5: expected ':', found 'i64'"},
      {"struct #1 S {\n  a: i64, b: i64\n}", "2:9: expected the end of the line, found ','"},
      {"struct #1 S {\n", "2:1: expected a field or '}', found the end of the text"},
      {"enum #1 E {\n  Some\n}", "2:7: expected '(', found the end of the line"},
      {"enum #1 E {\n  Some(i64\n}", "2:11: expected ',' or ')', found the end of the line"},
      {"struct #1 S {\n  a: Lost\n}",
       "2:6: expected a type, the name of a parameter or the name of a definition, found 'Lost'"},
      {"struct #1 S {\n  a: i128\n}",
       "2:6: expected a type, the name of a parameter or the name of a definition, found 'i128'"},
      {"struct #1 S {\n  a: S<>\n}", "2:8: expected a type, found '>'"},
      {"struct #1 S {\n}\nstruct #2 S {\n  s: S\n}",
       "4:6: expected struct #N or enum #N, found 'S', which names more than one definition"},
      {"struct #1 S {\n  a: param \"T\"\n}",
       "2:12: expected the name of a parameter in scope, found another"},
      {"struct #1 S {\n  a: opaque T\n}",
       "2:13: expected the name of an opaque type as a string, found 'T'"},
      {"struct #1 S {\n  a: [i64; -1]\n}",
       "2:12: expected a number of elements below 2^64, found '-1'"},
      {"struct #1 S {\n  a: [i64, 5]\n}", "2:10: expected ';' or ']', found ','"},
      {"struct #1 S {\n  a: (i64)\n}", "2:10: expected ',', found ')'"},
      {"struct #1 S {\n  a: dict<i64>\n}", "2:14: expected ',', found '>'"},
      {"struct #1 S {\n  a: *move\n}", "2:7: expected a type, found 'move'"},
      {"struct #1 S {\n  \"a\\q\": i64\n}",
       "2:6: expected a JSON string, found a control character, an escape that is not known, or "
       "what is not UTF-8"},
      {"struct #1 S {\n  \"a: i64\n}",
       "2:3: expected '\"' at the end of a string, found the end of the line"},
      {"struct #1 S {\n  a: struct S\n}", "2:13: expected a symbol such as #5, found 'S'"},
      {"struct #1 S {\n  foreign: i64\n}", "2:10: expected ':', found JSON"},
      {"fn #1 f() entry 0 {\n  local 0: i64 var\n}", "2:9: expected a local such as %5, found '0'"},
      {"fn #1 f() entry 0 {\n  local %0 i64 var\n}", "2:16: expected ':', found 'var'"},
      {"fn #1 f() entry 0 {\n  local %0: i64 mine\n}",
       "2:17: expected 'var', 'temp', 'return' or 'arg', found 'mine'"},
      {"fn #1 f() entry 0 {\n  local %0: i64 arg\n}",
       "2:20: expected the number of an argument from 0 to 4294967294, found the end of the line"},
      {"fn #1 f() entry 0 {\n  local %1073741823: i64 var\n}",
       "2:9: expected a local from %0 to %1073741822, found '%1073741823'"},
      {"fn #1 f() entry 0 {\n  nop\n}", "2:3: expected 'local', 'block' or '}', found 'nop'"},
      {"fn #1 f() entry 0 {\n  block 0:\n}",
       "3:1: expected an instruction or a terminator, found '}'"},
      {"fn #1 f() entry 0 {\n  block 0:\n    return\n    nop\n}",
       "4:5: expected 'block' or '}', found 'nop'"},
      {"fn #1 f() entry 0 {\n  block 0:\n    return\n  local %0: i64 var\n}",
       "4:3: expected 'block' or '}', found 'local'"},
      {in_function("jump 3"), "4:5: expected an instruction or a terminator, found 'jump'"},
      {in_function("%1 = jump %0"),
       "4:10: expected an instruction that has a result, found 'jump'"},
      {in_function("%1 add %0, %0"), "4:8: expected '=', found 'add'"},
      {in_function("add %0, %0"), "4:5: expected a local and '=' in front, found 'add'"},
      {in_function("%1 = store %0, %0"),
       "4:10: expected an instruction that has a result, found 'store'"},
      {in_function("%1 = goto 0"), "4:10: expected an instruction that has a result, found 'goto'"},
      {in_function("%1 = add %0"), "4:16: expected ',', found the end of the line"},
      {in_function("%1 = add %0 %0"), "4:17: expected ',', found '%0'"},
      {in_function("%1 = checked neg %0"), "4:18: expected an operator such as 'add', found 'neg'"},
      {in_function("%1 = add %, %0"), "4:14: expected a local such as %5, found '%'"},
      {in_function("%1 = add 5, %0"), "4:14: expected an operand, found '5'"},
      {in_function("%1 = const i64"), "4:19: expected a value, found the end of the line"},
      {in_function("%1 = const i64 5x"), "4:20: expected a number as JSON has them, found '5x'"},
      {in_function("%1 = const i64 05"), "4:20: expected a number as JSON has them, found '05'"},
      {in_function("%1 = const i64 1."), "4:20: expected a number as JSON has them, found '1.'"},
      {in_function("%1 = const i64 18446744073709551616"),
       "4:20: expected an integer from -2^63 to 2^64 - 1, found '18446744073709551616'"},
      {in_function("%1 = const f64 1e999"),
       "4:20: expected a float that a double holds, found '1e999'"},
      {in_function("%1 = const i64 nan"), "4:20: expected a value that is no float, found 'nan'"},
      {in_function(R"(%1 = const text "Zero")"),
       "4:21: expected zero, found \"Zero\", which JSON takes for it"},
      {in_function(R"(%1 = const f64 "NaN")"),
       "4:20: expected nan, inf or -inf, found \"NaN\", which JSON takes for one of them"},
      {in_function("%1 = load @0"),
       "4:15: expected a name, a number, a string or punctuation, found '@'"},
      {in_function("%1 = load é"),
       "4:15: expected a name, a number, a string or punctuation, found the byte 0xc3"},
      {in_function("%1 = copy i64 5"), "4:15: expected a local such as %5, found 'i64'"},
      {in_function("%1 = global 7"), "4:17: expected a symbol such as #5, found '7'"},
      {in_function("%1 = field %0"), "4:18: expected ',', found the end of the line"},
      {in_function("%1 = cast %0 i64"), "4:18: expected 'to', found 'i64'"},
      {in_function("%1 = aggregate list ()"),
       "4:20: expected 'array', 'tuple', 'struct' or 'enum', found 'list'"},
      {in_function("%1 = aggregate struct i64 ()"), "4:27: expected a struct, found another type"},
      {in_function("%1 = aggregate enum enum #1 ()"),
       "4:33: expected the number of a variant from 0 to 4294967294, found '('"},
      {in_function("call %0"), "4:12: expected '(', found the end of the line"},
      {in_function("call %0(%0"), "4:15: expected ',' or ')', found the end of the line"},
      {in_function("call_indirect %0()"), "4:23: expected 'as', found the end of the line"},
      {in_function("intrinsic ()"), "4:15: expected the name of an intrinsic, found '('"},
      {in_function("debug a %0"), "4:11: expected a local such as %5, found 'a'"},
      {in_function("nop nop"), "4:9: expected the end of the line, found 'nop'"},
      {in_function("%1 = call_indirect %0() as i64"), "4:32: expected 'fn', found 'i64'"},
      {in_function(R"(foreign "Nop")"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_function(R"(foreign {"Copy":1})"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_function(R"(foreign {"A":1,"A":2})"), "4:22: a member \"A\" is there twice"},
      {in_function(R"(foreign {"A":1e999})"), "4:23: not JSON: number overflow parsing '1e999'"},
      {in_function(R"(foreign {"BinOp":{"dest":0,"op":"Add"}})"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_function(R"(foreign {"BinOp":{"op":"MatMul"}})"),
       "4:13: expected an instruction of another back end, found other JSON"},
      {in_block("    goto"),
       "4:9: expected the number of a block from 0 to 4294967294, found the end of the line"},
      {in_block("    goto %1"),
       "4:10: expected the number of a block from 0 to 4294967294, found '%1'"},
      {in_block("    return %0, %1"), "4:14: expected the end of the line, found ','"},
      {in_block("    return 5"), "4:12: expected an operand, found '5'"},
      {in_block("    if %0 1 else 2"), "4:11: expected 'then', found '1'"},
      {in_block("    switch %0 [1.5: 2] else 3"), "4:16: expected an integer, found '1.5'"},
      {in_block("    switch %0 [1: 2 3: 4] else 3"), "4:21: expected ',' or ']', found '3'"},
      {in_block("    switch %0 else 3"), "4:15: expected '[', found 'else'"},
      {in_block("    abort message"), "4:11: expected a message as a string, found 'message'"},
      {in_block("    invoke %0()"), "4:16: expected 'to', found the end of the line"},
      {in_block("    invoke %0() to 1 payload 3"), "4:30: expected a local such as %5, found '3'"},
      {in_block(R"(    foreign "Unreachable")"),
       "4:13: expected a terminator of another back end, found other JSON"},
      {in_block(R"(    foreign {"Goto":1})"),
       "4:13: expected a terminator of another back end, found other JSON"}};
  for (const Mistake& mistake : mistakes)
    EXPECT_EQ(message_of(mistake.text), mistake.message) << mistake.text;
}

TEST(TextMistakes, ForeignLinesAreJson) {
  for (const std::string_view line : {"foreign", "foreign {\"A\":1", "foreign {\"A\":1} // no",
                                      "foreign \"\\q\"", "foreign \"\xff\""}) {
    const std::string message = message_of(in_function(line));
    EXPECT_TRUE(message.starts_with("4:") && message.contains(": not JSON: ")) << message;
  }
}

TEST(TextMistakes, ColumnsCountCharactersAndOffsetsBytes) {
  const auto unit = read_text("\n module \"é\" x");
  ASSERT_FALSE(unit);
  EXPECT_EQ(unit.error().message, "2:13: expected the end of the line, found 'x'");
  EXPECT_EQ(unit.error().offset, 14u);
  EXPECT_EQ(unit.error().code, ErrorCode::kInvalidInput);
}

TEST(TextMistakes, EveryBeginningOfATextIsReadOrRefused) {
  int accepted = 0;
  for (std::size_t size = 0; size != kEverything.size(); ++size) {
    const auto unit = read_text(kEverything.substr(0, size));
    if (!unit) {
      EXPECT_LE(unit.error().offset.value_or(size + 1), size);
      continue;
    }
    ++accepted;
    expect_round_trip(*unit);
  }
  // Nothing; the module's name and what comes after it, but for List, which names Option, each with
  // no end of line, one and two; all but the last byte.
  EXPECT_EQ(accepted, 1 + 6 * 3 + 1);
}

constexpr std::string_view kSmall = R"(enum #3 O<T> {
  A(T)
}
fn #1 f<T>(T, ...) -> [T; 2] entry 0 {
  local %0 a: T arg 0
  block 0:
    %2 = const f64 -1.5e-7
    %4 = checked add move %0, i64 5
    store %5, text "a\n\u00e9"
    %6 = aggregate enum O<T> 1 (%5)
    foreign {"A":[{},1.5]}
    %6 = invoke %5() to 1 unwind 2 payload %3 tag %4
}
)";

// Bytes are changed, added and removed, the rest of a line is doubled, digits are changed.
TEST(TextMistakes, AnyBytesAreReadOrRefused) {
  std::mt19937 random(7);
  constexpr std::string_view kLikely = "(){}[]<>,:;=*&%#\"\\.- \n/0159etT";
  const auto below = [&](std::size_t limit) { return random() % limit; };
  int accepted = 0;
  for (int i = 0; i != 20'000; ++i) {
    std::string text(i % 100 == 0 ? kEverything : kSmall);
    for (std::size_t changes = below(4) == 0 ? 2 : 1; changes != 0; --changes) {
      const std::size_t at = below(text.size());
      const char byte =
          below(4) == 0 ? static_cast<char>(below(256)) : kLikely[below(kLikely.size())];
      const std::size_t line = text.find('\n', at) + 1;
      switch (below(5)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(line, text, at, line - at);
          break;
        case 2:
          if (const auto digit = text.find_first_of("0123456789", at); digit != text.npos)
            text[digit] = kLikely[below(kLikely.size())];
          break;
        case 3:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1 + below(8));
      }
    }
    const auto unit = read_text(text);
    if (!unit) {
      EXPECT_FALSE(unit.error().message.empty());
      EXPECT_LE(unit.error().offset.value_or(text.size() + 1), text.size()) << text;
      continue;
    }
    ++accepted;
    expect_round_trip(*unit);
    if (HasFatalFailure()) FAIL() << text;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace smf::mir
