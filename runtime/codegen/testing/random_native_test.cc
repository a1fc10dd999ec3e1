// Machine code against the interpreter: random functions are run by both. Results, traps and what
// is left in the global have to be the same.
//
// SMF_LONG=1 in the environment tries 100 000 functions (10 000 where they are emulated);
// SMF_SEED=n tries that of one seed, and prints it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/codegen/testing/native_program.h"
#include "runtime/mir/interpreter.h"
#include "runtime/mir/testing/random_function.h"
#include "runtime/mir/testing/sample_values.h"
#include "runtime/mir/testing/unit_coverage.h"
#include "runtime/mir/text.h"

namespace smf::codegen {
namespace {

using mir::TypeId;

constexpr int kRuns = 5;  // of a function
constexpr std::uint64_t kGlobal = 0x0123'4567'89AB'CDEF;

std::uint64_t functions() {
  const bool is_emulated = std::getenv("SMF_EMULATE_CPU") != nullptr;
  if (std::getenv("SMF_LONG") != nullptr) return is_emulated ? 10'000 : 100'000;
  return is_emulated ? 100 : 500;
}

std::uint64_t native(std::uint64_t word, std::int16_t count) {
  return word * 31 + static_cast<std::uint64_t>(count);
}

struct Seen {
  mir::UnitCoverage coverage{};
  std::uint64_t returned = 0;
  std::uint64_t trapped = 0;
  std::uint64_t code_bytes = 0;
};

struct Outcome {
  std::expected<void, mir::Trap> done{};
  std::vector<std::byte> result{};
  std::uint64_t global = 0;
};

class Trial {
 public:
  explicit Trial(std::uint64_t seed)
      : seed_(seed),
        native_(
            program_, layouts_,
            {.compiler = {.encoding = {.features = seed % 8 == 7 ? Features{} : native_features(),
                                       .checks_frames = seed % 2 == 0},
                          .is_optimised = seed % 4 != 3,
                          .keeps_listing = std::getenv("SMF_SEED") != nullptr},
             .is_one_piece = seed % 3 != 0}) {
    interpreter_.lend(&global_, sizeof global_, true);
    interpreter_.provide_global(mir::kRandomGlobal, &global_);
    interpreter_.provide(std::string(mir::kRandomNative),
                         [](std::span<const void* const> given, void* result) {
                           std::uint64_t word = 0;
                           std::int16_t count = 0;
                           std::memcpy(&word, given[0], sizeof word);
                           std::memcpy(&count, given[1], sizeof count);
                           word = native(word, count);
                           std::memcpy(result, &word, sizeof word);
                         });
    native_.provide(std::string(mir::kRandomNative), reinterpret_cast<const void*>(&native));
    native_.provide_global(mir::kRandomGlobal, &global_);
  }

  void run(Seen& seen, bool is_shown) {
    const auto added = program_.add(mir::random_function(seed_));
    ASSERT_TRUE(added) << added.error().describe();
    const auto made = program_.make({.name = "f0"});
    ASSERT_TRUE(made) << made.error().describe();
    const auto placed = native_.place(*made);
    if (is_shown) std::fputs(native_.listing().c_str(), stdout);
    ASSERT_TRUE(placed) << "seed " << seed_ << ": " << placed.error().describe();
    const auto parts = program_.unit().parts(program_.unit().functions[*made].signature);
    const std::vector<TypeId> types(parts.begin(), parts.end());
    mir::RandomChoice choice(seed_);
    for (int run = 0; run != kRuns; ++run) {
      std::vector<std::vector<std::byte>> arguments;
      for (std::size_t i = 1; i != types.size(); ++i)
        arguments.push_back(values_.random(types[i], choice));
      std::vector<const void*> pointers;
      for (const auto& argument : arguments) pointers.push_back(argument.data());
      const Outcome expected = interpret(*made, types[0], pointers);
      // What only the interpreter notices is not tried.
      if (!expected.done && expected.done.error().kind > mir::Trap::Kind::kUnreachable) {
        ADD_FAILURE() << "seed " << seed_ << ": " << expected.done.error().message;
        return;
      }
      if (is_shown) std::fputs((show(types[0], expected) + "\n").c_str(), stdout);
      const Outcome found = run_native(*made, types[0], pointers);
      ++(expected.done ? seen.returned : seen.trapped);
      if (are_same(types[0], expected, found)) continue;
      std::string shown = fmt::format("seed {}\n", seed_);
      for (std::size_t i = 1; i != types.size(); ++i)
        shown += fmt::format("argument {}: {}\n", i - 1,
                             values_.show(types[i], arguments[i - 1].data()));
      ADD_FAILURE() << shown << "interpreter: " << show(types[0], expected)
                    << "\nnative:      " << show(types[0], found) << "\n"
                    << write_text(mir::random_function(seed_));
      return;
    }
    seen.code_bytes += native_.code_bytes();
  }

