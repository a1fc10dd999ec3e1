// What is skipped because a template's demands are met is what verify() would accept: for small
// templates with one mistake each, and for instructions at random on all sorts of types.
#include "runtime/mir/demands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/mir/running.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

constexpr std::string_view kDefinitions =
    "struct #1 Pair<A, B> {\n  first: A\n  second: B\n}\n"
    "enum #2 Option<T> {\n  None()\n  Some(T)\n}\n"
    "struct #3 Odd {\n  what: opaque \"elsewhere\"\n}\n"
    "struct #4 Endless {\n  again: Endless\n  n: i64\n}\n"
    "struct #5 Large {\n  all: [[i64; 65536]; 65536]\n}\n"
    "struct #6 Point {\n  x: f64\n  y: f64\n}\n";

// Arguments of every kind that a function can be made for, with and without a size.
constexpr std::string_view kArguments[] = {"i8",
                                           "i16",
                                           "i32",
                                           "i64",
                                           "u8",
                                           "u16",
                                           "u32",
                                           "u64",
                                           "f32",
                                           "f64",
                                           "bool",
                                           "char",
                                           "nil",
                                           "never",
                                           "*i64",
                                           "&u8",
                                           "fn(i64)->i64",
                                           "Point",
                                           "Pair<i64,u8>",
                                           "Odd",
                                           "Endless",
                                           "Large",
                                           "Option<i64>",
                                           "(i64,u8)",
                                           "[i64;4]",
                                           "[i64]",
                                           "text",
                                           "Result<i64,u8>",
                                           "Pair<Odd,i64>",
                                           "[Odd;0]",
                                           "mut*Large",
                                           "*Endless"};
constexpr std::size_t kScalars = 12;  // of them, at the front

// A template and its demands.
class Template {
 public:
  explicit Template(const std::string& function) {
    auto unit = read_text(std::string(kDefinitions) + function);
    EXPECT_TRUE(unit) << unit.error().describe() << function;
    if (unit) add(*unit);
  }
  explicit Template(const Unit& unit) { add(unit); }

  struct Verdict {
    bool is_made = false;
    bool is_met = false;
    std::string by_demands{};  // empty: fine
    std::string by_verify{};
  };
  Verdict verdict(const std::vector<std::string_view>& arguments) {
    Callee callee{.name = name_};
    for (const std::string_view argument : arguments) {
      const auto type = program.type(argument);
      EXPECT_TRUE(type) << argument;
      if (!type) return {};
      callee.arguments.push_back(*type);
    }
    const auto made = program.make(callee);
    if (!made) return {};
    Verdict verdict{.is_made = true};
    verdict.is_met = meets(program, layouts, *made, *demands, callee.arguments);
    const auto quick = verify(program, layouts, *made, *demands, callee.arguments);
    const auto whole = verify(program, layouts, *made);
    if (!quick) verdict.by_demands = quick.error().describe();
    if (!whole) verdict.by_verify = whole.error().describe();
    if (!quick && !whole) {
      EXPECT_EQ(quick.error().code, whole.error().code);
    }
    return verdict;
  }

  Program program{};
  Layouts layouts{program};
  Result<Demands> demands = fail(ErrorCode::kInvalidInput, "not read");

 private:
  void add(const Unit& unit) {
    const auto added = program.add(Unit(unit));
    EXPECT_TRUE(added) << added.error().describe();
    name_ = unit.string(unit.functions[0].name);
    demands = verify_template(program, layouts, unit, unit.functions[0]);
  }

  std::string name_{};
};

struct LeftOpen {
  std::string_view instruction;  // of a function of (T, U, u64, f64, *mut T)
  std::string_view good;         // arguments
  std::string_view bad;
  std::string_view message;  // a part
};

std::string function_of(std::string_view instruction) {
  return "fn #9 f<T, U>(T, U, u64, f64, *mut T) -> unit entry 0 {\n"
         "  local %0: T arg 0\n  local %1: U arg 1\n  local %2: u64 arg 2\n"
         "  local %3: f64 arg 3\n  local %4: *mut T arg 4\n  local %5: bool temp\n"
         "  local %6: u8 temp\n  local %7: *mut Pair<T, i64> temp\n  local %8: Pair<T, i64> temp\n"
         "  block 0:\n    " +
         std::string(instruction) + "\n    return\n}\n";
}

