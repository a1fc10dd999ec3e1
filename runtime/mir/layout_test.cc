#include "runtime/mir/layout.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/mir/running.h"

namespace smf::mir {
namespace {

class Laid : public testing::Test {
 protected:
  Layout of(std::string_view expression) {
    const auto type = running.program.type(expression);
    EXPECT_TRUE(type.has_value()) << type.error().message;
    const auto layout = running.layouts.of(*type);
    EXPECT_TRUE(layout.has_value()) << layout.error().message;
    return layout.value_or(Layout{});
  }
  std::string refusal(std::string_view expression) {
    const auto type = running.program.type(expression);
    if (!type) return type.error().message;
    const auto layout = running.layouts.of(*type);
    return layout ? "it has a size" : layout.error().message;
  }
  std::vector<std::uint64_t> offsets(std::string_view expression, std::uint32_t variant = 0) {
    const auto fields = running.layouts.fields(running.program.type(expression).value(), variant);
    EXPECT_TRUE(fields.has_value()) << fields.error().message;
    std::vector<std::uint64_t> all;
    for (const FieldLayout& field : *fields) all.push_back(field.offset);
    return all;
  }
  template <typename T>
  void expect(std::string_view expression) {
    EXPECT_EQ(of(expression).size, sizeof(T)) << expression;
    EXPECT_EQ(of(expression).alignment, alignof(T)) << expression;
  }

  Running running{};
};

TEST_F(Laid, PrimitivesAndPointersAreAsInC) {
  expect<std::int8_t>("i8");
  expect<std::uint16_t>("u16");
  expect<float>("f32");
  expect<double>("f64");
  expect<bool>("bool");
  expect<char16_t>("char");
  expect<void*>("*i8");
  expect<void*>("mut&f64");
  expect<void (*)()>("fn(i64)->i64");
  EXPECT_EQ(of("nil").size, 0u);
}

TEST_F(Laid, StructsAndTuplesArePadded) {
  struct Mixed {
    std::int8_t a;
    double b;
    std::int16_t c;
    std::int8_t d[3];
  };
  expect<Mixed>("(i8,f64,i16,[i8;3])");
  EXPECT_EQ(offsets("(i8,f64,i16,[i8;3])"),
            (std::vector<std::uint64_t>{offsetof(Mixed, a), offsetof(Mixed, b), offsetof(Mixed, c),
                                        offsetof(Mixed, d)}));
  running.add("struct #1 Pair<A, B> {\n  first: A\n  second: B\n}\n");
  struct Inner {
    std::int16_t first;
    std::int64_t second;
  };
  struct Outer {
    std::int8_t first;
    Inner second;
  };
  expect<Outer>("Pair<i8,Pair<i16,i64>>");
  EXPECT_EQ(of("()").size, 0u);
  EXPECT_EQ(of("(nil,i32,nil)").size, 4u);
}

TEST_F(Laid, SlicesAndTextAreAPointerAndALength) {
  EXPECT_EQ(of("[i8]").size, 16u);
  EXPECT_EQ(of("text").size, 16u);
  EXPECT_EQ(offsets("[i8]"), (std::vector<std::uint64_t>{0, 8}));
  EXPECT_EQ(offsets("text"), (std::vector<std::uint64_t>{0, 8}));
}

TEST_F(Laid, EnumsAreATagAndAUnion) {
  running.add("enum #1 Shape<T> {\n  Empty()\n  Circle(T)\n  Box(i8, T)\n}\n");
  struct Box {
    std::int8_t a;
    double b;
  };
  struct Shape {
    std::uint32_t tag;
    union {
      double circle;
      Box box;
    } payload;
  };
  expect<Shape>("Shape<f64>");
  EXPECT_EQ(offsets("Shape<f64>", 0), std::vector<std::uint64_t>{});
  EXPECT_EQ(offsets("Shape<f64>", 1), std::vector<std::uint64_t>{8});
  EXPECT_EQ(offsets("Shape<f64>", 2), (std::vector<std::uint64_t>{8, 16}));
  EXPECT_EQ(offsets("Shape<i8>", 2), (std::vector<std::uint64_t>{4, 5}));
  EXPECT_EQ(of("Shape<i8>").size, 8u);
  EXPECT_EQ(of("Result<i64,text>").size, 24u);
  EXPECT_EQ(offsets("Result<i8,text>", 0), std::vector<std::uint64_t>{8});
}

TEST_F(Laid, WhatHasNoSizeIsSaid) {
  running.add(
      "struct #1 Loop {\n  a: i8\n  b: Loop\n}\n"
      "struct #2 Node {\n  next: *mut Node\n  value: i64\n}\n"
      "struct #3 Growing<T> {\n  more: *mut Growing<[T]>\n  next: Growing<(T,)>\n}\n"
      "struct #4 Generic<T> {\n  a: T\n}\n");
  EXPECT_EQ(refusal("Loop"), "Loop contains itself without a pointer");
  EXPECT_EQ(of("Node").size, 16u);
  EXPECT_EQ(refusal("Growing<i8>").substr(0, 33), "types are nested deeper than 200");
  EXPECT_EQ(refusal("[i64;300000000]"), "[i64;300000000] is larger than 2147483647 bytes");
  EXPECT_EQ(refusal("[[i8;65536];65536]"), "[[i8;65536];65536] is larger than 2147483647 bytes");
  EXPECT_EQ(of("[nil;99999999999]").size, 0u);
  EXPECT_EQ(refusal("Generic"),
            "the type 'Generic': expected 1 arguments of Generic in front of this at 8, found the "
            "end");
}

}  // namespace
}  // namespace smf::mir
