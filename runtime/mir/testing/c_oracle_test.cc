// The interpreter against C: random functions are run by it and, as C that is made of them, by what
// gcc makes of that. Results, traps and what is left in the global have to be the same.
//
// SMF_LONG=1 in the environment tries 20 000 functions. SMF_SEED=n tries that of one seed, and
// prints it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/mir/interpreter.h"
#include "runtime/mir/testing/c_library.h"
#include "runtime/mir/testing/emit_c.h"
#include "runtime/mir/testing/random_function.h"
#include "runtime/mir/testing/sample_values.h"
#include "runtime/mir/testing/unit_coverage.h"
#include "runtime/mir/text.h"

namespace smf::mir {
namespace {

const std::uint64_t kFunctions = std::getenv("SMF_LONG") != nullptr ? 20'000 : 300;
constexpr std::uint64_t kBatch = 200;  // functions of one C file
constexpr int kRuns = 5;               // of a function
constexpr std::uint64_t kGlobal = 0x0123'4567'89AB'CDEF;

// ---- What C does ----

struct CTrap {
  int kind = 0;
  int function = 0;  // a FunctionId
  int block = 0;

  friend bool operator==(const CTrap&, const CTrap&) = default;
};
std::jmp_buf leave_c;
CTrap c_trap;

[[noreturn]] void on_trap(int kind, int function, int block) {
  c_trap = {kind, function, block};
  std::longjmp(leave_c, 1);
}

using Entry = void (*)(const void* const* arguments, void* result);

// Nothing here is to be destroyed.
bool returns(Entry function, const void* const* arguments, void* result) {
  if (setjmp(leave_c) != 0) return false;
  function(arguments, result);
  return true;
}

void native(const void* const* arguments, void* result) {
  std::uint64_t word = 0;
  std::int16_t count = 0;
  std::memcpy(&word, arguments[0], sizeof word);
  std::memcpy(&count, arguments[1], sizeof count);
  word = word * 31 + static_cast<std::uint64_t>(count);
  std::memcpy(result, &word, sizeof word);
}

// ---- What there was ----

struct Seen {
  UnitCoverage coverage;
  std::uint64_t returned = 0;
  std::map<Trap::Kind, std::uint64_t> traps;
  std::uint64_t steps = 0;
};

// ---- The comparison ----

// How a run ended.
struct Outcome {
  std::optional<CTrap> trap{};
  std::string message{};  // only the interpreter says one
  std::vector<std::byte> result{};
  std::uint64_t global = 0;
};

// A function, as both have it.
class Trial {
 public:
  explicit Trial(std::uint64_t seed) : seed_(seed), prefix_(fmt::format("s{}_", seed)) {
    interpreter_.lend(&global_, sizeof global_, true);
    interpreter_.provide_global(kRandomGlobal, &global_);
    interpreter_.provide(
        std::string(kRandomNative),
        [](std::span<const void* const> given, void* result) { native(given.data(), result); });
  }

  std::string c_code() {
    auto added = program_.add(random_function(seed_));
    if (!added) return refuse(added.error());
    const auto made = program_.make({.name = "f0"});
    if (!made) return refuse(made.error());
    function_ = *made;
    const auto parts = program_.unit().parts(program_.unit().functions[function_].signature);
    types_.assign(parts.begin(), parts.end());
    auto emitted = emit_c(program_, layouts_, prefix_, std::span(&function_, 1));
    if (!emitted) return refuse(emitted.error());
    emitted_ = *std::move(emitted);
    return std::move(emitted_.code);
  }

