// The calling convention against C's: random functions of which some are machine code of ours and
// the others what gcc makes of the same as C, calling each other with whatever types they have.
//
// SMF_LONG=1 in the environment tries 10 000 functions; SMF_SEED=n tries that of one seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "runtime/codegen/testing/native_program.h"
#include "runtime/mir/interpreter.h"
#include "runtime/mir/testing/c_library.h"
#include "runtime/mir/testing/emit_c.h"
#include "runtime/mir/testing/random_function.h"
#include "runtime/mir/testing/sample_values.h"
#include "runtime/mir/text.h"

namespace smf::codegen {
namespace {

using mir::TypeId;

constexpr std::uint64_t kMixtures = 100;  // functions of one C file
constexpr std::uint64_t kMixedGlobal = 0x0123'4567'89AB'CDEF;

std::uint64_t mixing_native(std::uint64_t word, std::int16_t count) {
  return word * 31 + static_cast<std::uint64_t>(count);
}
void called_native(const void* const* arguments, void* result) {
  std::uint64_t word = 0;
  std::int16_t count = 0;
  std::memcpy(&word, arguments[0], sizeof word);
  std::memcpy(&count, arguments[1], sizeof count);
  word = mixing_native(word, count);
  std::memcpy(result, &word, sizeof word);
}

// Of what C has compiled. gcc describes its frames, so this passes through them.
struct CTrapped {
  int kind = 0;
  int function = 0;
  int block = 0;
};
void throw_c_trap(int kind, int function, int block) { throw CTrapped{kind, function, block}; }

// A random unit of which half of the functions are C's.
class Mixture {
 public:
  explicit Mixture(std::uint64_t seed)
      : seed_(seed),
        prefix_(fmt::format("m{}_", seed)),
        native_(program_, layouts_,
                {.compiler = {.is_optimised = seed % 2 == 0}, .is_one_piece = seed % 3 != 0}) {
    interpreter_.lend(&global_, sizeof global_, true);
    interpreter_.provide_global(mir::kRandomGlobal, &global_);
    interpreter_.provide(std::string(mir::kRandomNative),
                         [](std::span<const void* const> given, void* result) {
                           called_native(given.data(), result);
                         });
    native_.provide(std::string(mir::kRandomNative), reinterpret_cast<const void*>(&mixing_native));
    native_.provide_global(mir::kRandomGlobal, &global_);
  }

  std::string c_code() {
    const auto added = program_.add(mir::random_function(seed_));
    EXPECT_TRUE(added) << added.error().describe();
    const auto made = program_.make({.name = "f0"});
    EXPECT_TRUE(made) << made.error().describe();
    function_ = *made;
    auto emitted = mir::emit_c(program_, layouts_, prefix_, std::span(&function_, 1));
    EXPECT_TRUE(emitted) << emitted.error().describe();
    emitted_ = *std::move(emitted);
    return std::move(emitted_.code);
  }

  void run(const mir::CLibrary& library) {
    using Called = void (*)(const void* const*, void*);
    for (std::size_t i = 0; i != emitted_.natives.size(); ++i)
      *library.find<Called>(fmt::format("{}native{}", prefix_, i)) = &called_native;
    for (const mir::Symbol symbol : emitted_.globals)
      *library.find<void*>(fmt::format("{}global{}", prefix_, symbol)) = &global_;
    // Of one seed in five the first too, so that a caller of ours calls it.
    for (const mir::FunctionId id : emitted_.functions) {
      if (id == function_ ? seed_ % 5 != 0 : (seed_ + id) % 2 == 0) continue;
      native_.provide(name_of(id), library.find<void>(fmt::format("{}f{}", prefix_, id)));
    }
    const auto parts = program_.unit().parts(program_.unit().functions[function_].signature);
    const std::vector<TypeId> types(parts.begin(), parts.end());
    mir::RandomChoice choice(seed_);
    for (int n = 0; n != 3; ++n) {
      std::vector<std::vector<std::byte>> arguments;
      for (std::size_t i = 1; i != types.size(); ++i)
        arguments.push_back(values_.random(types[i], choice));
      std::vector<const void*> pointers;
      for (const auto& argument : arguments) pointers.push_back(argument.data());
      compare(types[0], pointers);
      if (testing::Test::HasFailure()) return;
    }
  }