TEST(Demands, MistakesThatTheGeneralFormLetsPassAreFound) {
  constexpr LeftOpen kMistakes[] = {
      {"%0 = intrinsic popcount(%0)", "u32", "f64", "popcount of f64"},
      {"%0 = intrinsic sqrt(%0)", "f32", "i64", "sqrt of i64"},
      {"%0 = intrinsic max(%0, %0)", "i8", "bool", "max of bool"},
      {"%0 = intrinsic rotl(%0, %1)", "i8,char", "i8,f32", "the count is f32"},
      {"intrinsic memset(%4, %1, %1)", "i8,i8", "i8,Point", "the byte is Point"},
      {"%0 = add %0, %0", "i64", "bool", "add of bool"},
      {"%0 = add %0, %0", "Point", "*i64", "add of *i64"},
      {"%0 = and %0, %0", "bool", "f64", "and of f64"},
      {"%5 = lt %0, %0", "text", "nil", "nil cannot be compared"},
      {"%0 = shl %0, %2", "Point", "f64", "the left operand is f64"},
      {"%2 = shl %2, %1", "i8,i8", "i8,f64", "the right operand is f64"},
      {"%0 = not %0", "bool", "i64", "not of i64"},
      {"%0 = bitnot %0", "i64", "f64", "bitnot of f64"},
      {"%0 = neg %0", "Point", "bool", "neg of bool"},
      {"%0 = const T 200", "u8", "i8", "a constant that is no i8"},
      {"%0 = const T 1", "bool", "text", "a constant that is no text"},
      {"%0 = const T 2", "*i64", "bool", "a constant that is no bool"},
      {"%0 = const T 1.5", "f32", "i64", "a constant that is no i64"},
      {"%0 = const T 18446744073709551615", "u64", "i64", "a constant that is no i64"},
      {"%3 = cast %0 to f64", "char", "*i64", "a cast of *i64 to f64"},
      {"%0 = cast %1 to T", "u8,bool", "u8,text", "a cast of text to u8"},
      {"%2 = bitcast %0 to u64", "f64", "f32", "a bit cast of f32, 4 bytes, to u64, 8"},
      {"%0 = bitcast %1 to T", "Point,Point", "i32,i64", "a bit cast of i64, 8 bytes, to i32, 4"},
      {"%4 = offset %4, %1", "i8,i8", "i8,f64", "the right operand is f64"},
      {"%4 = element %4, %1", "i8,i8", "i8,bool", "an index is bool"},
      {"%2 = intrinsic size_of(Option<U> zero)", "i8,Point", "i8,Endless", "contains itself"},
      {"nop", "i64", "Endless", "contains itself"},
      {"nop", "i64", "Odd", "has no size"},
      {"nop", "i64", "Large", "is larger than"},
  };
  const auto split = [](std::string_view arguments) {
    const std::size_t comma = arguments.find(',');
    std::vector<std::string_view> both{arguments.substr(0, comma), "i64"};
    if (comma != std::string_view::npos) both[1] = arguments.substr(comma + 1);
    return both;
  };
  for (const LeftOpen& one : kMistakes) {
    SCOPED_TRACE(testing::Message() << one.instruction << " of " << one.bad);
    Template sample(function_of(one.instruction));
    ASSERT_TRUE(sample.demands) << sample.demands.error().message;
    const auto good = sample.verdict(split(one.good));
    EXPECT_TRUE(good.is_met);
    EXPECT_EQ(good.by_verify, "");
    const auto bad = sample.verdict(split(one.bad));
    EXPECT_FALSE(bad.is_met);
    EXPECT_NE(bad.by_demands.find(one.message), std::string::npos) << bad.by_demands;
    EXPECT_EQ(bad.by_demands, bad.by_verify);
  }
}

TEST(Demands, CasesOfASwitchHaveToFit) {
  const auto text = [](std::string_view cases) {
    return "fn #9 f<T>(T) -> unit entry 0 {\n  local %0: T arg 0\n  block 0:\n    switch %0 [" +
           std::string(cases) + "] else 1\n  block 1:\n    return\n}\n";
  };
  Template small(text("1: 1, 255: 1"));
  ASSERT_TRUE(small.demands);
  for (const std::string_view type : {"u8", "i16", "u64", "char", "bool"})
    EXPECT_TRUE(small.verdict({type}).is_met) << type;
  EXPECT_FALSE(small.verdict({"i8"}).is_met);
  EXPECT_NE(small.verdict({"i8"}).by_demands.find("a case that is no i8"), std::string::npos);
  EXPECT_FALSE(small.verdict({"f32"}).is_met);
}

