// Templates of testdata/templates in a module, compiled natively, beside the same in C++.
#include <gtest/gtest.h>

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/exec/unwinding.h"
#include "runtime/jit/jit_testing.h"
#include "runtime/mir/running.h"

namespace smf {
namespace {

using mir::SliceOf;
using mir::Text;

std::string source_of(const char* file) {
  std::ifstream in(std::string("testdata/templates/") + file);
  EXPECT_TRUE(in.is_open()) << file;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

const void* find_memory(std::string_view name) {
  if (name == "allocate") return reinterpret_cast<const void*>(&std::malloc);
  if (name == "release") return reinterpret_cast<const void*>(&std::free);
  return nullptr;
}

class JitNative : public JitModules {
 protected:
  void open(const char* file, const std::vector<TestRow>& rows, JitOptions options = {}) {
    options.update_mode = UpdateMode::kOff;
    options.symbol_sources.push_back(find_memory);
    auto jit = JitInstantiator::create(std::move(options));
    ASSERT_TRUE(jit) << jit.error().describe();
    jit_ = *std::move(jit);
    load(*jit_, add("m.smf", note_text(rows), source_of(file)));
    // What others call, in a module of its own.
    if (std::string_view(file) != "basic.mir")
      load(*jit_, add("basic.smf", "", source_of("basic.mir")));
  }
  template <typename Function>
  Function* get(const std::string& symbol) {
    const JitResult result = jit_->try_jit_instantiate(symbol);
    EXPECT_TRUE(result.is_success()) << result.describe();
    return reinterpret_cast<Function*>(const_cast<void*>(result.address()));
  }

  std::unique_ptr<JitInstantiator> jit_;
  std::mt19937_64 random_{7};
};

template <typename T>
class JitNativeOf : public JitNative {
 protected:
  const std::string type = std::string(mir::type_name<T>());
  TestRow row(const std::string& name) const { return {name, type, name + "$" + type}; }
  template <typename Function>
  Function* get_of(const std::string& name) {
    return this->template get<Function>(name + "$" + type);
  }
  T one() {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(static_cast<int>(random_() % 2001) - 1000) / 8;
    } else {
      return static_cast<T>(random_());
    }
  }
  std::vector<T> values(std::size_t count) {
    std::vector<T> made(count);
    for (T& value : made) value = one();
    return made;
  }
};

using Numbers = testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                               std::uint16_t, std::uint32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(JitNativeOf, Numbers);

TYPED_TEST(JitNativeOf, IdentityMinMaxAndClamp) {
  using T = TypeParam;
  this->open("basic.mir", {this->row("identity"), this->row("swap"), this->row("min"),
                           this->row("max"), this->row("clamp")});
  auto* const clamp = this->template get_of<T(T, T, T)>("clamp");
  auto* const min = this->template get_of<T(T, T)>("min");
  auto* const max = this->template get_of<T(T, T)>("max");
  auto* const identity = this->template get_of<T(T)>("identity");
  auto* const swap = this->template get_of<void(T*, T*)>("swap");
  ASSERT_TRUE(clamp && min && max && identity && swap);
  for (int i = 0; i != 50; ++i) {
    const T a = this->one(), b = this->one(), c = this->one();
    EXPECT_EQ(identity(a), a);
    EXPECT_EQ(min(a, b), std::min(a, b));
    EXPECT_EQ(max(a, b), std::max(a, b));
    const auto [low, high] = std::minmax(b, c);
    EXPECT_EQ(clamp(a, low, high), std::clamp(a, low, high));
    T x = a, y = b;
    swap(&x, &y);
    EXPECT_EQ(x, b);
    EXPECT_EQ(y, a);
  }
}

TYPED_TEST(JitNativeOf, SlicesAreSummedReversedAndSearched) {
  using T = TypeParam;
  this->open("slices.mir", {this->row("sum"), this->row("dot"), this->row("reverse"),
                            this->row("binary_search")});
  using Slice = SliceOf<T>;
  auto* const sum = this->template get_of<T(Slice)>("sum");
  auto* const dot = this->template get_of<T(Slice, Slice)>("dot");
  auto* const reverse = this->template get_of<void(Slice)>("reverse");
  auto* const search = this->template get_of<std::int64_t(Slice, T)>("binary_search");
  ASSERT_TRUE(sum && dot && reverse && search);
  for (const std::size_t size : {0u, 1u, 2u, 33u}) {
    auto a = this->values(size), b = this->values(size);
    T expected_sum = 0, expected_dot = 0;
    for (std::size_t i = 0; i != size; ++i) {
      if constexpr (std::is_integral_v<T>) {
        expected_sum = static_cast<T>(static_cast<std::uint64_t>(expected_sum) +
                                      static_cast<std::uint64_t>(a[i]));
        expected_dot =
            static_cast<T>(static_cast<std::uint64_t>(expected_dot) +
                           static_cast<std::uint64_t>(a[i]) * static_cast<std::uint64_t>(b[i]));
      } else {
        expected_sum += a[i];
        expected_dot += a[i] * b[i];
      }
    }
    EXPECT_EQ(sum({a.data(), size}), expected_sum);
    EXPECT_EQ(dot({a.data(), size}, {b.data(), size}), expected_dot);
    auto reversed = a;
    std::ranges::reverse(reversed);
    reverse({a.data(), size});
    EXPECT_EQ(a, reversed);
    std::ranges::sort(a);
    for (const T value : a) {
      const std::int64_t at = search({a.data(), size}, value);
      ASSERT_TRUE(at >= 0 && at < static_cast<std::int64_t>(size));
      EXPECT_EQ(a[static_cast<std::size_t>(at)], value);
    }
  }
}

// quicksort and heap_sort call templates that have no row, one of them itself.
TYPED_TEST(JitNativeOf, Sorts) {
  using T = TypeParam;
  this->open("sort.mir", {this->row("quicksort"), this->row("heap_sort")});
  for (const char* const name : {"quicksort", "heap_sort"}) {
    auto* const sort = this->template get_of<void(SliceOf<T>)>(name);
    ASSERT_NE(sort, nullptr);
    for (const std::size_t size : {0u, 1u, 2u, 100u}) {
      auto values = this->values(size);
      auto expected = values;
      std::ranges::sort(expected);
      sort({values.data(), size});
      EXPECT_EQ(values, expected) << name << " of " << size;
    }
  }
}

TEST_F(JitNative, AVectorGrowsByTheEmbeddersMemory) {
  open("vec.mir", {{"Vec.push", "i64", "push"},
                   {"Vec.pop", "i64", "pop"},
                   {"unwrap_or", "i64", "unwrap"},
                   {"checked_div", "i32", "div"}});
  struct Vec {
    std::int64_t* data = nullptr;
    std::uint64_t len = 0, capacity = 0;
  } vec;
  struct Option {
    std::uint32_t tag;
    std::int64_t value;
  };
  auto* const push = get<void(Vec*, std::int64_t)>("push");
  auto* const pop = get<Option(Vec*)>("pop");
  auto* const unwrap = get<std::int64_t(Option, std::int64_t)>("unwrap");
  ASSERT_TRUE(push && pop && unwrap);
  for (std::int64_t i = 0; i != 100; ++i) push(&vec, i * i);
  for (std::int64_t i = 99; i >= 0; --i) EXPECT_EQ(unwrap(pop(&vec), -1), i * i);
  EXPECT_EQ(unwrap(pop(&vec), -1), -1);
  std::free(vec.data);
  struct Division {
    std::uint32_t tag;
    union {
      std::int32_t value;
      Text error;
    };
    Division() : tag(0), error() {}
  };
  auto* const divide = get<Division(std::int32_t, std::int32_t)>("div");
  ASSERT_NE(divide, nullptr);
  EXPECT_EQ(divide(7, 2).value, 3);
  EXPECT_EQ(divide(7, 0).tag, 1u);
  EXPECT_EQ(divide(7, 0).error.view(), "division by zero");
}

TEST_F(JitNative, WhatATextsOperatorsCallIsFound) {
  open("basic.mir", {{"max", "text", "max$text"}});
  const JitResult missing = jit_->try_jit_instantiate("max$text");
  EXPECT_EQ(error_of(missing), "'max$text' needs the function 'lt$text', which nobody provides");
  bool (*const less)(Text, Text) = [](Text a, Text b) { return a.view() < b.view(); };
  ASSERT_TRUE(jit_->register_symbol("lt$text", reinterpret_cast<const void*>(less)));
  auto* const max = get<Text(Text, Text)>("max$text");
  ASSERT_NE(max, nullptr);
  EXPECT_EQ(max(Text("apple"), Text("pear")).view(), "pear");
}

// As docs/jit.md has it.
TEST_F(JitNative, TheQuickStart) {
  const std::string path =
      add("basic.smf", note_text({{"max", "i64", "max$i64"}}), source_of("basic.mir"));
  const auto run = [&]() -> Result<std::int64_t> {
    JitOptions options;
    options.symbol_sources.push_back(dlsym_source());
    SMF_ASSIGN(const auto jit, JitInstantiator::create(options));
    SMF_TRY(jit->load_metadata(path));
    const JitResult result = jit->try_jit_instantiate("max$i64");
    if (!result.is_success()) return fail(ErrorCode::kNotFound, result.describe());
    const auto max = reinterpret_cast<std::int64_t (*)(std::int64_t, std::int64_t)>(
        const_cast<void*>(result.address()));
    const std::int64_t larger = max(3, 4);
    SMF_TRY(jit->flush());
    return larger;
  };
  const auto larger = run();
  ASSERT_TRUE(larger) << larger.error().describe();
  EXPECT_EQ(*larger, 4);
}

// ---- Traps ----

struct Trapped {
  std::jmp_buf place{};
  std::string function{}, message{};
  std::uint32_t block = 0;