 private:
  struct Outcome {
    std::string trap{};
    std::vector<std::byte> result{};
    std::uint64_t global = 0;
  };

  void compare(TypeId type, std::span<const void* const> arguments) {
    const std::size_t size = type == mir::kNone ? 1 : layouts_.of(type)->size + 1;
    Outcome expected{.result = std::vector<std::byte>(size)};
    global_ = kMixedGlobal;
    const auto done = interpreter_.run(function_, arguments, expected.result.data());
    if (!done) expected.trap = describe(done.error());
    expected.global = global_;
    Outcome found{.result = std::vector<std::byte>(size)};
    global_ = kMixedGlobal;
    try {
      const auto called = native_.call(function_, arguments, found.result.data());
      if (!called) found.trap = describe(called.error());
    } catch (const CTrapped& trapped) {
      found.trap =
          fmt::format("{} in {}, block {}", trapped.kind,
                      name_of(static_cast<mir::FunctionId>(trapped.function)), trapped.block);
    }
    found.global = global_;
    const bool is_same = expected.trap == found.trap && expected.global == found.global &&
                         (!expected.trap.empty() || type == mir::kNone ||
                          values_.are_equal(type, expected.result.data(), found.result.data()));
    EXPECT_TRUE(is_same) << "seed " << seed_ << "\ninterpreter: " << show(type, expected)
                         << "\nmixed:       " << show(type, found) << "\n"
                         << write_text(mir::random_function(seed_));
  }
  static std::string describe(const mir::Trap& trap) {
    if (trap.kind > mir::Trap::Kind::kUnreachable) return trap.message;
    return fmt::format("{} in {}, block {}", static_cast<int>(trap.kind), trap.function,
                       trap.block);
  }
  std::string show(TypeId type, const Outcome& outcome) {
    return fmt::format("{} {}, global {:#x}", outcome.trap,
                       type == mir::kNone ? "" : values_.show(type, outcome.result.data()),
                       outcome.global);
  }
  std::string name_of(mir::FunctionId id) const {
    return std::string(program_.unit().string(program_.unit().functions[id].name));
  }

  const std::uint64_t seed_;
  const std::string prefix_;
  std::uint64_t global_ = 0;
  mir::Program program_{};
  mir::Layouts layouts_{program_};
  mir::SampleValues values_{program_, layouts_};
  mir::Interpreter interpreter_{program_, layouts_, {.is_checked = true, .max_steps = 100'000}};
  NativeProgram native_;
  mir::FunctionId function_ = 0;
  mir::EmittedC emitted_{};
};

TEST(CConvention, FunctionsOfOursAndOfGccCallEachOther) {
  if (std::getenv("SMF_EMULATE_CPU") != nullptr)
    GTEST_SKIP() << "gcc is not for the processor that is emulated";
  std::uint64_t first = 1, last = std::getenv("SMF_LONG") != nullptr ? 10'000 : 200;
  if (const char* const seed = std::getenv("SMF_SEED"))
    first = last = std::strtoull(seed, nullptr, 0);
  for (std::uint64_t begin = first; begin <= last && !HasFailure(); begin += kMixtures) {
    std::string code(mir::c_prologue());
    std::vector<std::unique_ptr<Mixture>> mixtures;
    for (std::uint64_t seed = begin; seed <= std::min(last, begin + kMixtures - 1); ++seed) {
      mixtures.push_back(std::make_unique<Mixture>(seed));
      code += mixtures.back()->c_code();
    }
    // All functions can be seen from outside.
    const mir::CLibrary library(code, {"-Dstatic=", "-fgnu89-inline", "-fexceptions"});
    if (library.is_missing()) GTEST_SKIP() << "there is no gcc in PATH";
    ASSERT_EQ(library.error(), "") << "seeds from " << begin;
    *library.find<decltype(&throw_c_trap)>("smf_trap") = &throw_c_trap;
    for (const auto& mixture : mixtures) mixture->run(library);
  }
}

}  // namespace
}  // namespace smf::codegen