 private:
  Outcome interpret(mir::FunctionId function, TypeId type, std::span<const void* const> arguments) {
    Outcome outcome{.result = room(type)};
    global_ = kGlobal;
    outcome.done = interpreter_.run(function, arguments, outcome.result.data());
    outcome.global = global_;
    return outcome;
  }
  Outcome run_native(mir::FunctionId function, TypeId type,
                     std::span<const void* const> arguments) {
    Outcome outcome{.result = room(type)};
    global_ = kGlobal;
    outcome.done = native_.call(function, arguments, outcome.result.data());
    outcome.global = global_;
    return outcome;
  }
  std::vector<std::byte> room(TypeId type) {
    const std::size_t size = type == mir::kNone ? 0 : layouts_.of(type)->size;
    return std::vector<std::byte>(size + 1);
  }
  bool are_same(TypeId type, const Outcome& left, const Outcome& right) {
    if (left.global != right.global || left.done.has_value() != right.done.has_value())
      return false;
    if (left.done)
      return type == mir::kNone || values_.are_equal(type, left.result.data(), right.result.data());
    const mir::Trap &a = left.done.error(), &b = right.done.error();
    return a.kind == b.kind && a.function == b.function && a.block == b.block &&
           a.message == b.message;
  }
  std::string show(TypeId type, const Outcome& outcome) {
    if (outcome.done) {
      return fmt::format("{}, global {:#x}",
                         type == mir::kNone ? "" : values_.show(type, outcome.result.data()),
                         outcome.global);
    }
    const mir::Trap& trap = outcome.done.error();
    return fmt::format("trap {} in {}, block {}, global {:#x}: {}", static_cast<int>(trap.kind),
                       trap.function, trap.block, outcome.global, trap.message);
  }

  const std::uint64_t seed_;
  std::uint64_t global_ = 0;
  mir::Program program_{};
  mir::Layouts layouts_{program_};
  mir::SampleValues values_{program_, layouts_};
  mir::Interpreter interpreter_{program_, layouts_, {.is_checked = true, .max_steps = 100'000}};
  NativeProgram native_;
};

TEST(RandomNative, MachineCodeDoesWhatTheInterpreterDoes) {
  Seen seen;
  if (const char* const seed = std::getenv("SMF_SEED")) {
    const std::uint64_t one = std::strtoull(seed, nullptr, 0);
    std::fputs(write_text(mir::random_function(one)).c_str(), stdout);
    Trial(one).run(seen, true);
    return;
  }
  for (std::uint64_t seed = 1; seed <= functions(); ++seed) {
    seen.coverage.add(mir::random_function(seed));
    Trial(seed).run(seen, false);
    if (HasFailure()) break;
  }
  fmt::print("{} returned, {} trapped; {} bytes of code\n", seen.returned, seen.trapped,
             seen.code_bytes);
  if (!HasFailure()) seen.coverage.expect_each();
}

}  // namespace
}  // namespace smf::codegen
