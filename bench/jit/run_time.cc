// How fast the code of templates runs: jit_bench's rows run_*, beside loops.c.
//
// Both sides get the same input, and their results are compared before anything is measured.
// Searches have a million queries: a short list is learnt by the branch predictor.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/jit/median_time.h"
#include "runtime/base/check.h"
#include "runtime/codegen/testing/native_program.h"
#include "runtime/mir/text.h"
#include "runtime/os/input_file.h"

namespace smf::bench {
namespace {

struct Pair {
  std::int64_t key;
  double weight;
  friend bool operator==(const Pair&, const Pair&) = default;
};
template <typename T>
struct Slice {
  T* data;
  std::uint64_t size;
};
template <typename K>
struct Entry {
  std::uint8_t state;
  K key;
  std::int64_t value;
};
template <typename K>
struct Map {
  Entry<K>* entries;
  std::uint64_t slots, used;
};

template <typename T>
using Sort = void(Slice<T>);
template <typename T>
using Search = std::int64_t(Slice<T>, T);
template <typename T>
using Sum = T(Slice<T>);
template <typename T>
using Dot = T(Slice<T>, Slice<T>);
template <typename T>
using Multiply = void(T*, T*, T*, std::uint64_t, std::uint64_t, std::uint64_t);
template <typename K>
using Find = std::int64_t(Map<K>*, K, std::int64_t);

extern "C" {
Sum<std::int32_t> c_sum_i32;
Sum<std::int64_t> c_sum_i64;
Sum<double> c_sum_f64;
Dot<std::int32_t> c_dot_i32;
Dot<std::int64_t> c_dot_i64;
Dot<double> c_dot_f64;
Multiply<std::int32_t> c_multiply_i32;
Multiply<std::int64_t> c_multiply_i64;
Multiply<double> c_multiply_f64;
Search<std::int32_t> c_binary_search_i32;
Search<std::int64_t> c_binary_search_i64;
Search<double> c_binary_search_f64;
Search<Pair> c_binary_search_pair;
Sort<std::int32_t> c_quicksort_i32;
Sort<std::int64_t> c_quicksort_i64;
Sort<double> c_quicksort_f64;
Sort<Pair> c_quicksort_pair;
Sort<std::int32_t> c_heap_sort_i32;
Sort<std::int64_t> c_heap_sort_i64;
Sort<double> c_heap_sort_f64;
Sort<Pair> c_heap_sort_pair;
Find<std::int32_t> c_map_find_i32;
Find<std::int64_t> c_map_find_i64;
std::uint64_t hash_i32(std::int32_t key);
std::uint64_t hash_i64(std::int64_t key);
}

// What `ordered` templates call to compare two Pairs.
constexpr std::string_view kPairs = R"(
struct #99 Pair {
  key: i64
  weight: f64
}
fn #98 "lt$Pair"(Pair, Pair) -> bool entry 0 {
  local %0: Pair arg 0
  local %1: Pair arg 1
  local %2: i64 temp
  local %3: i64 temp
  local %4: bool temp
  block 0:
    %2 = field %0, 0
    %3 = field %1, 0
    %4 = lt %2, %3
    return %4
}
)";

// The templates, and machine code of their instantiations.
class Templates {
 public:
  Templates() {
    for (const char* const file : {"slices", "basic", "sort", "matrix", "map"}) {
      const auto bytes = os::FileBytes::load(fmt::format("testdata/templates/{}.mir", file));
      SMF_CHECK(bytes);
      add(as_text(bytes->bytes()));
    }
    add(kPairs);
    native_ = std::make_unique<codegen::NativeProgram>(program_, layouts_);
    native_->provide("hash$i32", reinterpret_cast<const void*>(&hash_i32));
    native_->provide("hash$i64", reinterpret_cast<const void*>(&hash_i64));
  }

  template <typename F>
  F* function(const char* name, std::initializer_list<const char*> arguments) {
    mir::Callee callee{.name = name};
    for (const char* const argument : arguments)
      callee.arguments.push_back(*program_.type(argument));
    const auto made = program_.make(callee);
    SMF_CHECK(made);
    const auto code = native_->place(*made);
    SMF_CHECK(code);
    return reinterpret_cast<F*>(const_cast<void*>(*code));
  }

 private:
  void add(std::string_view text) {
    auto unit = mir::read_text(text);
    SMF_CHECK(unit && program_.add(*std::move(unit)));
  }
  mir::Program program_{};
  mir::Layouts layouts_{program_};
  std::unique_ptr<codegen::NativeProgram> native_{};
};

Templates& templates() {
  static Templates instance;
  return instance;
}

template <typename T>
T value_of(std::uint64_t random) {
  const std::uint64_t value = random % 1'000'003;
  if constexpr (std::is_same_v<T, Pair>) {
    return Pair{static_cast<std::int64_t>(value), 1.0};
  } else {
    return static_cast<T>(value);
  }
}
template <typename T>
std::vector<T> random_values(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values;
  for (std::size_t i = 0; i != count; ++i) values.push_back(value_of<T>(random()));
  return values;
}
template <typename T>
bool is_less(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, Pair>) {
    return a.key < b.key;
  } else {
    return a < b;
  }
}

// `run` calls the function and gives what came out; the first run is not measured.
template <typename Run>
void measure(benchmark::State& state, const Run& run) {
  run();
  set_median_time(state, groups_of(7), 1, [&](int /*i*/) { benchmark::DoNotOptimize(run()); });
}