  void run(const CLibrary& library, Seen& seen, bool is_shown) {
    const Entry entry =
        library.find<std::remove_pointer_t<Entry>>(fmt::format("{}f{}_call", prefix_, function_));
    ASSERT_NE(entry, nullptr);
    for (std::size_t i = 0; i != emitted_.natives.size(); ++i) {
      ASSERT_EQ(emitted_.natives[i], kRandomNative);
      *library.find<Entry>(fmt::format("{}native{}", prefix_, i)) = &native;
    }
    for (const Symbol symbol : emitted_.globals) {
      ASSERT_EQ(symbol, kRandomGlobal);
      *library.find<void*>(fmt::format("{}global{}", prefix_, symbol)) = &global_;
    }
    RandomChoice choice(seed_);
    for (int run = 0; run != kRuns; ++run) {
      std::vector<std::vector<std::byte>> arguments;
      for (std::size_t i = 1; i != types_.size(); ++i)
        arguments.push_back(values_.random(types_[i], choice));
      std::vector<const void*> pointers;
      for (const auto& argument : arguments) pointers.push_back(argument.data());
      const Outcome expected = interpret(pointers, seen);
      // What C would not notice is not tried in C.
      const bool is_for_c = !expected.trap || expected.trap->kind <= kLastOwnTrap;
      const Outcome found = is_for_c ? run_c(entry, pointers) : Outcome{};
      const bool is_same = is_for_c && are_same(expected, found);
      if (is_same && !is_shown) continue;
      std::string shown = fmt::format("seed {}\n", seed_);
      for (std::size_t i = 1; i != types_.size(); ++i)
        shown += fmt::format("argument {}: {}\n", i - 1,
                             values_.show(types_[i], arguments[i - 1].data()));
      shown += fmt::format("interpreter: {}\n", show(expected));
      shown += fmt::format("C:           {}\n", is_for_c ? show(found) : "not tried");
      if (!is_same) {
        ADD_FAILURE() << shown << write_text(random_function(seed_));
        return;
      }
      std::fputs(shown.c_str(), stdout);
    }
  }

 private:
  static constexpr int kLastOwnTrap = static_cast<int>(Trap::Kind::kUnreachable);

  Outcome interpret(std::span<const void* const> arguments, Seen& seen) {
    Outcome outcome{.result = room()};
    global_ = kGlobal;
    const auto done = interpreter_.run(function_, arguments, outcome.result.data());
    outcome.global = global_;
    seen.steps += interpreter_.steps();
    if (done) {
      ++seen.returned;
      return outcome;
    }
    const Trap& trap = done.error();
    ++seen.traps[trap.kind];
    int function = 0;
    while (name_of(function) != trap.function && name_of(function) != "nothing") ++function;
    outcome.trap = {static_cast<int>(trap.kind), function, static_cast<int>(trap.block)};
    outcome.message = trap.message;
    return outcome;
  }
  Outcome run_c(Entry entry, std::span<const void* const> arguments) {
    Outcome outcome{.result = room()};
    global_ = kGlobal;
    if (!returns(entry, arguments.data(), outcome.result.data())) outcome.trap = c_trap;
    outcome.global = global_;
    return outcome;
  }
  std::vector<std::byte> room() { return std::vector<std::byte>(layouts_.of(types_[0])->size + 1); }

  bool are_same(const Outcome& left, const Outcome& right) {
    if (left.trap != right.trap || left.global != right.global) return false;
    return left.trap || values_.are_equal(types_[0], left.result.data(), right.result.data());
  }
  std::string show(const Outcome& outcome) {
    if (!outcome.trap)
      return fmt::format("{}, global {:#x}", values_.show(types_[0], outcome.result.data()),
                         outcome.global);
    return fmt::format("trap {} in {}, block {}, global {:#x} {}", outcome.trap->kind,
                       name_of(outcome.trap->function), outcome.trap->block, outcome.global,
                       outcome.message);
  }
  std::string refuse(const Error& error) {
    ADD_FAILURE() << "seed " << seed_ << ": " << error.describe() << "\n"
                  << write_text(random_function(seed_));
    return "";
  }
  std::string_view name_of(int function) const {
    const auto id = static_cast<FunctionId>(function);
    if (id >= program_.unit().functions.size()) return "nothing";
    return program_.unit().string(program_.unit().functions[id].name);
  }

