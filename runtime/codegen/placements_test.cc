// Every operation but those on memory, on operands in all sorts of places, against what C++ makes
// of them.
#include "runtime/codegen/testing/placements.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "runtime/codegen/target.h"
#include "runtime/codegen/testing/lir_evaluator.h"

namespace smf::codegen {
namespace {

constexpr std::uint64_t kIntegers[] = {0,
                                       1,
                                       2,
                                       7,
                                       31,
                                       32,
                                       63,
                                       64,
                                       0x80,
                                       0xff,
                                       0x7fff,
                                       0x8000,
                                       0xfff,
                                       0x1000,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x123456789abcdef0,
                                       0x7fffffffffffffff,
                                       0x8000000000000000,
                                       0xffffffff80000000,
                                       0xfffffffffffff000,
                                       0xfffffffffffffffe,
                                       0xffffffffffffffff,
                                       0xdeadbeef00000001,
                                       0xaaaaaaaa55555555};
constexpr std::int64_t kImmediates[] = {
    0,       1,          -1,         2,          7,         31,         63,
    255,     4095,       4096,       0xfff000,   0x1000000, -4096,      -4097,
    0x12345, -0x7000000, 0x55555555, 0xff00ff00, -65536,    0x7fffffff, -0x80000000LL};

std::vector<Values> single() {
  std::vector<Values> all;
  for (const std::uint64_t a : kIntegers) all.push_back({a, 0, 0, 0, 0});
  return all;
}
std::vector<Values> pairs() {
  std::vector<Values> all;
  for (const std::uint64_t a : kIntegers)
    for (const std::uint64_t b : kIntegers) all.push_back({a, b, a * 3 + 1, b ^ 0x77, 0});
  return all;
}

// ---- Integers ----

template <typename T>
T shifted_right(T value, unsigned count) {
  return static_cast<T>(value >> count);
}

template <typename U>
std::optional<std::uint64_t> integer_result(Op op, U a, U b) {
  using S = std::make_signed_t<U>;
  constexpr unsigned kBits = 8 * sizeof(U);
  const auto count = static_cast<unsigned>(b & (kBits - 1));
  const auto sa = static_cast<S>(a);
  const auto sb = static_cast<S>(b);
  using Wide = unsigned __int128;
  switch (op) {
    case Op::kAdd:
      return static_cast<U>(a + b);
    case Op::kSub:
      return static_cast<U>(a - b);
    case Op::kMul:
      return static_cast<U>(a * b);
    case Op::kMulHighUnsigned:
      return static_cast<std::uint64_t>(Wide{a} * Wide{b} >> 64);
    case Op::kMulHighSigned:
      return static_cast<std::uint64_t>(static_cast<__int128>(sa) * static_cast<__int128>(sb) >>
                                        64);
    case Op::kAnd:
      return a & b;
    case Op::kOr:
      return a | b;
    case Op::kXor:
      return a ^ b;
    case Op::kShl:
      return static_cast<U>(a << count);
    case Op::kShrUnsigned:
      return shifted_right(a, count);
    case Op::kShrSigned:
      return static_cast<U>(shifted_right(sa, count));
    case Op::kRotl:
      return std::rotl(a, static_cast<int>(count));
    case Op::kRotr:
      return std::rotr(a, static_cast<int>(count));
    default:
      break;
  }
  if (b == 0 || (sb == -1 && sa == std::numeric_limits<S>::min())) return std::nullopt;
  switch (op) {
    case Op::kDivUnsigned:
      return a / b;
    case Op::kRemUnsigned:
      return a % b;
    case Op::kDivSigned:
      return static_cast<U>(sa / sb);
    case Op::kRemSigned:
      return static_cast<U>(sa % sb);
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> integer_result(Op op, Width width, std::uint64_t a, std::uint64_t b) {
  if (width == Width::k64) return integer_result<std::uint64_t>(op, a, b);
  return integer_result<std::uint32_t>(op, static_cast<std::uint32_t>(a),
                                       static_cast<std::uint32_t>(b));
}

TEST_F(Placements, OfTwoIntegers) {
  for (const Width width : {Width::k32, Width::k64}) {
    for (const Op op :
         {Op::kAdd, Op::kSub, Op::kMul, Op::kMulHighUnsigned, Op::kMulHighSigned, Op::kAnd, Op::kOr,
          Op::kXor, Op::kShl, Op::kShrUnsigned, Op::kShrSigned, Op::kRotl, Op::kRotr,
          Op::kDivUnsigned, Op::kDivSigned, Op::kRemUnsigned, Op::kRemSigned}) {
      const bool is_high = op == Op::kMulHighUnsigned || op == Op::kMulHighSigned;
      if (is_high && width == Width::k32) continue;
      std::vector<Values> inputs;
      for (const Values& pair : pairs())
        if (integer_result(op, width, pair[0], pair[1])) inputs.push_back(pair);
      check({.op = op, .width = width, .a = kUsed, .b = kUsed}, kGeneralBanks, inputs,
            8 * bytes_of(width),
            [&](const Values& v) { return *integer_result(op, width, v[0], v[1]); });
    }
  }
}

TEST_F(Placements, OfAnIntegerAndAnImmediate) {
  for (const Width width : {Width::k32, Width::k64}) {
    for (const Op op : {Op::kAdd, Op::kSub, Op::kMul, Op::kAnd, Op::kOr, Op::kXor, Op::kShl,
                        Op::kShrUnsigned, Op::kShrSigned, Op::kRotl, Op::kRotr}) {
      for (const std::int64_t imm : kImmediates) {
        check({.op = op, .width = width, .a = kUsed, .imm = imm}, kGeneralBanks, single(),
              8 * bytes_of(width), [&](const Values& v) {
                return *integer_result(op, width, v[0], static_cast<std::uint64_t>(imm));
              });
      }
    }
    check({.op = Op::kSub, .width = width, .b = kUsed}, kGeneralBanks, pairs(), 8 * bytes_of(width),
          [](const Values& v) { return 0 - v[1]; });
  }
}

TEST_F(Placements, OfAnImmediateOf64Bits) {
  for (const std::int64_t imm :
       {std::int64_t{0x123456789abcdef}, std::numeric_limits<std::int64_t>::min(),
        std::int64_t{0xffffffff}, std::int64_t{-0x100000000}, std::int64_t{0x0f0f0f0f0f0f0f0f}}) {
    for (const Op op : {Op::kAdd, Op::kSub, Op::kMul, Op::kAnd, Op::kOr, Op::kXor}) {
      check({.op = op, .a = kUsed, .imm = imm}, kGeneralBanks, single(), 64, [&](const Values& v) {
        return *integer_result(op, Width::k64, v[0], static_cast<std::uint64_t>(imm));
      });
    }
    check({.op = Op::kConstant, .imm = imm}, kGeneralBanks, {Values{}}, 64,
          [&](const Values&) { return static_cast<std::uint64_t>(imm); });
  }
  for (const std::int64_t imm : kImmediates) {
    for (const Width width : {Width::k32, Width::k64}) {
      check({.op = Op::kConstant, .width = width, .imm = imm}, kGeneralBanks, {Values{}},
            8 * bytes_of(width), [&](const Values&) { return static_cast<std::uint64_t>(imm); });
    }
  }
}

template <typename U>
std::uint64_t unary_result(Op op, U a) {
  switch (op) {
    case Op::kNeg:
      return static_cast<U>(0 - a);
    case Op::kNot:
      return static_cast<U>(~a);
    case Op::kPopcount:
      return static_cast<std::uint64_t>(std::popcount(a));
    case Op::kClz:
      return static_cast<std::uint64_t>(std::countl_zero(a));
    case Op::kCtz:
      return static_cast<std::uint64_t>(std::countr_zero(a));
    case Op::kByteSwap:
      return std::byteswap(a);
    default:
      return a;
  }
}

TEST_F(Placements, OfOneInteger) {
  for (const Op op :
       {Op::kNeg, Op::kNot, Op::kPopcount, Op::kClz, Op::kCtz, Op::kByteSwap, Op::kMove}) {
    check({.op = op, .width = Width::k32, .a = kUsed}, kGeneralBanks, single(), 32,
          [&](const Values& v) { return unary_result(op, static_cast<std::uint32_t>(v[0])); });
    check({.op = op, .width = Width::k64, .a = kUsed}, kGeneralBanks, single(), 64,
          [&](const Values& v) { return unary_result(op, v[0]); });
  }
}

TEST_F(Placements, Extensions) {
  for (const Width width : {Width::k32, Width::k64}) {
    for (const Width from : {Width::k8, Width::k16, Width::k32}) {
      const unsigned rest = 64 - 8 * bytes_of(from);
      check({.op = Op::kSignExtend, .width = width, .from = from, .a = kUsed}, kGeneralBanks,
            single(), 8 * bytes_of(width), [&](const Values& v) {
              return static_cast<std::uint64_t>(static_cast<std::int64_t>(v[0] << rest) >> rest);
            });
      check({.op = Op::kZeroExtend, .width = width, .from = from, .a = kUsed}, kGeneralBanks,
            single(), 8 * bytes_of(width), [&](const Values& v) { return v[0] << rest >> rest; });
    }
  }
}

constexpr Condition kIntegerConditions[] = {
    Condition::kEqual,      Condition::kNotEqual,     Condition::kLess,  Condition::kNotLess,
    Condition::kLessEqual,  Condition::kNotLessEqual, Condition::kBelow, Condition::kNotBelow,
    Condition::kBelowEqual, Condition::kNotBelowEqual};

TEST_F(Placements, ComparisonsOfIntegers) {
  for (const Width width : {Width::k32, Width::k64}) {
    for (const Condition condition : kIntegerConditions) {
      check({.op = Op::kCompare, .width = width, .condition = condition, .a = kUsed, .b = kUsed},
            kGeneralBanks, pairs(), 32,
            [&](const Values& v) { return std::uint64_t{holds(condition, width, v[0], v[1])}; });
      for (const std::int64_t imm : kImmediates) {
        check(
            {.op = Op::kCompare, .width = width, .condition = condition, .a = kUsed, .imm = imm},
            kGeneralBanks, single(), 32, [&](const Values& v) {
              return std::uint64_t{holds(condition, width, v[0], static_cast<std::uint64_t>(imm))};
            });
      }
    }
  }
}

TEST_F(Placements, Selections) {
  Banks floats;
  floats.c = floats.d = floats.dest = Bank::kVector;
  for (const Width width : {Width::k32, Width::k64}) {
    for (const Condition condition : kIntegerConditions) {
      Instruction one{.op = Op::kSelect, .width = width, .condition = condition};
      one.a = one.b = one.c = one.d = kUsed;
      const Oracle oracle = [&](const Values& v) {
        return holds(condition, width, v[0], v[1]) ? v[2] : v[3];
      };
      check(one, kGeneralBanks, pairs(), 8 * bytes_of(width), oracle);
      one.is_float = true;
      check(one, floats, pairs(), 8 * bytes_of(width), oracle);
      one.b = kNoRegister;
      one.imm = 0x7fff;
      check(one, floats, pairs(), 8 * bytes_of(width),
            [&](const Values& v) { return holds(condition, width, v[0], 0x7fff) ? v[2] : v[3]; });
    }
  }
}

// ---- Floats ----

constexpr double kFloats[] = {0.0,
                              -0.0,
                              1.0,
                              -1.5,
                              2.5,
                              1e300,
                              -3e-310,
                              4294967296.5,
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN()};

std::uint64_t bits_of_float(Width width, double value) {
  if (width == Width::k64) return std::bit_cast<std::uint64_t>(value);
  return std::bit_cast<std::uint32_t>(static_cast<float>(value));
}

double float_of_bits(Width width, std::uint64_t bits) {
  if (width == Width::k64) return std::bit_cast<double>(bits);
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

TEST_F(Placements, OfThreeFloatsThatAreMultipliedAndAdded) {
  for (const Width width : {Width::k32, Width::k64}) {
    if (kThisMachine == Machine::kX86_64 && !native_features().fma) GTEST_SKIP();
    std::vector<Values> inputs;
    for (const double a : {1.5, -2.0, 1e10, 0.1})
      for (const double b : {3.0, -0.25, 1e-10, 0.1})
        for (const double c : {-4.5, 1e20, 7.0}) {
          inputs.push_back(
              {bits_of_float(width, a), bits_of_float(width, b), bits_of_float(width, c), 0, 0});
        }
    check({.op = Op::kFloatFma, .width = width, .a = kUsed, .b = kUsed, .c = kUsed}, kVectorBanks,
          inputs, 8 * bytes_of(width), [&](const Values& v) {
            const double a = float_of_bits(width, v[0]);
            const double b = float_of_bits(width, v[1]);
            const double c = float_of_bits(width, v[2]);
            if (width == Width::k64) return bits_of_float(width, std::fma(a, b, c));
            return bits_of_float(width, std::fma(static_cast<float>(a), static_cast<float>(b),
                                                 static_cast<float>(c)));
          });
  }
}

bool holds_for(Condition condition, double a, double b) {
  switch (condition) {
    case Condition::kEqual:
      return a == b;
    case Condition::kLess:
      return a < b;
    case Condition::kLessEqual:
      return a <= b;
    case Condition::kGreater:
      return a > b;
    case Condition::kGreaterEqual:
      return a >= b;
    default:
      return !holds_for(negated(condition), a, b);
  }
}

TEST_F(Placements, OfFloatsThatAreCompared) {
  Banks banks = kVectorBanks;
  banks.dest = Bank::kGeneral;
  for (const Width width : {Width::k32, Width::k64}) {
    std::vector<Values> inputs;
    for (const double a : kFloats)
      for (const double b : kFloats)
        inputs.push_back({bits_of_float(width, a), bits_of_float(width, b), 0, 0, 0});
    for (const Condition condition :
         {Condition::kEqual, Condition::kNotEqual, Condition::kLess, Condition::kNotLess,
          Condition::kLessEqual, Condition::kNotLessEqual, Condition::kGreater,
          Condition::kNotGreater, Condition::kGreaterEqual, Condition::kNotGreaterEqual}) {
      check(
          {.op = Op::kFloatCompare, .width = width, .condition = condition, .a = kUsed, .b = kUsed},
          banks, inputs, 32, [&](const Values& v) {
            return std::uint64_t{
                holds_for(condition, float_of_bits(width, v[0]), float_of_bits(width, v[1]))};
          });
    }
  }
}

TEST_F(Placements, OfFloatConstants) {
  for (const Width width : {Width::k32, Width::k64}) {
    for (const double value : kFloats) {
      const std::uint64_t bits = bits_of_float(width, value);
      check({.op = Op::kFloatConstant, .width = width, .imm = static_cast<std::int64_t>(bits)},
            kVectorBanks, {Values{}}, 8 * bytes_of(width), [&](const Values&) { return bits; });
    }
  }
}

}  // namespace
}  // namespace smf::codegen