// The last of them is what the body means. Readers refuse that; a Program does not.
TEST(Demands, ParametersOfOneName) {
  auto unit = read_text(
      "fn #9 f<U, T>(T) -> T entry 0 {\n  local %0: T arg 0\n  block 0:\n"
      "    %0 = intrinsic popcount(%0)\n    return %0\n}\n");
  ASSERT_TRUE(unit);
  unit->parameters[0].name = unit->parameters[1].name;
  Template sample(*unit);
  ASSERT_TRUE(sample.demands);
  EXPECT_TRUE(sample.verdict({"f64", "i64"}).is_met);
  EXPECT_EQ(sample.verdict({"f64", "i64"}).by_verify, "");
  EXPECT_FALSE(sample.verdict({"i64", "f64"}).is_met);
  EXPECT_NE(sample.verdict({"i64", "f64"}).by_demands, "");
}

TEST(Demands, AnotherNumberOfArgumentsIsNotWhatWasAskedFor) {
  Template sample(function_of("nop"));
  ASSERT_TRUE(sample.demands);
  EXPECT_FALSE(meets(sample.program, sample.layouts, 0, *sample.demands, {}));
}

// Without what is demanded of it a mistake passes: what the tests below would find.
TEST(Demands, ADemandThatIsForgottenLetsAMistakePass) {
  Template sample(function_of("%0 = intrinsic popcount(%0)"));
  ASSERT_TRUE(sample.demands);
  EXPECT_FALSE(sample.verdict({"f64", "i64"}).is_met);
  sample.demands->kinds[0] |= only(TypeKind::kF64);
  EXPECT_TRUE(sample.verdict({"f64", "i64"}).is_met);
  EXPECT_NE(sample.verdict({"f64", "i64"}).by_verify, "");
  Template sized(function_of("nop"));
  ASSERT_TRUE(sized.demands);
  sized.demands->sizes.clear();
  EXPECT_TRUE(sized.verdict({"Endless", "i64"}).is_met);
  EXPECT_NE(sized.verdict({"Endless", "i64"}).by_verify, "");
}

// ---- At random ----

constexpr std::string_view kTypes[] = {"T",
                                       "U",
                                       "i64",
                                       "u8",
                                       "u64",
                                       "u32",
                                       "f64",
                                       "bool",
                                       "char",
                                       "unit",
                                       "text",
                                       "*mut T",
                                       "*mut i64",
                                       "&mut Pair<T, U>",
                                       "Pair<T, i64>",
                                       "*mut Pair<T, u8>",
                                       "*mut [Pair<T, U>; 2]",
                                       "*mut Pair<Pair<T, U>, i64>",
                                       "[T; 3]",
                                       "(T, u8)",
                                       "[T]",
                                       "Option<T>",
                                       "*mut Option<U>",
                                       "Option<i64>",
                                       "result<T, u8>",
                                       "fn(T) -> U",
                                       "*mut [T]"};
constexpr std::string_view kValues[] = {
    "0",    "1",    "5",     "-1",         "200",
    "300",  "-200", "70000", "2147483648", "18446744073709551615",
    "1.5",  "nan",  "true",  "zero",       "zero",
    "null", "\"g\""};
constexpr std::string_view kBinary[] = {"add", "sub", "mul", "div", "rem", "pow",
                                        "and", "or",  "xor", "shl", "shr", "eq",
                                        "ne",  "lt",  "le",  "gt",  "ge",  "offset"};

// A function of all of kTypes with one instruction, of which parts are chosen so that it often
// makes sense.
class RandomTemplate {
 public:
  explicit RandomTemplate(std::uint64_t seed)
      : random_(seed), types_(std::begin(kTypes), std::end(kTypes)) {
    // So that a type is not always the one of a local, which has to have a size anyway.
    if (chance(3)) return;
    for (std::string_view& type : types_)
      if (type.find('T') != type.npos && !type.starts_with('*') && chance(2)) type = "i64";
  }