  void take(const codegen::TrapRecord* record) {
    function = record->function();
    message = record->message();
    block = record->block;
  }
};

std::string dividing() {
  return "fn #1 over<T: numeric>(T, T) -> T entry 0 {\n  local %0 a: T arg 0\n"
         "  local %1 b: T arg 1\n  local %2: T temp\n  block 0:\n    %2 = div %0, %1\n"
         "    return %2\n}\n"
         "fn #2 halve<T: numeric>(T) -> T entry 0 {\n  local %0 a: T arg 0\n"
         "  local %1: T temp\n  block 0:\n    goto 1\n  block 1:\n    abort \"never\"\n}\n";
}

class JitTraps : public JitNative {
 protected:
  void open_dividing(JitOptions options) {
    options.update_mode = UpdateMode::kOff;
    auto jit = JitInstantiator::create(std::move(options));
    ASSERT_TRUE(jit) << jit.error().describe();
    jit_ = *std::move(jit);
    load(*jit_, add("d.smf", note_text({{"over", "i32", "over$i32"}, {"halve", "u8", "halve$u8"}}),
                    dividing()));
  }
};

TEST_F(JitTraps, AHandlerMayJump) {
  Trapped trapped;
  JitOptions options;
  options.trap_handler = [](void* context, const codegen::TrapRecord* record) {
    auto& to = *static_cast<Trapped*>(context);
    to.take(record);
    std::longjmp(to.place, 1);
  };
  options.trap_context = &trapped;
  open_dividing(options);
  auto* const over = get<std::int32_t(std::int32_t, std::int32_t)>("over$i32");
  auto* const halve = get<std::uint8_t(std::uint8_t)>("halve$u8");
  ASSERT_TRUE(over && halve);
  EXPECT_EQ(over(12, 4), 3);
  if (setjmp(trapped.place) == 0) over(1, 0);
  EXPECT_EQ(trapped.function, "over$i32");
  EXPECT_EQ(trapped.block, 0u);
  EXPECT_NE(trapped.message, "");
  if (setjmp(trapped.place) == 0) halve(1);
  EXPECT_EQ(trapped.function, "halve$u8");
  EXPECT_EQ(trapped.message, "never");
}

TEST_F(JitTraps, AHandlerMayThrowWhereTheUnwinderKnows) {
  CodeMemoryOptions memory_options;
  memory_options.listeners = {std::make_shared<Unwinding>()};
  auto memory = CodeMemory::create(memory_options);
  ASSERT_TRUE(memory);
  JitOptions options;
  options.code_memory = std::make_shared<CodeMemory>(*std::move(memory));
  options.trap_handler = [](void*, const codegen::TrapRecord* record) {
    throw std::runtime_error(std::string(record->function()));
  };
  open_dividing(options);
  auto* const over = get<std::int32_t(std::int32_t, std::int32_t)>("over$i32");
  ASSERT_NE(over, nullptr);
  try {
    over(1, 0);
    FAIL() << "it returned";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), std::string("over$i32"));
  }
}

