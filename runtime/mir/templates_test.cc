// The templates of testdata/templates against the same functions in C++, over several types.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/running.h"

namespace smf::mir {
namespace {

template <typename T>
class TemplatesOf : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* const file : {"basic.mir", "slices.mir", "sort.mir", "matrix.mir"})
      running.add_file(file);
  }
  std::vector<T> values(std::size_t count) {
    std::vector<T> made(count);
    for (T& value : made) value = one();
    return made;
  }
  T one() {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(static_cast<int>(random() % 2001) - 1000) / 8;
    } else {
      return static_cast<T>(random());
    }
  }
  SliceOf<T> lent(std::vector<T>& values) {
    running.lend(values);
    return {values.data(), values.size()};
  }

  const std::string_view name = type_name<T>();
  Running running{};
  std::mt19937 random{7};
};

using Numbers = testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                               std::uint16_t, std::uint32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(TemplatesOf, Numbers);

TYPED_TEST(TemplatesOf, IdentityMinMaxAndClamp) {
  for (int i = 0; i != 50; ++i) {
    const TypeParam a = this->one(), b = this->one(), c = this->one();
    const auto [low, high] = std::minmax(b, c);
    EXPECT_EQ((this->running.template value<TypeParam>("identity", {this->name}, a)), a);
    EXPECT_EQ((this->running.template value<TypeParam>("min", {this->name}, a, b)), std::min(a, b));
    EXPECT_EQ((this->running.template value<TypeParam>("max", {this->name}, a, b)), std::max(a, b));
    EXPECT_EQ((this->running.template value<TypeParam>("clamp", {this->name}, a, low, high)),
              std::clamp(a, low, high));
  }
}

TYPED_TEST(TemplatesOf, SumAndDot) {
  for (const std::size_t size : {0u, 1u, 2u, 33u}) {
    auto a = this->values(size), b = this->values(size);
    const auto left = this->lent(a), right = this->lent(b);
    TypeParam sum = 0, dot = 0;
    for (std::size_t i = 0; i != size; ++i) {
      if constexpr (std::is_integral_v<TypeParam>) {
        sum = static_cast<TypeParam>(static_cast<std::uint64_t>(sum) +
                                     static_cast<std::uint64_t>(a[i]));
        dot = static_cast<TypeParam>(dot + static_cast<std::uint64_t>(a[i]) *
                                               static_cast<std::uint64_t>(b[i]));
      } else {
        sum += a[i];
        dot += a[i] * b[i];
      }
    }
    EXPECT_EQ((this->running.template value<TypeParam>("sum", {this->name}, left)), sum);
    EXPECT_EQ((this->running.template value<TypeParam>("dot", {this->name}, left, right)), dot);
  }
}

TYPED_TEST(TemplatesOf, ReverseSwapsUntilTheMiddle) {
  for (const std::size_t size : {0u, 1u, 2u, 3u, 100u}) {
    auto values = this->values(size);
    auto expected = values;
    std::ranges::reverse(expected);
    this->running.done("reverse", {this->name}, this->lent(values));
    EXPECT_EQ(values, expected);
  }
}

TYPED_TEST(TemplatesOf, SortsSort) {
  for (const char* const sort : {"quicksort", "heap_sort"}) {
    for (const std::size_t size : {0u, 1u, 2u, 3u, 64u, 300u}) {
      auto values = this->values(size);
      auto expected = values;
      std::ranges::sort(expected);
      this->running.done(sort, {this->name}, this->lent(values));
      EXPECT_EQ(values, expected) << sort << " of " << size;
    }
  }
}

TYPED_TEST(TemplatesOf, BinarySearchFindsWhatIsThere) {
  auto values = this->values(60);
  std::ranges::sort(values);
  const auto slice = this->lent(values);
  for (int i = 0; i != 100; ++i) {
    const TypeParam wanted = i < 60 ? values[static_cast<std::size_t>(i)] : this->one();
    const auto at =
        this->running.template value<std::int64_t>("binary_search", {this->name}, slice, wanted);
    if (std::ranges::binary_search(values, wanted)) {
      ASSERT_GE(at, 0);
      EXPECT_EQ(values[static_cast<std::size_t>(at)], wanted);
    } else {
      EXPECT_EQ(at, -1);
    }
  }
}