  std::string text() {
    const std::size_t returned = below(types_.size());
    std::string types, locals;
    for (std::size_t i = 0; i != types_.size(); ++i) {
      types += std::string(i == 0 ? "" : ", ") + std::string(types_[i]);
      locals += "  local %" + std::to_string(i) + ": " + std::string(types_[i]) + " arg " +
                std::to_string(i) + "\n";
    }
    std::string body = instruction();
    std::string end = "return %" + std::to_string(returned);
    if (chance(8)) {
      form = "return";
      end = "return " + operand();
    } else if (chance(8)) {
      form = "switch";
      end = "switch " + operand() + " [" + number() + ": 1, " + number() + ": 1] else 1";
    }
    return "fn #9 f<T, U>(" + types + ") -> " + std::string(types_[returned]) + " entry 0 {\n" +
           locals + "  block 0:\n    " + body + "\n    " + end +
           "\n  block 1:\n    unreachable\n}\n";
  }

  std::string form{};  // what it is a sample of

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  std::string pick(std::size_t local) {
    last_ = local;
    return "%" + std::to_string(local);
  }
  std::string number() { return std::string(kValues[below(10)]); }
  // Of the parameters mostly.
  std::size_t local() { return chance(2) ? below(2) : below(types_.size()); }
  std::string operand() {
    if (!chance(4)) return pick(local());
    last_ = local();
    return std::string(types_[last_]) + " " + std::string(kValues[below(std::size(kValues))]);
  }
  // The same as the last one, mostly.
  std::string like() { return chance(5) ? operand() : pick(last_); }
  std::string dest() { return "%" + std::to_string(chance(4) ? local() : last_) + " = "; }
  std::string of(std::string_view type) {
    const auto found = std::ranges::find(kTypes, type);
    return "%" + std::to_string(found - std::begin(kTypes)) + " = ";
  }
  // One of a type that is written to, or another.
  std::string some_dest(std::string_view type) { return chance(4) ? dest() : of(type); }