TEST_F(JitTraps, WithoutAHandlerTheProcessIsToldAndEnds) {
  open_dividing({});
  auto* const over = get<std::int32_t(std::int32_t, std::int32_t)>("over$i32");
  ASSERT_NE(over, nullptr);
  EXPECT_DEATH(over(1, 0), "trap in over.i32, block 0");
}

TEST_F(JitTraps, AHandlerThatReturnsEndsTheProcess) {
  JitOptions options;
  options.trap_handler = [](void*, const codegen::TrapRecord*) {};
  open_dividing(options);
  auto* const over = get<std::int32_t(std::int32_t, std::int32_t)>("over$i32");
  ASSERT_NE(over, nullptr);
  EXPECT_DEATH(over(1, 0), "");
}

TEST_F(JitNative, GlobalsAreTheEmbedders) {
  static std::int64_t global = 41;
  const std::string text =
      "fn #1 next<T: numeric>(T) -> T entry 0 {\n  local %0 x: T arg 0\n"
      "  local %1: *mut T temp\n  local %2: T temp\n  block 0:\n    %1 = global mut #77\n"
      "    %2 = load %1\n    %2 = add %2, %0\n    store %1, %2\n    return %2\n}\n";
  const std::string path = add("g.smf", note_text({{"next", "i64", "next$i64"}}), text);
  auto without = JitInstantiator::create({.update_mode = UpdateMode::kOff});
  ASSERT_TRUE(without);
  load(**without, path);
  EXPECT_EQ(error_of((*without)->try_jit_instantiate("next$i64")),
            "'next$i64' needs the global '77', which nobody provides");
  JitOptions options{.update_mode = UpdateMode::kOff};
  options.global_source = [](std::uint64_t number) { return number == 77 ? &global : nullptr; };
  auto jit = JitInstantiator::create(std::move(options));
  ASSERT_TRUE(jit);
  jit_ = *std::move(jit);
  load(*jit_, path);
  auto* const next = get<std::int64_t(std::int64_t)>("next$i64");
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next(1), 42);
  EXPECT_EQ(global, 42);
}

}  // namespace
}  // namespace smf