TYPED_TEST(TemplatesOf, MatricesMultiply) {
  const std::uint64_t rows = 3, inner = 4, columns = 5;
  auto a = this->values(rows * inner), b = this->values(inner * columns);
  std::vector<TypeParam> result(rows * columns), expected(rows * columns);
  for (std::size_t row = 0; row != rows; ++row) {
    for (std::size_t column = 0; column != columns; ++column) {
      TypeParam total = 0;
      for (std::size_t k = 0; k != inner; ++k) {
        if constexpr (std::is_integral_v<TypeParam>) {
          total = static_cast<TypeParam>(total +
                                         static_cast<std::uint64_t>(a[row * inner + k]) *
                                             static_cast<std::uint64_t>(b[k * columns + column]));
        } else {
          total += a[row * inner + k] * b[k * columns + column];
        }
      }
      expected[row * columns + column] = total;
    }
  }
  TypeParam* const to = this->lent(result).data;
  TypeParam* const left = this->lent(a).data;
  TypeParam* const right = this->lent(b).data;
  this->running.done("multiply", {this->name}, to, left, right, rows, inner, columns);
  EXPECT_EQ(result, expected);
}

// ---- Structs, enums, the embedder's functions ----

template <typename T>
struct Vec {
  T* data = nullptr;
  std::uint64_t len = 0;
  std::uint64_t capacity = 0;
};
template <typename T>
struct Option {
  std::uint32_t tag = 0;
  T value{};
};

// An allocator whose memory the interpreter may touch.
void provide_allocator(Interpreter& interpreter, int& live) {
  interpreter.provide("allocate", [&](std::span<const void* const> arguments, void* result) {
    const std::uint64_t size = *static_cast<const std::uint64_t*>(arguments[0]);
    void* const memory = std::malloc(size);
    interpreter.lend(memory, size, true);
    std::memcpy(result, &memory, sizeof memory);
    ++live;
  });
  interpreter.provide("release", [&](std::span<const void* const> arguments, void* /*result*/) {
    void* const memory = *static_cast<void* const*>(arguments[0]);
    if (memory == nullptr) return;
    interpreter.take_back(memory);
    std::free(memory);
    --live;
  });
}

TEST(Templates, VecGrowsAndGivesBackWhatWasPushed) {
  Running running;
  running.add_file("vec.mir");
  int live = 0;
  provide_allocator(running.interpreter, live);
  Vec<double> vec;
  running.interpreter.lend(&vec, sizeof vec, true);
  Vec<double>* const address = &vec;
  for (int i = 0; i != 100; ++i) running.done("Vec.push", {"f64"}, address, i * 0.5);
  EXPECT_EQ(vec.len, 100u);
  EXPECT_EQ(vec.capacity, 128u);
  EXPECT_EQ(live, 1);
  for (int i = 100; i-- != 0;) {
    const auto popped = running.value<Option<double>>("Vec.pop", {"f64"}, address);
    EXPECT_EQ(popped.tag, 1u);
    EXPECT_EQ(popped.value, i * 0.5);
    EXPECT_EQ(running.value<double>("unwrap_or", {"f64"}, popped, -1.0), i * 0.5);
  }
  const auto none = running.value<Option<double>>("Vec.pop", {"f64"}, address);
  EXPECT_EQ(none.tag, 0u);
  EXPECT_EQ(running.value<double>("unwrap_or", {"f64"}, none, -1.0), -1.0);
  std::free(vec.data);
}

TEST(Templates, ListsOfListsHaveALength) {
  Running running;
  running.add_file("vec.mir");
  std::vector<Vec<std::int16_t>> lists(5);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i != lists.size(); ++i) total += lists[i].len = i * i;
  Vec<Vec<std::int16_t>> outer{lists.data(), lists.size(), lists.size()};
  running.lend(lists);
  running.interpreter.lend(&outer, sizeof outer, false);
  Vec<Vec<std::int16_t>>* const address = &outer;
  EXPECT_EQ(running.value<std::uint64_t>("total_length", {"i16"}, address), total);
}

TEST(Templates, ResultsHoldAValueOrWhyThereIsNone) {
  struct Outcome {
    std::uint32_t tag = 0;
    union {
      std::int32_t value;
      Text error;
    };
    Outcome() : error() {}
  };
  Running running;
  running.add_file("vec.mir");
  const auto good =
      running.value<Outcome>("checked_div", {"i32"}, std::int32_t{42}, std::int32_t{-6});
  EXPECT_EQ(good.tag, 0u);
  EXPECT_EQ(good.value, -7);
  const auto bad =
      running.value<Outcome>("checked_div", {"i32"}, std::int32_t{42}, std::int32_t{0});
  EXPECT_EQ(bad.tag, 1u);
  EXPECT_EQ(bad.error.view(), "division by zero");
}

template <typename K>
struct Entry {
  std::uint8_t state = 0;
  K key{};
  std::int64_t value = 0;
};
template <typename K>
struct Map {
  Entry<K>* entries = nullptr;
  std::uint64_t slots = 0;
  std::uint64_t used = 0;
};