  std::string instruction() {
    switch (below(13)) {
      case 0:
      case 1: {
        const std::string op(kBinary[below(std::size(kBinary))]);
        form = op;
        const std::string left = operand();
        const std::size_t type = last_;
        const std::string right = op == "shl" || op == "shr" || op == "offset" ? operand() : like();
        last_ = type;
        const bool is_comparison = op == "eq" || op == "ne" || op.starts_with("l") || op[0] == 'g';
        const std::string to = is_comparison ? some_dest("bool") : dest();
        return to + (chance(3) ? "checked " : "") + op + " " + left + ", " + right;
      }
      case 2: {
        form = chance(3) ? "neg" : chance(2) ? "not" : "bitnot";
        const std::string one = operand();
        return dest() + form + " " + one;
      }
      case 3: {
        form = chance(2) ? "cast" : "bitcast";
        const std::string one = operand();
        last_ = local();
        const std::string_view type = types_[last_];
        return dest() + form + " " + one + " to " + std::string(type);
      }
      case 4: {
        form = "const";
        last_ = local();
        return dest() + "const " + std::string(types_[last_]) + " " +
               std::string(kValues[below(std::size(kValues))]);
      }
      case 5:
      case 6:
        return intrinsic();
      case 7:
        form = "field";
        if (chance(2)) {
          constexpr std::string_view kFields[] = {"%0 = field %14, 0", "%1 = field %13, 1",
                                                  "%0 = field %15, 0", "%4 = field %20, 1",
                                                  "%11 = field %20, 0"};
          return std::string(kFields[below(std::size(kFields))]);
        }
        last_ = below(types_.size());
        return "%" + std::to_string(local()) + " = field " + like() + ", " +
               std::to_string(below(3));
      case 8: {
        form = "set_field";
        const std::string to = pick(below(types_.size()));
        return "set_field " + to + ", " + std::to_string(below(3)) + ", " + operand();
      }
      case 9: {
        form = "element";
        const std::string base = chance(4) ? operand() : pick(below(types_.size()));
        std::string more;
        if (chance(2)) more = chance(2) ? ", u32 1" : ", T 1";
        if (chance(3)) more += ", u32 0";
        return some_dest("*mut T") + "element " + base + ", " + operand() + more;
      }
      case 10:
        return memory();
      case 11: {
        form = "aggregate";
        constexpr std::string_view kMakers[] = {
            "%18 = aggregate array T (%0, %0, ", "%19 = aggregate tuple (%0, ",
            "%14 = aggregate struct Pair<T, i64> (%0, ", "%21 = aggregate enum Option<T> 1 ("};
        constexpr std::string_view kLast[] = {"%0", "%3", "%2", "%0"};
        const std::size_t which = below(std::size(kMakers));
        return std::string(kMakers[which]) + (chance(2) ? std::string(kLast[which]) : operand()) +
               ")";
      }
      default:
        form = "call";
        return std::string(chance(2) ? "%1 = call fn(T) -> U \"g\"(" : "%1 = call %25(") +
               operand() + ")";
    }
  }
  std::string memory() {
    if (chance(3)) {
      form = "alloc";
      return of(chance(2) ? "*mut T" : "*mut Pair<T, u8>") + "alloc " +
             (chance(2) ? "T" : "Pair<T, u8>");
    }
    form = chance(2) ? "load" : "store";
    const std::string at = chance(2) ? "%11" : operand();
    const std::string value = chance(2) ? "%0" : operand();
    return form == "load" ? dest() + "load " + at : "store " + at + ", " + value;
  }
  std::string intrinsic() {
    const std::size_t which = below(kIntrinsics);
    const std::string name(kIntrinsicNames[which]);
    form = name;
    const std::string open = "intrinsic " + name + "(";
    switch (static_cast<Intrinsic>(which)) {
      case Intrinsic::kSizeOf:
      case Intrinsic::kAlignOf:
        return some_dest("u64") + open + operand() + ")";
      case Intrinsic::kMemcpy:
      case Intrinsic::kMemmove:
      case Intrinsic::kMemcmp:
        return open + "%11, %12, " + operand() + ")";
      case Intrinsic::kMemset:
        return open + "%11, " + operand() + ", " + operand() + ")";
      case Intrinsic::kFma: {
        const std::string first = operand(), second = like(), third = like();
        return dest() + open + first + ", " + second + ", " + third + ")";
      }
      case Intrinsic::kMin:
      case Intrinsic::kMax: {
        const std::string first = operand(), second = like();
        return dest() + open + first + ", " + second + ")";
      }
      case Intrinsic::kRotl:
      case Intrinsic::kRotr: {
        const std::string first = operand();
        const std::size_t type = last_;
        const std::string second = operand();
        last_ = type;
        return dest() + open + first + ", " + second + ")";
      }
      case Intrinsic::kEnumTag:
        return some_dest("u32") + open + pick(chance(2) ? 21 : below(types_.size())) + ")";
      case Intrinsic::kEnumField:
        return "%0 = " + open + (chance(2) ? "%21" : operand()) + ", u32 1, u32 0)";
      default: {
        const std::string first = operand();
        return dest() + open + first + ")";
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string_view> types_;
  std::size_t last_ = 0;  // the type of the last operand
};

struct Seen {
  std::uint64_t met = 0, refused = 0;
};

// Every fourth argument; the second is another each time.
void check_all(std::uint64_t seed, std::map<std::string, Seen>& seen) {
  RandomTemplate random(seed);
  const std::string text = random.text();
  SCOPED_TRACE(testing::Message() << "seed " << seed << "\n" << text);
  const auto unit = read_text(std::string(kDefinitions) + text);
  if (!unit) return;  // a value that the type cannot have
  Template sample(*unit);
  if (!sample.demands) return;
  Seen& form = seen[random.form];
  for (std::size_t i = seed % 4; i < std::size(kArguments); i += 4) {
    const std::size_t other = (i * 7 + seed) % std::size(kArguments);
    for (const std::size_t second : {other, i % kScalars}) {
      if (i >= kScalars && second != other) continue;
      const auto verdict = sample.verdict({kArguments[i], kArguments[second]});
      if (!verdict.is_made) continue;
      ASSERT_EQ(verdict.by_demands, verdict.by_verify)
          << kArguments[i] << ", " << kArguments[second];
      if (verdict.is_met) {
        ASSERT_EQ(verdict.by_verify, "") << kArguments[i] << ", " << kArguments[second];
      }
      // Of numbers all can be told.
      if (i < kScalars && second < kScalars) {
        ASSERT_EQ(verdict.is_met, verdict.by_verify.empty())
            << kArguments[i] << ", " << kArguments[second];
      }
      ++(verdict.is_met ? form.met : form.refused);
    }
  }
}

TEST(Demands, AreMetByWhatVerifies) {
  const std::uint64_t seeds = std::getenv("SMF_LONG") != nullptr ? 300'000 : 5'000;
  std::map<std::string, Seen> seen;
  for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed)
    check_all(seed, seen);
  EXPECT_EQ(seen.size(), std::size(kBinary) + kIntrinsics + 16) << "forms";
  for (const auto& [form, count] : seen) {
    EXPECT_GT(count.met, 0u) << form;
    EXPECT_GT(count.refused, 0u) << form;
  }
}

}  // namespace
}  // namespace smf::mir
