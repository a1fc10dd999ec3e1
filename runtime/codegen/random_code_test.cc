// Functions made at random do what C++ says, however many registers there are.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "runtime/codegen/testing/lir_evaluator.h"
#include "runtime/codegen/testing/native_code.h"
#include "runtime/codegen/testing/random_lir.h"
#include "runtime/codegen/testing/sentinels.h"

namespace smf::codegen {
namespace {

using Buffer = std::array<std::uint64_t, RandomLir::kBufferWords>;

struct Outcome {
  Buffer buffer{};
  std::string trap{};  // its message
};

Buffer start(std::uint64_t seed, const RandomLir& random) {
  std::mt19937_64 numbers(seed);
  Buffer buffer{};
  for (std::size_t n = 0; n != buffer.size(); ++n) {
    const double value =
        static_cast<double>(static_cast<std::int64_t>(numbers() % 2000) - 1000) / 8;
    buffer[n] = numbers() >> numbers() % 64;
    if (random.is_float(n, Width::k64)) buffer[n] = std::bit_cast<std::uint64_t>(value);
    if (random.is_float(n, Width::k32))
      buffer[n] = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  }
  return buffer;
}

Outcome expected_of(const RandomLir& random, const Buffer& input) {
  Outcome outcome{input, {}};
  LirEvaluator evaluator(random.function());
  evaluator.define("mix", [](auto values) {
    return std::vector{mix(values[0], values[1], std::bit_cast<double>(values[2]))};
  });
  evaluator.define("mix_float", [](auto values) {
    return std::vector{std::bit_cast<std::uint64_t>(
        mix_float(std::bit_cast<double>(values[0]), std::bit_cast<double>(values[1]), values[2]))};
  });
  const std::uint64_t argument = reinterpret_cast<std::uintptr_t>(outcome.buffer.data());
  if (!evaluator.run(std::span(&argument, 1)))
    outcome.trap = random.function().traps[evaluator.trap()].message;
  return outcome;
}

Outcome actual_of(const NativeCode& code, const Buffer& input) {
  Outcome outcome{input, {}};
  reset_sentinels();
  try {
    EXPECT_TRUE(call_with_sentinels(reinterpret_cast<const void*>(code.as<void(void*)>()),
                                    outcome.buffer.data()));
  } catch (const Trapped& trapped) {
    outcome.trap = trapped.message;
  }
  EXPECT_TRUE(sentinels_held());
  return outcome;
}

// Which NaN comes out is open.
bool is_same(const RandomLir& random, const Outcome& expected, const Outcome& actual) {
  if (expected.trap != actual.trap) return false;
  for (std::size_t n = 0; n != expected.buffer.size(); ++n) {
    const std::uint64_t one = expected.buffer[n], other = actual.buffer[n];
    if (one == other) continue;
    const auto is_nan = [&](std::uint64_t bits) {
      if (random.is_float(n, Width::k64)) return std::isnan(std::bit_cast<double>(bits));
      return random.is_float(n, Width::k32) &&
             std::isnan(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    };
    if (!is_nan(one) || !is_nan(other)) return false;
  }
  return true;
}

void check_random(std::uint64_t seed, const RandomLirOptions& options) {
  const RandomLir random(seed, options);
  const Buffer input = start(seed, random);
  const Outcome expected = expected_of(random, input);
  for (const Pressure pressure : kPressures)
    for (const bool is_native : {false, true}) {
      // Of AArch64 nothing is optional.
      if (!is_native && kThisMachine == Machine::kAArch64) continue;
      NativeOptions native{.pressure = pressure,
                           .symbols = {{"mix", observing_mix()},
                                       {"mix_float", observing_mix_float()},
                                       {"trap", observing_trap()}}};
      native.encoding.features = is_native ? native_features() : Features{};
      native.encoding.checks_frames = seed % 2 == 0;
      const NativeCode code(random.function(), native);
      ASSERT_TRUE(code.status()) << code.status().error().message;
      ASSERT_TRUE(is_same(random, expected, actual_of(code, input)))
          << "seed " << seed << " pressure " << static_cast<int>(pressure) << " native "
          << is_native << "\n"
          << describe(random.function());
      ASSERT_FALSE(testing::Test::HasFailure())
          << "seed " << seed << " pressure " << static_cast<int>(pressure) << "\n"
          << describe(random.function());
    }
}

TEST(RandomCode, WithoutCalls) {
  for (std::uint64_t seed = 0; seed != 120 && !HasFatalFailure(); ++seed)
    check_random(seed, {.variables = static_cast<unsigned>(1 + seed % 40),
                        .statements = static_cast<unsigned>(1 + seed % 60),
                        .has_calls = false});
}

TEST(RandomCode, WithCalls) {
  for (std::uint64_t seed = 1000; seed != 1120 && !HasFatalFailure(); ++seed)
    check_random(seed, {.variables = static_cast<unsigned>(1 + seed % 40),
                        .statements = static_cast<unsigned>(1 + seed % 60)});
}

TEST(RandomCode, WithTraps) {
  for (std::uint64_t seed = 2000; seed != 2120 && !HasFatalFailure(); ++seed)
    check_random(seed, {.variables = static_cast<unsigned>(1 + seed % 30),
                        .statements = static_cast<unsigned>(1 + seed % 40),
                        .has_calls = seed % 3 != 0,
                        .has_traps = true});
}

TEST(RandomCode, OfManyInstructions) {
  for (std::uint64_t seed = 3000; seed != 3003 && !HasFatalFailure(); ++seed)
    check_random(seed, {.variables = 60, .statements = 600});
}

}  // namespace
}  // namespace smf::codegen