// Random operations against std::map.
template <typename K, typename Key>
void check_map(Running& running, std::string_view type, const std::vector<Key>& keys) {
  std::vector<Entry<K>> entries(64);
  Map<K> map{entries.data(), entries.size(), 0};
  running.lend(entries);
  running.interpreter.lend(&map, sizeof map, true);
  Map<K>* const address = &map;
  std::map<Key, std::int64_t> expected;
  std::mt19937 random(3);
  for (int i = 0; i != 3000; ++i) {
    const Key& key = keys[random() % keys.size()];
    const K passed(key);
    const auto value = static_cast<std::int64_t>(random());
    const unsigned what = random() % 3;
    if (what == 0) {
      const bool is_new = running.value<bool>("Map.insert", {type, "i64"}, address, passed, value);
      EXPECT_EQ(is_new, !expected.contains(key));
      expected[key] = value;
    } else if (what == 1) {
      const auto found =
          running.value<std::int64_t>("Map.find", {type, "i64"}, address, passed, std::int64_t{-1});
      EXPECT_EQ(found, expected.contains(key) ? expected[key] : -1);
    } else {
      EXPECT_EQ(running.value<bool>("Map.erase", {type, "i64"}, address, passed),
                expected.erase(key) != 0);
    }
    ASSERT_EQ(map.used, expected.size());
  }
}

TEST(Templates, MapsOfIntegersKeepWhatIsInserted) {
  Running running;
  running.add_file("map.mir");
  running.interpreter.provide("hash$i32", [](std::span<const void* const> arguments, void* result) {
    const std::uint64_t hash =
        std::hash<std::int32_t>()(*static_cast<const std::int32_t*>(arguments[0]));
    std::memcpy(result, &hash, sizeof hash);
  });
  std::vector<std::int32_t> keys(60);
  std::iota(keys.begin(), keys.end(), -20);
  check_map<std::int32_t>(running, "i32", keys);
}

TEST(Templates, MapsOfTextUseTheFunctionsOfText) {
  Running running;
  running.add_file("map.mir");
  running.interpreter.provide(
      "hash$text", [](std::span<const void* const> arguments, void* result) {
        const std::uint64_t hash = static_cast<const Text*>(arguments[0])->size % 7;
        std::memcpy(result, &hash, sizeof hash);
      });
  running.interpreter.provide("eq$text", [](std::span<const void* const> arguments, void* result) {
    const bool is_equal = static_cast<const Text*>(arguments[0])->view() ==
                          static_cast<const Text*>(arguments[1])->view();
    std::memcpy(result, &is_equal, sizeof is_equal);
  });
  std::vector<std::string> keys;
  for (int i = 0; i != 40; ++i) keys.push_back(std::string(static_cast<std::size_t>(i), 'x'));
  check_map<Text>(running, "text", keys);
}

TEST(Templates, OperatorsOfTextAreFunctions) {
  Running running;
  running.add_file("basic.mir");
  running.interpreter.provide("lt$text", [](std::span<const void* const> arguments, void* result) {
    const bool is_less = static_cast<const Text*>(arguments[0])->view() <
                         static_cast<const Text*>(arguments[1])->view();
    std::memcpy(result, &is_less, sizeof is_less);
  });
  const std::string a = "pear", b = "apple";
  EXPECT_EQ(running.value<Text>("max", {"text"}, Text(a), Text(b)).view(), "pear");
  EXPECT_EQ(running.value<Text>("min", {"text"}, Text(a), Text(b)).view(), "apple");
  const auto id = running.make("max", {"text"});
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(running.program.mangled_name(running.program.dependencies(*id).at(0)), "lt$text");
}

TEST(Templates, SplitGivesThePiecesBetweenSeparators) {
  Running running;
  running.add_file("text.mir");
  const auto split = [&](std::string whole) {
    std::vector<Text> pieces(4);
    running.lend(pieces);
    running.interpreter.lend(whole.data(), whole.size(), false);
    Text* const to = pieces.data();
    const auto count = running.value<std::uint64_t>("split", {}, Text(whole), std::uint8_t{','}, to,
                                                    std::uint64_t{pieces.size()});
    std::vector<std::string> found;
    for (std::size_t i = 0; i != std::min<std::size_t>(count, pieces.size()); ++i)
      found.emplace_back(pieces[i].view());
    running.interpreter.take_back(whole.data());
    running.interpreter.take_back(pieces.data());
    return std::pair(count, found);
  };
  using Found = std::pair<std::uint64_t, std::vector<std::string>>;
  EXPECT_EQ(split("a,bc,d"), Found(3, {"a", "bc", "d"}));
  EXPECT_EQ(split("one"), Found(1, {"one"}));
  EXPECT_EQ(split(",x"), Found(2, {"", "x"}));
  EXPECT_EQ(split("1,2,3,4,5"), Found(5, {"1", "2", "3", "4"}));
}

}  // namespace
}  // namespace smf::mir
