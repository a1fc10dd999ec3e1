#include "runtime/mir/interpreter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "runtime/mir/running.h"

namespace smf::mir {
namespace {

// How `fn f(i64, *mut i64) -> i64` with this body ends: what it returns, or why it does not.
std::string outcome(std::string_view body, std::int64_t n,
                    std::vector<std::int64_t>* memory = nullptr,
                    const InterpreterOptions& options = {.is_checked = true}) {
  Running running(options);
  running.add(
      "fn #1 f(i64, *mut i64) -> i64 entry 0 {\n  local %0 n: i64 arg 0\n"
      "  local %1 p: *mut i64 arg 1\n  local %2: i64 temp\n  local %3: bool temp\n"
      "  local %4: *mut i64 temp\n  local %5: *mut u8 temp\n  local %6: u8 temp\n"
      "  local %7: f64 temp\n  local %8: i8 temp\n  local %9: fn(i64, *mut i64) -> i64 temp\n" +
      std::string(body) + "}\n");
  std::int64_t* address = nullptr;
  if (memory != nullptr) {
    running.lend(*memory);
    address = memory->data();
  }
  const auto result = running.call<std::int64_t>("f", {}, n, address);
  return result ? std::to_string(*result) : result.error().message;
}

TEST(Interpreter, TrapsSayWhereAndWhy) {
  EXPECT_EQ(outcome("  block 0:\n    %2 = div i64 100, %0\n    return %2\n", 7), "14");
  EXPECT_EQ(outcome("  block 0:\n    %2 = div i64 100, %0\n    return %2\n", 0),
            "division by zero");
  EXPECT_EQ(outcome("  block 0:\n    %2 = rem i64 -9223372036854775808, %0\n    return %2\n", -1),
            "the quotient is too large");
  EXPECT_EQ(
      outcome("  block 0:\n    %2 = checked add i64 9223372036854775807, %0\n    return %2\n", 1),
      "overflow");
  EXPECT_EQ(outcome("  block 0:\n    %2 = add i64 9223372036854775807, %0\n    return %2\n", 1),
            "-9223372036854775808");
  EXPECT_EQ(outcome("  block 0:\n    abort \"enough\"\n", 0), "enough");
  EXPECT_EQ(outcome("  block 0:\n    unreachable\n", 0), "what cannot be reached was reached");
  EXPECT_EQ(outcome("  block 0:\n    %2 = call fn(i64) -> i64 \"g\"(%0)\n    return %2\n", 0),
            "there is no function 'g'");
  Running running;
  running.add("fn #1 f() entry 3 {\n  block 3:\n    goto 5\n  block 5:\n    abort \"here\"\n}\n");
  const Trap trap = running.trap("f", {});
  EXPECT_EQ(trap.kind, Trap::Kind::kAbort);
  EXPECT_EQ(trap.function, "f");
  EXPECT_EQ(trap.block, 1u);
}

TEST(Interpreter, SlotsAreZeroedEachTime) {
  EXPECT_EQ(outcome("  block 0:\n    %2 = const i64 0\n    goto 1\n"
                    "  block 1:\n    %4 = alloc i64\n    %2 = load %4\n    store %4, i64 9\n"
                    "    %0 = sub %0, i64 1\n    %3 = gt %0, i64 0\n    if %3 then 1 else 2\n"
                    "  block 2:\n    return %2\n",
                    3),
            "0");
}

TEST(Interpreter, CheckedModeStopsAtTheBordersOfObjects) {
  const std::string body = "  block 0:\n    %4 = element %1, %0\n    %2 = load %4\n    return %2\n";
  std::vector<std::int64_t> memory{10, 20, 30};
  EXPECT_EQ(outcome(body, 2, &memory), "30");
  EXPECT_EQ(outcome(body, 3, &memory), "an address outside of all objects");
  EXPECT_EQ(outcome(body, -1, &memory), "an address outside of all objects");
  EXPECT_EQ(outcome(body, 0), "an address outside of all objects");
  EXPECT_EQ(outcome("  block 0:\n    %5 = cast %1 to *mut u8\n    %5 = offset %5, i64 4\n"
                    "    %4 = cast %5 to *mut i64\n    %2 = load %4\n    return %2\n",
                    0, &memory),
            "an address that is no multiple of 8");
  EXPECT_EQ(
      outcome("  block 0:\n    %5 = alloc u8\n    %4 = cast %5 to *mut i64\n    %2 = load %4\n"
              "    return %2\n",
              0),
      "8 bytes at 0 of 1");
  EXPECT_EQ(outcome("  block 0:\n    intrinsic memset(%1, u8 1, %0)\n    %2 = load %1\n"
                    "    return %2\n",
                    24, &memory),
            "72340172838076673");
  EXPECT_EQ(outcome("  block 0:\n    intrinsic memset(%1, u8 1, %0)\n    return %0\n", 25, &memory),
            "25 bytes at 0 of 24");
}

TEST(Interpreter, AFieldOfNothingIsAnAddressLikeAnother) {
  Running running;
  running.add(
      "struct #1 Pair {\n  first: i64\n  second: i64\n}\n"
      "fn #1 f(*mut Pair) -> i64 entry 0 {\n  local %0: *mut Pair arg 0\n  local %1: i64 temp\n"
      "  block 0:\n    %1 = field %0, 1\n    return %1\n}\n");
  void* const nothing = nullptr;
  const Trap trap = running.trap("f", {}, nothing);
  EXPECT_EQ(trap.message, "an address outside of all objects");
}

TEST(Interpreter, ASlotEndsWithItsFunction) {
  Running running;
  running.add(
      "fn #1 leak() -> *mut i64 entry 0 {\n  local %0: *mut i64 temp\n  block 0:\n"
      "    %0 = alloc i64\n    return %0\n}\n"
      "fn #2 f() -> i64 entry 0 {\n  local %0: *mut i64 temp\n  local %1: i64 temp\n  block 0:\n"
      "    %0 = call fn() -> *mut i64 \"leak\"()\n    %1 = load %0\n    return %1\n}\n");
  const Trap trap = running.trap("f", {});
  EXPECT_EQ(trap.message, "a slot of a function that has returned");
}

TEST(Interpreter, LimitsHold) {
  EXPECT_EQ(
      outcome("  block 0:\n    goto 0\n", 0, nullptr, {.is_checked = true, .max_steps = 1000}),
      "too many steps");
  const std::string again =
      "  block 0:\n    %2 = call fn(i64, *mut i64) -> i64 \"f\"(%0, %1)\n    return %2\n";
  EXPECT_EQ(outcome(again, 0, nullptr, {.is_checked = true, .max_calls = 100}),
            "too many calls in one another");
  EXPECT_EQ(outcome(again, 0, nullptr, {.is_checked = true, .max_memory = 5000}),
            "too much memory");
}

TEST(Interpreter, FunctionsAreValues) {
  const std::string body =
      "  block 0:\n    %3 = eq %0, i64 0\n    if %3 then 1 else 2\n"
      "  block 1:\n    return i64 100\n"
      "  block 2:\n    %9 = const fn(i64, *mut i64) -> i64 \"f\"\n    %2 = sub %0, i64 1\n"
      "    %2 = call_indirect %9(%2, %1) as fn(i64, *mut i64) -> i64\n    %2 = add %2, i64 1\n"
      "    return %2\n";
  EXPECT_EQ(outcome(body, 5), "105");
  EXPECT_EQ(outcome("  block 0:\n    %9 = cast %1 to fn(i64, *mut i64) -> i64\n"
                    "    %2 = call %9(%0, %1)\n    return %2\n",
                    5),
            "a call of what is no function");
}

TEST(Interpreter, ACalleeIsWhatItsCallerThinks) {
  Running running;
  running.add(
      "fn #1 g(u8) -> u8 entry 0 {\n  local %0: u8 arg 0\n  block 0:\n    return %0\n}\n"
      "fn #2 f(i64) -> i64 entry 0 {\n  local %0: i64 arg 0\n  block 0:\n"
      "    %0 = call fn(i64) -> i64 \"g\"(%0)\n    return %0\n}\n");
  const Trap trap = running.trap("f", {}, std::int64_t{1});
  EXPECT_EQ(trap.message, "'g' is called as what it is not");
}

TEST(Interpreter, EnumFieldsOfAnotherVariantTrap) {
  Running running;
  running.add(
      "enum #1 Option<T> {\n  None()\n  Some(T)\n}\n"
      "fn #1 get(Option<i64>) -> i64 entry 0 {\n  local %0: Option<i64> arg 0\n  local %1: i64 "
      "temp\n"
      "  block 0:\n    %1 = intrinsic enum_field(%0, u32 1, u32 0)\n    return %1\n}\n");
  struct Option {
    std::uint32_t tag;
    std::int64_t value;
  };
  EXPECT_EQ(running.value<std::int64_t>("get", {}, Option{1, 8}), 8);
  const Trap trap = running.trap("get", {}, Option{0, 8});
  EXPECT_EQ(trap.message, "another variant");
}

// The compiler's JSON names a struct or an enum by its symbol, and a Result by any.
TEST(Interpreter, AnAggregateTakesItsArgumentsFromItsDestination) {
  Running running;
  running.add(
      "enum #1 Option<T> {\n  None()\n  Some(T)\n}\n"
      "struct #2 Pair<A, B> {\n  first: A\n  second: B\n}\n"
      "fn #1 f<T>(T) -> T entry 0 {\n  local %0: T arg 0\n  local %1: Option<T> temp\n"
      "  local %2: Pair<bool, T> temp\n  local %3: result<T, bool> temp\n  block 0:\n"
      "    %1 = aggregate enum Option 1 (%0)\n"
      "    %0 = intrinsic enum_field(%1, u32 1, u32 0)\n"
      "    %2 = aggregate struct Pair (bool true, %0)\n    %0 = field %2, 1\n"
      "    %3 = aggregate enum enum #99 0 (%0)\n"
      "    %0 = intrinsic enum_field(%3, u32 0, u32 0)\n    return %0\n}\n"
      "fn #2 g() entry 0 {\n  local %0: Option<i64> temp\n  block 0:\n"
      "    %0 = aggregate enum enum #99 0 ()\n    return\n}\n");
  EXPECT_EQ(running.value<std::int64_t>("f", {"i64"}, std::int64_t{-5}), -5);
  EXPECT_EQ(running.value<float>("f", {"f32"}, 2.5f), 2.5f);
  EXPECT_EQ(running.trap("g", {}).message,
            "function 'g', block 0, instruction 0: enum 99 is not defined");
}

TEST(Interpreter, GlobalsAreTheEmbedders) {
  Running running;
  running.add(
      "fn #1 f() -> i64 entry 0 {\n  local %0: *mut i64 temp\n  local %1: i64 temp\n  block 0:\n"
      "    %0 = global mut #77\n    %1 = load %0\n    %1 = add %1, i64 1\n    store %0, %1\n"
      "    return %1\n}\n");
  std::vector<std::int64_t> global{41};
  running.lend(global);
  EXPECT_FALSE(running.call<std::int64_t>("f", {}).has_value());
  running.interpreter.provide_global(77, global.data());
  EXPECT_EQ(running.value<std::int64_t>("f", {}), 42);
  EXPECT_EQ(global[0], 42);
}

}  // namespace
}  // namespace smf::mir
