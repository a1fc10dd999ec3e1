// Every operation between registers, against C++: wherever its operands are, whether they are used
// later or the result takes the place of one, with the instructions of this processor and without
// those that not every one has.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "runtime/codegen/testing/lir_builder.h"
#include "runtime/codegen/testing/lir_evaluator.h"
#include "runtime/codegen/testing/native_code.h"

namespace smf::codegen {
namespace {

constexpr std::size_t kOperands = 4;  // a, b, c, d

bool is_float_operand(const Instruction& i) {
  switch (i.op) {
    case Op::kFloatCompare:
    case Op::kFloatWiden:
    case Op::kFloatNarrow:
    case Op::kToSigned:
    case Op::kToUnsigned:
    case Op::kBitsFromFloat:
      return true;
    case Op::kMove:
      return i.is_float;
    default:
      return i.op >= Op::kFloatAdd && i.op <= Op::kFloatFma;
  }
}

bool is_float_result(const Instruction& i) {
  switch (i.op) {
    case Op::kFloatConstant:
    case Op::kFloatWiden:
    case Op::kFloatNarrow:
    case Op::kFromSigned:
    case Op::kFromUnsigned:
    case Op::kBitsToFloat:
      return true;
    case Op::kMove:
    case Op::kSelect:
      return i.is_float;
    default:
      return i.op >= Op::kFloatAdd && i.op <= Op::kFloatFma;
  }
}

Width result_width(const Instruction& i) {
  switch (i.op) {
    case Op::kToSigned:
    case Op::kToUnsigned:
      return i.from;
    case Op::kFloatWiden:
    case Op::kSelect:
      return Width::k64;
    case Op::kFloatNarrow:
    case Op::kCompare:
    case Op::kFloatCompare:
      return Width::k32;
    default:
      return i.width;
  }
}

std::vector<std::uint64_t> integers() {
  std::vector<std::uint64_t> values{0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 127, 128, 255, 0xffff};
  for (const unsigned bit : {15u, 31u, 32u, 52u, 62u, 63u}) {
    values.push_back(std::uint64_t{1} << bit);
    values.push_back((std::uint64_t{1} << bit) - 1);
    values.push_back(~(std::uint64_t{1} << bit));
  }
  for (const std::int64_t value : {-1ll, -2ll, -128ll, -2147483648ll, -2147483649ll})
    values.push_back(static_cast<std::uint64_t>(value));
  values.push_back(0x123456789abcdef0);
  values.push_back(0xffffffff00000001);
  values.push_back(0xfffffffffffffbff);
  values.push_back(0x8000000000000401);
  return values;
}

// Around all the limits of integers.
template <typename T>
std::vector<T> float_values() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values{0, T(0.25), T(0.5), 1, T(1.5), 2, T(2.5), T(1e-3), T(1e10), T(3.14159265)};
  values.insert(values.end(), {Limits::infinity(), Limits::max(), Limits::min(),
                               Limits::denorm_min(), Limits::quiet_NaN()});
  for (const int exponent : {23, 31, 32, 52, 63, 64}) {
    const T power = std::ldexp(T{1}, exponent);
    values.insert(values.end(), {power, std::nextafter(power, T{0}), power + T{1},
                                 std::nextafter(power, Limits::infinity()), power - T(0.5)});
  }
  const std::size_t count = values.size();
  for (std::size_t n = 0; n != count; ++n) values.push_back(-values[n]);
  return values;
}

// Bits of floats; above those of 32 bits there is something else.
std::vector<std::uint64_t> floats(Width width) {
  std::vector<std::uint64_t> bits;
  if (width == Width::k64) {
    for (const double value : float_values<double>())
      bits.push_back(std::bit_cast<std::uint64_t>(value));
  } else {
    for (const float value : float_values<float>())
      bits.push_back(0xabcdef01'00000000 | std::bit_cast<std::uint32_t>(value));
  }
  return bits;
}

// An operation as a function `void (const uint64_t operands[4], uint64_t results[5])`.
struct Shape {
  unsigned dest_is = kOperands;  // the operand that it takes the place of
  bool keeps_operands = false;   // they are used later
  EncodingOptions encoding{};
  Pressure pressure = Pressure::kNone;
};

// Of x86-64: what not every processor has.
bool may_be_refused(const Instruction& i) {
  return kThisMachine == Machine::kX86_64 && (i.op == Op::kFloatFloor || i.op == Op::kFloatCeil ||
                                              i.op == Op::kFloatTrunc || i.op == Op::kFloatFma);
}

class OperationCode {
 public:
  OperationCode(const Instruction& operation, const Shape& shape)
      : operation_(operation), shape_(shape), code_(build(), options()) {}

  bool is_possible() const { return code_.status().has_value(); }
  std::string refusal() const {
    return is_possible() ? "" : describe(builder_.function()) + code_.status().error().message;
  }

  // The result; operands that are used later are compared here.
  std::uint64_t run(const std::uint64_t (&operands)[kOperands]) const {
    std::uint64_t results[kOperands + 1] = {};
    code_.as<void(const std::uint64_t*, std::uint64_t*)>()(operands, results);
    for (unsigned n = 0; n != kOperands; ++n) {
      if (shape_.keeps_operands && has_[n] && n != shape_.dest_is) {
        EXPECT_EQ(results[n + 1], operands[n]) << "operand " << n;
      }
    }
    if (result_width(operation_) == Width::k64) return results[0];
    return static_cast<std::uint32_t>(results[0]);
  }

 private:
  NativeOptions options() const {
    return {.encoding = shape_.encoding, .pressure = shape_.pressure};
  }

  const Function& build() {
    const Register in = builder_.parameter(Bank::kGeneral);
    const Register out = builder_.parameter(Bank::kGeneral);
    builder_.block();
    Instruction i = operation_;
    Register* const registers[kOperands] = {&i.a, &i.b, &i.c, &i.d};
    for (unsigned n = 0; n != kOperands; ++n) {
      has_[n] = *registers[n] != kNoRegister;
      if (!has_[n]) continue;
      const bool is_float = n < 2 ? is_float_operand(i) : is_float_result(i);
      const auto offset = static_cast<std::int32_t>(8 * n);
      *registers[n] =
          is_float ? builder_.float_load(in, offset, Width::k64) : builder_.load(in, offset);
    }
    if (shape_.dest_is < kOperands)
      i.dest = *registers[shape_.dest_is];
    else
      i.dest = is_float_result(i) ? builder_.vector() : builder_.general();
    if (i.op >= Op::kAddChecked && i.op <= Op::kMulChecked) i.target = builder_.trap("overflow");
    builder_.add(i);
    builder_.store(out, 0, i.dest);
    for (unsigned n = 0; n != kOperands && shape_.keeps_operands; ++n)
      if (has_[n] && n != shape_.dest_is)
        builder_.store(out, static_cast<std::int32_t>(8 * n + 8), *registers[n]);
    builder_.give_back();
    return builder_.function();
  }

  Instruction operation_;
  Shape shape_;
  bool has_[kOperands] = {};
  LirBuilder builder_{"operation"};
  NativeCode code_;
};

class Operations : public testing::Test {
 protected:
  static std::vector<EncodingOptions> encodings() {
    EncodingOptions native{.features = native_features(), .checks_frames = true};
    EncodingOptions oldest{.checks_frames = true};
    if (kThisMachine == Machine::kAArch64) return {native};  // they would be the same
    return {native, oldest};
  }

  static std::vector<std::uint64_t> values(bool is_float, Width width) {
    return is_float ? floats(width) : integers();
  }

  static Width operand_width(const Instruction& i) {
    if (i.op == Op::kFloatWiden) return Width::k32;
    if (i.op == Op::kFloatNarrow) return Width::k64;
    return i.width;
  }

  void check(const Instruction& i) {
    for (const EncodingOptions& encoding : encodings())
      for (const Pressure pressure : kPressures)
        for (const bool keeps : {false, true})
          for (unsigned dest_is = 0; dest_is <= kOperands; ++dest_is)
            check_shape(i, {dest_is, keeps, encoding, pressure});
  }

  void check_shape(const Instruction& i, const Shape& shape) {
    const Register operands[kOperands] = {i.a, i.b, i.c, i.d};
    if (shape.dest_is < kOperands) {
      if (operands[shape.dest_is] == kNoRegister) return;
      const bool is_float = shape.dest_is < 2 ? is_float_operand(i) : is_float_result(i);
      if (is_float != is_float_result(i)) return;
    }
    const OperationCode code(i, shape);
    if (!code.is_possible()) {
      EXPECT_TRUE(may_be_refused(i)) << code.refusal();
      return;
    }
    ++encoded_;
    const auto first = values(is_float_operand(i), operand_width(i));
    const auto other = values(is_float_result(i), operand_width(i));
    std::uniform_int_distribution<std::size_t> any_first(0, first.size() - 1);
    std::uniform_int_distribution<std::size_t> any_other(0, other.size() - 1);
    const bool has_two = i.b != kNoRegister;
    for (std::size_t n = 0; n != first.size() * (has_two ? 12 : 1); ++n) {
      const std::uint64_t o[kOperands] = {first[n % first.size()], first[any_first(random_)],
                                          other[any_other(random_)], other[any_other(random_)]};
      check_once(i, code, o);
      if (testing::Test::HasFailure()) {
        FAIL() << "dest is " << shape.dest_is << " keeps " << shape.keeps_operands << " pressure "
               << static_cast<int>(shape.pressure) << " popcnt " << shape.encoding.features.popcnt;
      }
    }
  }

  static bool is_defined(const Instruction& i, const std::uint64_t (&o)[kOperands]) {
    if (i.op < Op::kDivUnsigned || i.op > Op::kRemSigned) return true;
    if (i.width == Width::k32) {
      const auto a = static_cast<std::int32_t>(o[0]), b = static_cast<std::int32_t>(o[1]);
      return b != 0 && !(a == std::numeric_limits<std::int32_t>::min() && b == -1);
    }
    const auto a = static_cast<std::int64_t>(o[0]), b = static_cast<std::int64_t>(o[1]);
    return b != 0 && !(a == std::numeric_limits<std::int64_t>::min() && b == -1);
  }

  void check_once(const Instruction& i, const OperationCode& code,
                  const std::uint64_t (&o)[kOperands]) {
    if (!is_defined(i, o)) return;
    const auto expected = evaluate(i, {o[0], o[1], o[2], o[3]});
    std::optional<std::uint64_t> actual;
    try {
      actual = code.run(o);
    } catch (const Trapped& trapped) {
      EXPECT_EQ(trapped.message, "overflow");
    }
    EXPECT_EQ(expected.has_value(), actual.has_value());
    if (!expected || !actual) return;
    EXPECT_TRUE(is_same(i, *expected, *actual))
        << "op " << static_cast<int>(i.op) << " width " << static_cast<int>(i.width) << " from "
        << static_cast<int>(i.from) << " condition " << static_cast<int>(i.condition) << " imm "
        << i.imm << std::hex << " operands " << o[0] << " " << o[1] << " " << o[2] << " " << o[3]
        << " expected " << *expected << " actual " << *actual;
  }

  // Which NaN comes out is open, and which zero of a minimum.
  static bool is_same(const Instruction& i, std::uint64_t expected, std::uint64_t actual) {
    const bool is_wide = result_width(i) == Width::k64;
    if (!is_wide) expected = static_cast<std::uint32_t>(expected);
    if (expected == actual) return true;
    const bool keeps_bits = i.op == Op::kMove || i.op == Op::kSelect || i.op == Op::kFloatNeg ||
                            i.op == Op::kFloatAbs || i.op == Op::kBitsToFloat;
    if (!is_float_result(i) || keeps_bits) return false;
    const double a = is_wide ? std::bit_cast<double>(expected)
                             : std::bit_cast<float>(static_cast<std::uint32_t>(expected));
    const double b = is_wide ? std::bit_cast<double>(actual)
                             : std::bit_cast<float>(static_cast<std::uint32_t>(actual));
    if (std::isnan(a) && std::isnan(b)) return true;
    return (i.op == Op::kFloatMin || i.op == Op::kFloatMax) && a == 0 && b == 0;
  }

  std::mt19937_64 random_{1};
  std::size_t encoded_ = 0;
};

constexpr Width kWidths[] = {Width::k32, Width::k64};
constexpr Op kImmediateOps[] = {Op::kAdd,       Op::kSub,  Op::kMul, Op::kAnd,
                                Op::kOr,        Op::kXor,  Op::kShl, Op::kShrUnsigned,
                                Op::kShrSigned, Op::kRotl, Op::kRotr};
constexpr std::int64_t kImmediates[] = {
    0,           1,         -1,       2,          5,          8,          33,
    127,         128,       -128,     0x7fffffff, 0x80000000, 0xffffffff, -0x80000000ll,
    0x100000000, INT64_MIN, INT64_MAX};

TEST_F(Operations, IntegersOfTwoRegisters) {
  for (const Width width : kWidths) {
    for (const Op op : kImmediateOps) check({.op = op, .width = width, .a = 0, .b = 0});
    for (const Op op : {Op::kDivUnsigned, Op::kDivSigned, Op::kRemUnsigned, Op::kRemSigned})
      check({.op = op, .width = width, .a = 0, .b = 0});
    check({.op = Op::kSub, .width = width, .b = 0});
  }
  check({.op = Op::kMulHighUnsigned, .width = Width::k64, .a = 0, .b = 0});
  check({.op = Op::kMulHighSigned, .width = Width::k64, .a = 0, .b = 0});
  EXPECT_GT(encoded_, 500 * encodings().size());
}

TEST_F(Operations, IntegersWithConstants) {
  for (const Width width : kWidths)
    for (const std::int64_t imm : kImmediates) {
      for (const Op op : kImmediateOps) check({.op = op, .width = width, .a = 0, .imm = imm});
      check({.op = Op::kConstant, .width = width, .imm = imm});
      check({.op = Op::kFloatConstant, .width = width, .imm = imm});
    }
}

TEST_F(Operations, CheckedIntegers) {
  for (const Width width : kWidths)
    for (const bool is_signed : {false, true}) {
      for (const Op op : {Op::kAddChecked, Op::kSubChecked, Op::kMulChecked})
        check({.op = op, .width = width, .is_signed = is_signed, .a = 0, .b = 0});
      for (const Op op : {Op::kAddChecked, Op::kSubChecked})
        for (const std::int64_t imm : {0ll, 1ll, -1ll, 127ll, 0x7fffffffll, 0x123456789all})
          check({.op = op, .width = width, .is_signed = is_signed, .a = 0, .imm = imm});
    }
}

TEST_F(Operations, IntegersOfOneRegister) {
  for (const Width width : kWidths) {
    for (const Op op :
         {Op::kMove, Op::kNeg, Op::kNot, Op::kPopcount, Op::kClz, Op::kCtz, Op::kByteSwap})
      check({.op = op, .width = width, .a = 0});
    for (const Width from : {Width::k8, Width::k16, Width::k32})
      for (const Op op : {Op::kSignExtend, Op::kZeroExtend})
        check({.op = op, .width = width, .from = from, .a = 0});
  }
}

TEST_F(Operations, ComparingIntegers) {
  for (const Width width : kWidths)
    for (unsigned c = 0; c <= static_cast<unsigned>(Condition::kNotBelowEqual); ++c) {
      const auto condition = static_cast<Condition>(c);
      check({.op = Op::kCompare, .width = width, .condition = condition, .a = 0, .b = 0});
      for (const bool is_float : {false, true})
        check({.op = Op::kSelect,
               .width = width,
               .condition = condition,
               .is_float = is_float,
               .a = 0,
               .b = 0,
               .c = 0,
               .d = 0});
      for (const std::int64_t imm : {0ll, 1ll, -1ll, 0x80000000ll, 0x100000000ll}) {
        check({.op = Op::kCompare, .width = width, .condition = condition, .a = 0, .imm = imm});
        check({.op = Op::kSelect,
               .width = width,
               .condition = condition,
               .a = 0,
               .c = 0,
               .d = 0,
               .imm = imm});
      }
    }
}

constexpr Condition kFloatConditions[] = {Condition::kEqual,        Condition::kNotEqual,
                                          Condition::kLess,         Condition::kNotLess,
                                          Condition::kLessEqual,    Condition::kNotLessEqual,
                                          Condition::kGreater,      Condition::kNotGreater,
                                          Condition::kGreaterEqual, Condition::kNotGreaterEqual};

TEST_F(Operations, ComparingFloats) {
  for (const Width width : kWidths)
    for (const Condition condition : kFloatConditions)
      check({.op = Op::kFloatCompare, .width = width, .condition = condition, .a = 0, .b = 0});
}

TEST_F(Operations, Floats) {
  for (const Width width : kWidths) {
    for (const Op op :
         {Op::kFloatAdd, Op::kFloatSub, Op::kFloatMul, Op::kFloatDiv, Op::kFloatMin, Op::kFloatMax})
      check({.op = op, .width = width, .a = 0, .b = 0});
    for (const Op op : {Op::kFloatSqrt, Op::kFloatNeg, Op::kFloatAbs, Op::kFloatFloor,
                        Op::kFloatCeil, Op::kFloatTrunc})
      check({.op = op, .width = width, .a = 0});
    check({.op = Op::kFloatFma, .width = width, .a = 0, .b = 0, .c = 0});
    check({.op = Op::kMove, .width = Width::k64, .is_float = true, .a = 0});
  }
  check({.op = Op::kFloatWiden, .width = Width::k64, .a = 0});
  check({.op = Op::kFloatNarrow, .width = Width::k32, .a = 0});
}

TEST_F(Operations, BetweenIntegersAndFloats) {
  for (const Width width : kWidths) {
    for (const Width from : kWidths)
      for (const Op op : {Op::kFromSigned, Op::kFromUnsigned, Op::kToSigned, Op::kToUnsigned})
        check({.op = op, .width = width, .from = from, .a = 0});
    check({.op = Op::kBitsToFloat, .width = width, .a = 0});
    check({.op = Op::kBitsFromFloat, .width = width, .a = 0});
  }
}

TEST_F(Operations, WhatTheOldestProcessorLacksIsRefused) {
  if (kThisMachine != Machine::kX86_64) GTEST_SKIP() << "nothing is optional there";
  const Shape shape{};
  for (const Op op : {Op::kFloatFloor, Op::kFloatCeil, Op::kFloatTrunc, Op::kFloatFma}) {
    Instruction i{.op = op, .width = Width::k64, .a = 0};
    if (op == Op::kFloatFma) i.b = i.c = 0;
    EXPECT_FALSE(OperationCode(i, shape).is_possible());
  }
}

}  // namespace
}  // namespace smf::codegen
