// Texts for tests, and what every Unit has to stand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/mir/binary.h"
#include "runtime/mir/json.h"
#include "runtime/mir/text.h"

namespace smf::mir {

// One of everything, as it is written.
inline constexpr std::string_view kEverything = R"(module "every thing"

struct #12 List<T: ordered> {
  data: *mut T
  len: u64
  : Option<T>
  "two words": [List<List<T>>]
}

enum #3 Option<T> {
  Some(T)
  None()
  Both(T, *List<T>)
  "foreign"()
}

struct #4 Empty {
}

struct #5 twice {
  a: struct #5
}

struct #5 again {
  b: struct #6<i64>
}

fn #1 max<T: ordered, N: numeric, U>(T, &T, ...) -> T entry 0 {
  local %0 a: T arg 0
  local %1 "b c": &mut T arg 1
  local %7: bool temp
  local %8 r: T return
  local %8 r: N var
  local %10: (i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bool, char, unit, never) var
  local %11: fn() var
  local %12: fn(...) -> fn(U) var
  local %13: [[u8; 18446744073709551615]] var
  local %14: () var
  local %15: (U,) var
  local %16: dict<text, result<T, enum #12<i64>>> var
  local %17: union<> var
  local %18: union<i64, Empty> var
  local %19: promise<generator<T, actor<opaque "Stream">>> var
  local %20: *[T] var
  block 0 start:
    nop
    %2 = const i64 -9223372036854775808
    %2 = const u64 18446744073709551615
    %2 = const T zero
    %3 = copy %2
    %3 = move %2
    %4 = add %0, move %1
    %4 = checked mul %0, i64 5
    %5 = neg f64 1.5
    %5 = not bool true
    %5 = bitnot bool false
    %6 = alloc List<T>
    %6 = load %5
    store %5, text "abc \"\n\\"
    %6 = global #7
    %6 = global mut #7
    %6 = element %5
    %6 = element %5, i64 0, move %2
    %6 = aggregate array T (%0, %0)
    %6 = aggregate tuple ()
    %6 = aggregate tuple (i64 null)
    %6 = aggregate struct List<T> (%1, u64 0)
    %6 = aggregate struct struct #99 ()
    %6 = aggregate enum Option<T> 1 ()
    %6 = field %5, 0
    set_field %5, 1, f64 nan
    %6 = cast f64 inf to f32
    %6 = bitcast f32 -inf to u32
    %6 = call fn(T, T) -> T "max<T>"(%0, %1)
    call %5()
    %6 = call_indirect %5(%0) as fn(T, ...) -> T
    call_indirect %5() as fn()
    %6 = intrinsic size_of(T zero)
    intrinsic "a b"()
    debug %0 a
    foreign {"GpuBarrier":{"scope":"//","deep":[1.5,null,-0.0]}}
    foreign {"BinOp":{"dest":5,"op":"MatMul","left":{"Copy":0}}}
    foreign "Fence"
    goto 3
  block 1:
    return
  block 2 "":
    return fn() "f"
  block 3:
    if %7 then 1 else 2
  block 3 entry:
    switch %7 [] else 0
  block 4294967294:
    switch T zero [0: 1, -5: 2, 18446744073709551615: 3] else 4
  block 5:
    unreachable
  block 6:
    abort "message"
  block 7:
    invoke %5(%1) to 1
  block 8:
    %6 = invoke %5() to 1 unwind 2 payload %3 tag %4
  block 9:
    foreign {"Throw":{"value":{"Copy":0}}}
  block 10:
    foreign "Unreachable"
    foreign "Nop"
}

fn #2 "max<i64>"() entry 9 {
}
)";

// Through text, bytes and JSON it stays the same.
inline void expect_round_trip(const Unit& unit) {
  const std::string text = write_text(unit);
  const std::string json = write_json(unit);
  const auto again = read_text(text);
  ASSERT_TRUE(again) << again.error().message << "\n" << text;
  EXPECT_EQ(write_text(*again), text);
  EXPECT_EQ(write_json(*again), json);
  const auto from_bytes = read_binary(write_binary(*again));
  ASSERT_TRUE(from_bytes) << from_bytes.error().message;
  EXPECT_EQ(write_text(*from_bytes), text);
  const auto from_json = read_json(json);
  // A text may nest deeper than JSON, which has up to three braces for a type.
  if (!from_json && from_json.error().code == ErrorCode::kLimit) return;
  ASSERT_TRUE(from_json) << from_json.error().message << "\n" << json;
  EXPECT_EQ(write_text(*from_json), text);
}

// Lines of a block.
inline std::string in_block(std::string_view lines) {
  return fmt::format("fn #1 f<T>() entry 0 {{\n  local %0: T temp\n  block 0:\n{}\n}}\n", lines);
}
// An instruction.
inline std::string in_function(std::string_view line) {
  return in_block(fmt::format("    {}\n    unreachable", line));
}

}  // namespace smf::mir