  const std::uint64_t seed_;
  const std::string prefix_;
  std::uint64_t global_ = 0;
  Program program_{};
  Layouts layouts_{program_};
  SampleValues values_{program_, layouts_};
  Interpreter interpreter_{program_, layouts_, {.is_checked = true, .max_steps = 100'000}};
  FunctionId function_ = 0;
  std::vector<TypeId> types_{};  // the result's, and the arguments'
  EmittedC emitted_{};
};

void compare(std::uint64_t first, std::uint64_t last, Seen& seen, bool is_shown = false) {
  for (std::uint64_t begin = first; begin <= last; begin += kBatch) {
    std::string code(c_prologue());
    const std::size_t prologue = code.size();
    std::vector<std::unique_ptr<Trial>> trials;
    for (std::uint64_t seed = begin; seed <= std::min(last, begin + kBatch - 1); ++seed) {
      seen.coverage.add(random_function(seed));
      trials.push_back(std::make_unique<Trial>(seed));
      code += trials.back()->c_code();
    }
    if (testing::Test::HasFailure()) return;
    if (is_shown) std::fputs(code.c_str() + prologue, stdout);
    const CLibrary library(code);
    ASSERT_EQ(library.error(), "") << "seeds from " << begin;
    *library.find<decltype(&on_trap)>("smf_trap") = &on_trap;
    for (const auto& one : trials) one->run(library, seen, is_shown);
    if (testing::Test::HasFailure()) return;
  }
}

void print(const Seen& seen) {
  const auto trapped = [&](Trap::Kind kind) {
    const auto found = seen.traps.find(kind);
    return found == seen.traps.end() ? 0 : found->second;
  };
  fmt::print("{} returned; trapped: {} operations, {} abort, {} unreachable; {} steps\n",
             seen.returned, trapped(Trap::Kind::kOperation), trapped(Trap::Kind::kAbort),
             trapped(Trap::Kind::kUnreachable), seen.steps);
}

class COracle : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("SMF_EMULATE_CPU") != nullptr)
      GTEST_SKIP() << "gcc is not for the processor that is emulated";
    const CLibrary probe(c_prologue());
    if (probe.is_missing()) GTEST_SKIP() << "there is no gcc in PATH";
    ASSERT_EQ(probe.error(), "");
  }
};

TEST_F(COracle, TheInterpreterAndCAgree) {
  Seen seen;
  if (const char* const seed = std::getenv("SMF_SEED")) {
    const std::uint64_t one = std::strtoull(seed, nullptr, 0);
    std::fputs(write_text(random_function(one)).c_str(), stdout);
    compare(one, one, seen, true);
    return print(seen);
  }
  compare(1, kFunctions, seen);
  print(seen);
  if (!HasFailure()) seen.coverage.expect_each();
}

// Whatever a Program has made can be C: here the templates of testdata, for i64.
TEST_F(COracle, TemplatesAreC) {
  std::string code(c_prologue());
  std::string sum;
  for (const std::string_view name : {"basic", "map", "matrix", "slices", "sort", "text", "vec"}) {
    std::ifstream file(fmt::format("testdata/templates/{}.mir", name));
    ASSERT_TRUE(file.is_open()) << name;
    std::stringstream text;
    text << file.rdbuf();
    const auto unit = read_text(text.str());
    ASSERT_TRUE(unit) << unit.error().describe();
    Program program;
    Layouts layouts(program);
    ASSERT_TRUE(program.add(*unit));
    std::vector<FunctionId> entries;
    for (const Function& function : unit->functions) {
      Callee callee{.name = std::string(unit->string(function.name))};
      callee.arguments.assign(function.parameters.count, primitive(TypeKind::kI64));
      const auto made = program.make(callee);
      ASSERT_TRUE(made) << made.error().describe();
      entries.push_back(*made);
      if (callee.name == "sum") sum = fmt::format("slices_f{}_call", *made);
    }
    const auto emitted = emit_c(program, layouts, fmt::format("{}_", name), entries);
    ASSERT_TRUE(emitted) << emitted.error().describe();
    code += emitted->code;
  }
  const CLibrary library(code);
  ASSERT_EQ(library.error(), "");
  const std::int64_t values[] = {1, -20, 300};
  const struct {
    const std::int64_t* data;
    std::uint64_t size;
  } slice{values, 3};
  const void* const arguments[] = {&slice};
  std::int64_t result = 0;
  library.find<void(const void* const*, void*)>(sum)(arguments, &result);
  EXPECT_EQ(result, 281);
}

}  // namespace
}  // namespace smf::mir
