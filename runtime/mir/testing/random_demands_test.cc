// Whole bodies at random that become templates: what verify() says of each of their functions is
// what it says with their demands. SMF_LONG=1 in the environment tries 20 000.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "runtime/mir/demands.h"
#include "runtime/mir/testing/random_choice.h"
#include "runtime/mir/testing/random_function.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

const std::uint64_t kRandomBodies = std::getenv("SMF_LONG") != nullptr ? 20'000 : 200;

// Types of a function's locals are parameters from now on, wherever the function has them. Such a
// template makes sense often, since most of what is done with a value is done with its type alone.
class Generalising {
 public:
  Generalising(Unit& unit, std::size_t function) : unit_(unit) {
    // Constants are those of this one alone then.
    unit_.functions = {Function(unit_.functions[function])};
    known_.assign(unit_.types.size(), kNone);
  }

  // In place of `type`, which may be a primitive. Functions stay what they are: a signature is one.
  void replace(TypeId type, std::string_view name) {
    if (unit_.types[type].kind == TypeKind::kFuncPtr) return;
    unit_.text.insert(unit_.text.end(), name.begin(), name.end());
    unit_.string_ends.push_back(static_cast<std::uint32_t>(unit_.text.size()));
    const auto id = static_cast<StringId>(unit_.string_ends.size() - 1);
    known_[type] = add({.kind = TypeKind::kParameter, .name = id});
    parameters_.push_back({.name = id});
  }

  void finish() {
    Function& function = unit_.functions[0];
    function.parameters = {.first = static_cast<std::uint32_t>(unit_.parameters.size()),
                           .count = static_cast<std::uint32_t>(parameters_.size())};
    unit_.parameters.insert(unit_.parameters.end(), parameters_.begin(), parameters_.end());
    function.signature = type(function.signature);
    for (std::uint32_t i = 0; i != function.locals.count; ++i) {
      TypeId& local = unit_.locals[function.locals.first + i].type;
      local = type(local);
    }
    for (Constant& constant : unit_.constants) constant.type = type(constant.type);
    for (std::uint32_t b = 0; b != function.blocks.count; ++b) {
      const List list = unit_.blocks[function.blocks.first + b].instructions;
      for (std::uint32_t i = 0; i != list.count; ++i) {
        Instruction& one = unit_.instructions[list.first + i];
        // What is made has a kind that is known.
        const TypeId to = type(one.type);
        if (one.op != Op::kAggregate || unit_.types[to].kind != TypeKind::kParameter) one.type = to;
      }
    }
  }

 private:
  TypeId add(const Type& type) {
    unit_.types.push_back(type);
    return static_cast<TypeId>(unit_.types.size() - 1);
  }
  TypeId type(TypeId id) {
    if (id == kNone || id >= known_.size()) return id;
    if (known_[id] != kNone) return known_[id];
    const Type from = unit_.types[id];
    std::vector<TypeId> parts;
    bool is_other = false;
    for (std::uint32_t i = 0; i != from.parts.count; ++i) {
      const TypeId part = unit_.numbers[from.parts.first + i];
      parts.push_back(type(part));
      is_other = is_other || parts.back() != part;
    }
    if (!is_other) return known_[id] = id;
    Type to = from;
    to.parts.first = static_cast<std::uint32_t>(unit_.numbers.size());
    unit_.numbers.insert(unit_.numbers.end(), parts.begin(), parts.end());
    return known_[id] = add(to);
  }

  Unit& unit_;
  std::vector<TypeId> known_{};  // what each type is from now on
  std::vector<Parameter> parameters_{};
};

constexpr std::string_view kOthers[] = {
    "i8",          "i16", "i32",  "i64",  "u8",      "u16",        "u32",        "u64",
    "f32",         "f64", "bool", "char", "nil",     "*i64",       "mut*S0",     "S0",
    "Node",        "E0",  "text", "[u8]", "[i32;3]", "(i64,bool)", "Option<u8>", "Result<i64,bool>",
    "fn(i64)->i64"};

struct Verdicts {
  std::uint64_t templates = 0, met = 0, refused = 0, stricter = 0;
};

void check(const Unit& unit, Verdicts& verdicts) {
  Program program;
  Layouts layouts(program);
  if (!program.add(Unit(unit))) return;
  const Function& function = unit.functions[0];
  const auto demands = verify_template(program, layouts, unit, function);
  if (!demands) return;
  ++verdicts.templates;
  for (std::size_t i = 0; i != std::size(kOthers); ++i) {
    Callee callee{.name = std::string(unit.string(function.name))};
    for (std::uint32_t j = 0; j != function.parameters.count; ++j) {
      const auto type = program.type(kOthers[(i + 5 * j) % std::size(kOthers)]);
      ASSERT_TRUE(type);
      callee.arguments.push_back(*type);
    }
    SCOPED_TRACE(program.mangled_name(callee));
    const auto made = program.make(callee);
    if (!made) continue;
    const bool is_met = meets(program, layouts, *made, *demands, callee.arguments);
    const auto by_demands = verify(program, layouts, *made, *demands, callee.arguments);
    const auto whole = verify(program, layouts, *made);
    ASSERT_EQ(by_demands.has_value(), whole.has_value());
    if (!whole) {
      ASSERT_EQ(by_demands.error().describe(), whole.error().describe());
    }
    ++(is_met ? verdicts.met : verdicts.refused);
    verdicts.stricter += whole && !is_met ? 1 : 0;
  }
}

TEST(RandomDemands, ATemplateOfABodyIsVerifiedAsItsFunctionsAre) {
  Verdicts verdicts;
  for (std::uint64_t seed = 1; seed <= kRandomBodies; ++seed) {
    const Unit whole = random_function(seed, {.max_callees = 3, .statements = 8});
    RandomChoice choice(seed);
    for (std::size_t i = 0; i != whole.functions.size(); ++i) {
      Unit unit = whole;
      if (whole.functions[i].parameters.count == 0) {
        Generalising generalising(unit, i);
        const List locals = whole.functions[i].locals;
        if (locals.count == 0) continue;
        for (const std::string_view name : {"T0", "T1"}) {
          const std::uint64_t local = locals.first + choice.below(locals.count);
          if (name == "T0" || choice.chance(2))
            generalising.replace(whole.locals[local].type, name);
        }
        generalising.finish();
      } else {
        unit.functions = {Function(whole.functions[i])};
      }
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", function " << i);
      ASSERT_NO_FATAL_FAILURE(check(unit, verdicts));
    }
  }
  // That there is something to see.
  EXPECT_GT(verdicts.templates, kRandomBodies);
  EXPECT_GT(verdicts.met, 2 * kRandomBodies);
  EXPECT_GT(verdicts.refused, 2 * kRandomBodies);
  // What is stricter than need be is seldom.
  EXPECT_LT(verdicts.stricter, verdicts.met / 20);
}

}  // namespace
}  // namespace smf::mir
