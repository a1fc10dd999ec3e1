// What random functions promise: they verify, they end, and there is everything in them.
// SMF_LONG=1 in the environment tries 100 000.
#include "runtime/mir/testing/random_function.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "runtime/mir/interpreter.h"
#include "runtime/mir/testing/sample_values.h"
#include "runtime/mir/testing/unit_coverage.h"
#include "runtime/mir/text.h"
#include "runtime/mir/verify.h"

namespace smf::mir {
namespace {

const std::uint64_t kRandomFunctions = std::getenv("SMF_LONG") != nullptr ? 100'000 : 1'000;

// All that `f0` may call as well.
void expect_valid(Program& program, Layouts& layouts) {
  for (FunctionId id = 0; id != program.unit().functions.size(); ++id) {
    const auto verified = verify(program, layouts, id);
    ASSERT_TRUE(verified) << verified.error().describe();
    for (const Callee& callee : std::vector(program.dependencies(id))) {
      if (!program.has(callee.name)) {
        ASSERT_EQ(callee.name, kRandomNative);
        continue;
      }
      const auto made = program.make(callee);
      ASSERT_TRUE(made) << made.error().describe();
    }
  }
}

TEST(RandomFunction, EachVerifiesAndEnds) {
  std::uint64_t returned = 0, trapped = 0;
  for (std::uint64_t seed = 1; seed <= kRandomFunctions; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Program program;
    Layouts layouts(program);
    const auto added = program.add(random_function(seed));
    ASSERT_TRUE(added) << added.error().describe();
    const auto made = program.make({.name = "f0"});
    ASSERT_TRUE(made) << made.error().describe();
    ASSERT_NO_FATAL_FAILURE(expect_valid(program, layouts));
    Interpreter interpreter(program, layouts, {.is_checked = true, .max_steps = 50'000});
    std::uint64_t global = seed;
    interpreter.lend(&global, sizeof global, true);
    interpreter.provide_global(kRandomGlobal, &global);
    interpreter.provide(
        std::string(kRandomNative),
        [](std::span<const void* const> given, void* result) { std::memcpy(result, given[0], 8); });
    SampleValues values(program, layouts);
    RandomChoice choice(seed);
    const auto parts = program.unit().parts(program.unit().functions[*made].signature);
    const std::vector<TypeId> types(parts.begin(), parts.end());
    std::vector<std::vector<std::byte>> arguments;
    for (std::size_t i = 1; i != types.size(); ++i)
      arguments.push_back(values.random(types[i], choice));
    std::vector<const void*> pointers;
    for (const auto& argument : arguments) pointers.push_back(argument.data());
    std::vector<std::byte> result(layouts.of(types[0])->size + 1);
    const auto done = interpreter.run(*made, pointers, result.data());
    ++(done ? returned : trapped);
    if (done) continue;
    ASSERT_LE(done.error().kind, Trap::Kind::kUnreachable) << done.error().message << "\n"
                                                           << write_text(random_function(seed));
  }
  EXPECT_GT(returned, trapped * 4);
  EXPECT_GT(trapped, kRandomFunctions / 50);
}

TEST(RandomFunction, ASeedIsAFunction) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(random_function(seed), random_function(seed));
    EXPECT_NE(random_function(seed), random_function(seed + 1));
  }
}

TEST(RandomFunction, ThereIsEverything) {
  UnitCoverage seen;
  for (std::uint64_t seed = 1; seed <= 1'500; ++seed) seen.add(random_function(seed));
  seen.expect_each();
  seen.expect_each_of_each_type();
}

}  // namespace
}  // namespace smf::mir