// Two rows, run_NAME/ours and run_NAME/gcc. `with` makes of a function what calls it. The result is
// compared when the row is run, so that nothing is compiled where it is not asked for.
template <typename F, typename With>
void compare(const std::string& name, const char* tmpl,
             std::initializer_list<const char*> arguments, F* gcc, const With& with) {
  const std::vector<const char*> types(arguments);
  const auto ours = [tmpl, types]() -> F* {
    return types.size() == 2 ? templates().function<F>(tmpl, {types[0], types[1]})
                             : templates().function<F>(tmpl, {types[0]});
  };
  const auto row = [&](const char* who, const auto& body) {
    benchmark::RegisterBenchmark(fmt::format("run_{}/{}", name, who).c_str(), body)
        ->UseManualTime()
        ->Iterations(1);
  };
  row("ours", [=](benchmark::State& state) {
    const auto run = with(ours());
    SMF_CHECK(run() == with(gcc)());
    measure(state, run);
  });
  row("gcc", [=](benchmark::State& state) { measure(state, with(gcc)); });
}

template <typename T>
void add_numeric(const char* type, Sum<T>* sum, Dot<T>* dot, Multiply<T>* multiply) {
  const auto numbers = [](std::uint64_t seed) {
    std::vector<T> values = random_values<T>(4096, seed);
    for (T& value : values) value = static_cast<T>(static_cast<std::int64_t>(value) % 1000);
    return std::make_shared<std::vector<T>>(std::move(values));
  };
  const auto a = numbers(1), b = numbers(2);
  compare(fmt::format("sum_{}", type), "sum", {type}, sum, [a](Sum<T>* function) {
    return [=] {
      T total{};
      for (int i = 0; i != 500; ++i) {
        total = function({a->data(), a->size()});
        benchmark::ClobberMemory();
      }
      return total;
    };
  });
  compare(fmt::format("dot_{}", type), "dot", {type}, dot, [a, b](Dot<T>* function) {
    return [=] {
      T total{};
      for (int i = 0; i != 500; ++i) {
        total = function({a->data(), a->size()}, {b->data(), b->size()});
        benchmark::ClobberMemory();
      }
      return total;
    };
  });
  compare(fmt::format("multiply_{}", type), "multiply", {type}, multiply,
          [a, b](Multiply<T>* function) {
            const auto result = std::make_shared<std::vector<T>>(4096);
            return [=] {
              for (int i = 0; i != 4; ++i)
                function(result->data(), a->data(), b->data(), 64, 64, 64);
              return *result;
            };
          });
}

template <typename T>
void add_ordered(const char* type, const char* name, Search<T>* search, Sort<T>* quicksort,
                 Sort<T>* heap_sort) {
  const auto values = std::make_shared<std::vector<T>>(random_values<T>(20'000, 3));
  const auto sorting = [values](Sort<T>* function) {
    const auto copy = std::make_shared<std::vector<T>>(*values);
    return [=]() -> const std::vector<T>& {
      std::ranges::copy(*values, copy->begin());
      function({copy->data(), copy->size()});
      return *copy;
    };
  };
  compare(fmt::format("quicksort_{}", name), "quicksort", {type}, quicksort, sorting);
  compare(fmt::format("heap_sort_{}", name), "heap_sort", {type}, heap_sort, sorting);
  const auto sorted = std::make_shared<std::vector<T>>(*values);
  std::ranges::sort(*sorted, is_less<T>);
  const auto queries = std::make_shared<std::vector<T>>(random_values<T>(1'000'000, 4));
  compare(fmt::format("binary_search_{}", name), "binary_search", {type}, search,
          [=](Search<T>* function) {
            return [=] {
              std::int64_t total = 0;
              for (const T& one : *queries)
                total += function({sorted->data(), sorted->size()}, one);
              return total;
            };
          });
}

// Half of the keys that are asked for are in the map.
template <typename K>
void add_map(const char* type, Find<K>* find, std::uint64_t (*hash)(K)) {
  constexpr std::uint64_t kSlots = 1u << 14;
  const auto entries = std::make_shared<std::vector<Entry<K>>>(kSlots);
  std::mt19937_64 random(5);
  std::vector<K> keys;
  for (int i = 0; i != 8000; ++i) {
    const K key = static_cast<K>(random());
    std::uint64_t at = hash(key) % kSlots;
    while ((*entries)[at].state != 0) at = (at + 1) % kSlots;
    (*entries)[at] = {1, key, i};
    keys.insert(keys.end(), {key, static_cast<K>(random())});
  }
  const auto queries = std::make_shared<std::vector<K>>();
  for (int i = 0; i != 1'000'000; ++i) queries->push_back(keys[random() % keys.size()]);
  compare(fmt::format("map_find_{}", type), "Map.find", {type, "i64"}, find,
          [=](Find<K>* function) {
            return [=] {
              Map<K> map{entries->data(), kSlots, 0};
              std::int64_t total = 0;
              for (const K key : *queries) total += function(&map, key, -1);
              return total;
            };
          });
}

[[maybe_unused]] const bool kIsAdded = [] {
  add_numeric("i32", c_sum_i32, c_dot_i32, c_multiply_i32);
  add_numeric("i64", c_sum_i64, c_dot_i64, c_multiply_i64);
  add_numeric("f64", c_sum_f64, c_dot_f64, c_multiply_f64);
  add_ordered("i32", "i32", c_binary_search_i32, c_quicksort_i32, c_heap_sort_i32);
  add_ordered("i64", "i64", c_binary_search_i64, c_quicksort_i64, c_heap_sort_i64);
  add_ordered("f64", "f64", c_binary_search_f64, c_quicksort_f64, c_heap_sort_f64);
  add_ordered("Pair", "pair", c_binary_search_pair, c_quicksort_pair, c_heap_sort_pair);
  add_map("i32", c_map_find_i32, hash_i32);
  add_map("i64", c_map_find_i64, hash_i64);
  return true;
}();

}  // namespace
}  // namespace smf::bench
