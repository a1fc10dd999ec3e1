// Calls between compiled functions and with C++, frames, and traps.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <array>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <limits>
#include <vector>

#include "runtime/codegen/testing/lir_builder.h"
#include "runtime/codegen/testing/native_code.h"
#include "runtime/codegen/testing/sentinels.h"

namespace smf::codegen {
namespace {

NativeOptions under(Pressure pressure) {
  NativeOptions options;
  options.pressure = pressure;
  return options;
}

// ---- Arguments ----

std::uint64_t weigh(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d,
                    std::uint64_t e, std::uint64_t f) {
  return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

TEST(Calls, ArgumentsChangePlacesAllAtOnce) {
  for (const Pressure pressure : kPressures) {
    LirBuilder builder("reverse");
    std::vector<Register> arguments;
    for (int n = 0; n != 6; ++n) arguments.push_back(builder.parameter(Bank::kGeneral));
    builder.block();
    const Register result = builder.general();
    builder.call_symbol(
        "weigh",
        {arguments[5], arguments[4], arguments[3], arguments[2], arguments[1], arguments[0]},
        {result});
    // Used after the call, so they are alive across it.
    builder.add({.op = Op::kSub, .dest = result, .a = result, .b = arguments[2]});
    builder.give_back(result);
    NativeOptions options = under(pressure);
    options.symbols["weigh"] = reinterpret_cast<const void*>(&weigh);
    const NativeCode code(builder.function(), options);
    ASSERT_TRUE(code.status());
    EXPECT_EQ(code.as<decltype(weigh)>()(1, 2, 3, 4, 5, 6), 123456u - 3);
  }
}

// Ten integers and ten floats; what no register is left for is on the stack, in order.
std::uint64_t many(std::uint64_t i0, double d0, std::uint64_t i1, double d1, std::uint64_t i2,
                   double d2, std::uint64_t i3, double d3, std::uint64_t i4, double d4,
                   std::uint64_t i5, double d5, std::uint64_t i6, double d6, std::uint64_t i7,
                   double d7, std::uint64_t i8, double d8, std::uint64_t i9, double d9) {
  const double floats[] = {d0, d1, d2, d3, d4, d5, d6, d7, d8, d9};
  const std::uint64_t integers[] = {i0, i1, i2, i3, i4, i5, i6, i7, i8, i9};
  std::uint64_t sum = 0;
  for (std::uint64_t n = 0; n != 10; ++n)
    sum = sum * 7 + integers[n] * (n + 1) + static_cast<std::uint64_t>(floats[n]) * (n + 11);
  return sum;
}

// Passes on what it is given.
TEST(Calls, ArgumentsOnTheStack) {
  for (const Pressure pressure : kPressures) {
    LirBuilder builder("pass_on");
    const std::size_t limits[2] = {passing_registers().general.size(),
                                   passing_registers().vector.size()};
    std::size_t used[2] = {};
    std::vector<std::pair<Bank, Register>> arguments;
    for (int n = 0; n != 20; ++n) {
      const Bank bank = n % 2 == 0 ? Bank::kGeneral : Bank::kVector;
      const bool has_register = used[n % 2]++ < limits[n % 2];
      arguments.push_back({bank, has_register ? builder.parameter(bank) : kNoRegister});
    }
    builder.block();
    std::vector<Register> in_registers;
    std::int32_t offset = 0;
    for (auto& [bank, reg] : arguments) {
      if (reg != kNoRegister) {
        in_registers.push_back(reg);
        continue;
      }
      const bool is_float = bank == Bank::kVector;
      reg = is_float ? builder.vector() : builder.general();
      builder.add({.op = is_float ? Op::kFloatLoad : Op::kLoad,
                   .base = Base::kIncoming,
                   .dest = reg,
                   .disp = offset});
      builder.add({.op = is_float ? Op::kFloatStore : Op::kStore,
                   .base = Base::kOutgoing,
                   .c = reg,
                   .disp = offset});
      offset += 8;
    }
    const Register result = builder.general();
    builder.call({.target = Call::Target::kSymbol,
                  .callee = builder.symbol("many"),
                  .stack_bytes = static_cast<std::uint32_t>((offset + 15) / 16 * 16)},
                 in_registers, std::span(&result, 1));
    builder.give_back(result);
    NativeOptions options = under(pressure);
    options.symbols["many"] = reinterpret_cast<const void*>(&many);
    const NativeCode code(builder.function(), options);
    ASSERT_TRUE(code.status());
    EXPECT_EQ(code.as<decltype(many)>()(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
                                        18, 19, 20),
              many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20));
  }
}

TEST(Calls, OfFunctionsWithAnyMoreArguments) {
  LirBuilder builder("print");
  const Register to = builder.parameter(Bank::kGeneral);
  const Register size = builder.parameter(Bank::kGeneral);
  const Register format = builder.parameter(Bank::kGeneral);
  const Register value = builder.parameter(Bank::kVector);
  builder.block();
  const Register result = builder.general();
  const Register arguments[] = {to, size, format, value};
  builder.call({.target = Call::Target::kSymbol,
                .callee = builder.symbol("snprintf"),
                .vector_arguments = 1,
                .is_variadic = true},
               arguments, std::span(&result, 1));
  builder.give_back(result);
  NativeOptions options;
  options.symbols["snprintf"] = reinterpret_cast<const void*>(&std::snprintf);
  const NativeCode code(builder.function(), options);
  char text[32] = {};
  EXPECT_EQ(
      code.as<int(char*, std::size_t, const char*, double)>()(text, sizeof text, "%.2f!", 2.5), 5);
  EXPECT_STREQ(text, "2.50!");
}

TEST(Calls, ThroughARegister) {
  for (const Pressure pressure : kPressures) {
    LirBuilder builder("through");
    const Register function = builder.parameter(Bank::kGeneral);
    const Register a = builder.parameter(Bank::kGeneral);
    builder.block();
    const Register result = builder.general();
    // The callee is where its first argument goes.
    builder.call({.target = Call::Target::kRegister, .callee = function}, std::span(&a, 1),
                 std::span(&result, 1));
    const Register again = builder.general();
    builder.call({.target = Call::Target::kRegister, .callee = function}, std::span(&result, 1),
                 std::span(&again, 1));
    builder.add({.op = Op::kAdd, .dest = again, .a = again, .b = a});
    builder.give_back(again);
    const NativeCode code(builder.function(), under(pressure));
    using Triple = std::uint64_t(std::uint64_t);
    Triple* const triple = [](std::uint64_t n) { return 3 * n; };
    EXPECT_EQ((code.as<std::uint64_t(Triple*, std::uint64_t)>()(triple, 5)), 50u);
  }
}

TEST(Calls, OneFunctionCallsItself) {
  for (const Pressure pressure : kPressures) {
    LirBuilder builder("fibonacci");
    const Register n = builder.parameter(Bank::kGeneral);
    builder.block();
    builder.branch_immediate(Condition::kBelow, Width::k64, n, 2, 1, 2);
    builder.block();
    builder.give_back(n);
    builder.block();
    const Register results[2] = {builder.general(), builder.general()};
    for (int i = 0; i != 2; ++i) {
      const Register less = builder.immediate(Op::kSub, Width::k64, n, i + 1);
      builder.call({.target = Call::Target::kFunction, .callee = 0}, std::span(&less, 1),
                   std::span(&results[i], 1));
    }
    builder.give_back(builder.binary(Op::kAdd, Width::k64, results[0], results[1]));
    const NativeCode code(builder.function(), under(pressure));
    EXPECT_EQ(code.as<std::uint64_t(std::uint64_t)>()(20), 6765u);
  }
}

// Gives back n * 2 or n * 2 + 1, as who is called last tells, by calls of the other for n - 1.
LirBuilder alternating(std::string_view name, std::uint32_t other, std::int64_t last) {
  LirBuilder builder(name);
  const Register n = builder.parameter(Bank::kGeneral);
  builder.block();
  builder.branch_immediate(Condition::kEqual, Width::k64, n, 0, 1, 2);
  builder.block();
  builder.give_back(builder.constant(last));
  builder.block();
  const Register less = builder.immediate(Op::kSub, Width::k64, n, 1);
  const Register result = builder.general();
  builder.call({.target = Call::Target::kFunction, .callee = other}, std::span(&less, 1),
               std::span(&result, 1));
  builder.give_back(builder.immediate(Op::kAdd, Width::k64, result, 2));
  return builder;
}

TEST(Calls, FunctionsThatAreCompiledTogether) {
  const LirBuilder even = alternating("even", 1, 0);
  const LirBuilder odd = alternating("odd", 0, 1);
  const NativeCode code({&even.function(), &odd.function()});
  ASSERT_TRUE(code.status());
  EXPECT_EQ(code.as<std::uint64_t(std::uint64_t)>(0)(7), 15u);
  EXPECT_EQ(code.as<std::uint64_t(std::uint64_t)>(1)(7), 14u);
  for (const Entry& entry : code.code().entries) EXPECT_EQ(entry.offset % Code::kAlignment, 0u);
  EXPECT_TRUE(code.code().relocations.empty());
}

struct Two {
  std::uint64_t first, second;
};

TEST(Calls, TwoResultsAndOneNobodyWants) {
  for (const Pressure pressure : kPressures) {
    LirBuilder builder("swap");
    const Register a = builder.parameter(Bank::kGeneral);
    const Register b = builder.parameter(Bank::kGeneral);
    builder.block();
    builder.give_back({b, a});
    LirBuilder caller("caller");
    const Register c = caller.parameter(Bank::kGeneral);
    const Register d = caller.parameter(Bank::kGeneral);
    caller.parameter(Bank::kGeneral);  // nobody reads it
    caller.block();
    const Register arguments[] = {c, d};
    const Register results[] = {caller.general(), caller.general()};
    caller.call({.target = Call::Target::kFunction, .callee = 0}, arguments, results);
    const Register swapped[] = {results[1], results[0]};
    const Register others[] = {caller.general(), caller.general()};
    caller.call({.target = Call::Target::kFunction, .callee = 0}, swapped, others);
    caller.give_back({others[0], results[0]});
    const NativeCode code({&builder.function(), &caller.function()}, under(pressure));
    ASSERT_TRUE(code.status());
    const Two two = code.as<Two(std::uint64_t, std::uint64_t, std::uint64_t)>(1)(3, 4, 5);
    EXPECT_EQ(two.first, 4u);
    EXPECT_EQ(two.second, 4u);
  }
}

// Bytes of a function that calls so many times, with or without a value that lives through it all.
std::size_t bytes_of_calls(int calls, bool has_value) {
  LirBuilder builder("calls");
  const Register a = builder.parameter(Bank::kGeneral);
  builder.block();
  if (has_value)
    for (int n = 0; n != 20; ++n) builder.store(a, 8 * n, a);
  for (int n = 0; n != calls; ++n) builder.call_symbol("mix", {}, {});
  if (has_value)
    for (int n = 0; n != 20; ++n) builder.store(a, 8 * n, a);
  builder.give_back();
  NativeOptions options;
  options.symbols["mix"] = observing_mix();
  const NativeCode code(builder.function(), options);
  EXPECT_EQ(code.allocations()[0].places[a].kind,
            has_value ? Place::Kind::kRegister : Place::Kind::kNone);
  return code.code().entries[0].size;
}

TEST(Calls, WhatNobodyReadsBetweenTwoIsSavedOnce) {
  if (kThisMachine != Machine::kX86_64) GTEST_SKIP() << "of x86-64 only";
  EXPECT_EQ(bytes_of_calls(5, true) - bytes_of_calls(2, true),
            bytes_of_calls(5, false) - bytes_of_calls(2, false));
  EXPECT_GT(bytes_of_calls(1, true), bytes_of_calls(1, false));
}

// ---- Traps ----

TEST(Traps, TellWhereTheyAreAndPassThroughCompiledCallers) {
  for (const Pressure pressure : kPressures) {
    LirBuilder inner("inner");
    const Register a = inner.parameter(Bank::kGeneral);
    inner.block();
    const std::uint32_t zero = inner.trap("it is zero", TrapKind::kAbort, 7);
    const std::uint32_t large = inner.trap("it is large", TrapKind::kOperation, 8);
    inner.trap("nobody comes here");
    inner.add({.op = Op::kTrapIf, .condition = Condition::kEqual, .a = a, .target = zero});
    inner.add({.op = Op::kTrapIf,
               .condition = Condition::kNotBelowEqual,
               .a = a,
               .target = large,
               .imm = 1000});
    inner.give_back(a);
    LirBuilder outer("outer");
    const Register argument = outer.parameter(Bank::kGeneral);
    outer.block();
    const Register number = outer.load(argument, 0);
    const Register result = outer.general();
    outer.call({.target = Call::Target::kFunction, .callee = 0}, std::span(&number, 1),
               std::span(&result, 1));
    outer.store(argument, 8, result);
    outer.give_back();
    int context = 0;
    NativeOptions options = under(pressure);
    options.symbols["trap"] = observing_trap();
    options.symbols["trap_context"] = &context;
    const NativeCode code({&inner.function(), &outer.function()}, options);
    ASSERT_TRUE(code.status());
    const auto run = [&](std::uint64_t number_in) {
      std::uint64_t memory[2] = {number_in, 0};
      reset_sentinels();
      EXPECT_TRUE(
          call_with_sentinels(reinterpret_cast<const void*>(code.as<void(void*)>(1)), memory));
      return memory[1];
    };
    EXPECT_EQ(run(5), 5u);
    const auto trapped_at = [&](std::uint64_t number_in) {
      try {
        run(number_in);
      } catch (const Trapped& trapped) {
        return trapped;
      }
      ADD_FAILURE() << "no trap";
      return Trapped{};
    };
    const Trapped first = trapped_at(0);
    EXPECT_TRUE(sentinels_held());
    EXPECT_EQ(first.message, "it is zero");
    EXPECT_EQ(first.function, "inner");
    EXPECT_EQ(first.record.kind, static_cast<std::uint32_t>(TrapKind::kAbort));
    EXPECT_EQ(first.record.block, 7u);
    EXPECT_EQ(first.context, &context);
    const Trapped second = trapped_at(1001);
    EXPECT_TRUE(sentinels_held());
    EXPECT_EQ(second.message, "it is large");
    EXPECT_EQ(second.record.block, 8u);
    EXPECT_EQ(as_text(code.code().bytes).find("nobody comes here"), std::string_view::npos);
  }
}

TEST(Traps, OfFloats) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const auto traps = [](Condition condition, double a, double b) {
    LirBuilder builder("compare");
    const Register left = builder.parameter(Bank::kVector);
    const Register right = builder.parameter(Bank::kVector);
    builder.block();
    builder.add({.op = Op::kTrapIfFloat,
                 .condition = condition,
                 .a = left,
                 .b = right,
                 .target = builder.trap("so it is")});
    builder.give_back();
    const NativeCode code(builder.function());
    try {
      code.as<void(double, double)>()(a, b);
    } catch (const Trapped&) {
      return true;
    }
    return false;
  };
  EXPECT_TRUE(traps(Condition::kEqual, 1, 1));
  EXPECT_FALSE(traps(Condition::kEqual, 1, 2));
  EXPECT_FALSE(traps(Condition::kEqual, kNaN, 1));
  EXPECT_TRUE(traps(Condition::kNotEqual, kNaN, kNaN));
  EXPECT_FALSE(traps(Condition::kNotEqual, 3, 3));
  EXPECT_FALSE(traps(Condition::kLess, kNaN, 1));
  EXPECT_TRUE(traps(Condition::kNotLess, kNaN, 1));
  EXPECT_TRUE(traps(Condition::kLess, 0, 1));
  EXPECT_FALSE(traps(Condition::kGreaterEqual, 0, 1));
}

TEST(Traps, OneThatAlwaysIs) {
  LirBuilder builder("unreachable");
  builder.block();
  builder.add({.op = Op::kTrap, .target = builder.trap("", TrapKind::kUnreachable)});
  const NativeCode code(builder.function());
  EXPECT_THROW(code.as<void()>()(), Trapped);
}

// ---- Frames ----

// A slot of so many bytes, the first and last of which are written.
LirBuilder with_slot(std::uint32_t size) {
  LirBuilder builder("large");
  const Register a = builder.parameter(Bank::kGeneral);
  builder.block();
  const std::uint32_t slot = builder.slot(size, 16);
  const auto end = static_cast<std::int32_t>(size - 8);
  builder.add({.op = Op::kStore, .base = Base::kSlot, .a = slot, .c = a});
  builder.add({.op = Op::kStore, .base = Base::kSlot, .a = slot, .c = a, .disp = end});
  const Register loaded[] = {builder.general(), builder.general(), builder.general()};
  builder.add({.op = Op::kLoad, .base = Base::kSlot, .dest = loaded[0], .a = slot});
  builder.add({.op = Op::kLoad, .base = Base::kSlot, .dest = loaded[1], .a = slot, .disp = end});
  builder.add({.op = Op::kAddress, .base = Base::kSlot, .dest = loaded[2], .a = slot});
  const Register sum = builder.binary(Op::kAdd, Width::k64, loaded[0], loaded[1]);
  const Register low = builder.immediate(Op::kAnd, Width::k64, loaded[2], 15);
  builder.give_back(builder.binary(Op::kAdd, Width::k64, sum, low));
  return builder;
}

TEST(Frames, OfManySizes) {
  for (const std::uint32_t size :
       {16u, 112u, 128u, 144u, 4000u, 4096u, 4112u, 8192u, 20000u, 40960u, 1000000u}) {
    const LirBuilder builder = with_slot(size);
    const NativeCode code(builder.function());
    EXPECT_EQ(code.as<std::uint64_t(std::uint64_t)>()(21), 42u) << size;
  }
}

TEST(Frames, ThatAreTooLargeAreAnError) {
  LirBuilder builder = with_slot(1u << 30);
  builder.slot(1u << 30, 16);
  const NativeCode code(builder.function());
  ASSERT_FALSE(code.status());
  EXPECT_EQ(code.status().error().code, ErrorCode::kLimit);
}

sigjmp_buf in_guard;

void leave_guard(int) { siglongjmp(in_guard, 1); }

struct GuardedRun {
  std::uint64_t (*function)(std::uint64_t) = nullptr;
  bool faulted = false;
};

void* run_guarded(void* argument) {
  auto* const run = static_cast<GuardedRun*>(argument);
  alignas(16) static std::array<std::byte, 1 << 16> other_stack;
  stack_t stack{};
  stack_t before{};  // a sanitizer's, who frees it
  stack.ss_sp = other_stack.data();
  stack.ss_size = other_stack.size();
  sigaltstack(&stack, &before);
  if (sigsetjmp(in_guard, 1) == 0)
    run->function(1);
  else
    run->faulted = true;
  sigaltstack(&before, nullptr);
  return nullptr;
}

// Behind the guard page there is memory that belongs to somebody else.
TEST(Frames, NoPageOfTheStackIsSkipped) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kStack = std::size_t{256} << 10;
  constexpr std::size_t kOthers = std::size_t{4} << 20;
  auto* const memory =
      static_cast<std::byte*>(mmap(nullptr, kOthers + kPage + kStack, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(static_cast<void*>(memory), MAP_FAILED);
  ASSERT_EQ(mprotect(memory + kOthers, kPage, PROT_NONE), 0);
  const LirBuilder builder = with_slot(2 << 20);
  const NativeCode code(builder.function());
  GuardedRun run{code.as<std::uint64_t(std::uint64_t)>()};
  struct sigaction action{};
  struct sigaction before{};
  action.sa_handler = leave_guard;
  action.sa_flags = SA_ONSTACK;
  ASSERT_EQ(sigaction(SIGSEGV, &action, &before), 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstack(&attributes, memory + kOthers + kPage, kStack), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, &attributes, run_guarded, &run), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  sigaction(SIGSEGV, &before, nullptr);
  EXPECT_TRUE(run.faulted);
  munmap(memory, kOthers + kPage + kStack);
}

#if defined(__x86_64__)

extern "C" void smf_test_lose_rbx();
asm(".text\n.p2align 4\nsmf_test_lose_rbx:\n endbr64\n xor %ebx, %ebx\n ret\n");

TEST(Frames, LostRegistersAreFound) {
  LirBuilder builder("calls_a_bad_one");
  builder.block();
  builder.call_symbol("lose", {}, {});
  builder.give_back();
  NativeOptions options;
  options.symbols["lose"] = reinterpret_cast<const void*>(&smf_test_lose_rbx);
  const NativeCode code(builder.function(), options);
  ASSERT_TRUE(code.status());
  EXPECT_EXIT(call_with_sentinels(reinterpret_cast<const void*>(code.as<void(void*)>()), nullptr),
              testing::KilledBySignal(SIGTRAP), "");
}

TEST(Frames, BeginWithALandingPadIfAsked) {
  constexpr std::array<std::uint8_t, 8> kBegin{0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5};
  for (const bool has_landing_pads : {false, true}) {
    const LirBuilder builder = with_slot(16);
    NativeOptions options;
    options.encoding.has_landing_pads = has_landing_pads;
    const NativeCode code(builder.function(), options);
    const auto expected = std::as_bytes(std::span(kBegin)).subspan(has_landing_pads ? 0 : 4);
    EXPECT_TRUE(std::ranges::equal(expected, std::span(code.code().bytes).first(expected.size())));
    EXPECT_EQ(code.as<std::uint64_t(std::uint64_t)>()(2), 4u);
  }
}

#endif

}  // namespace
}  // namespace smf::codegen
