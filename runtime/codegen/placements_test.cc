// Every operation, on operands in all sorts of places, against what C++ makes of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <csetjmp>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "runtime/codegen/target.h"
#include "runtime/codegen/testing/placed_code.h"

namespace smf::codegen {
namespace {

using Values = std::array<std::uint64_t, 5>;
using Oracle = std::function<std::uint64_t(const Values&)>;

constexpr Register kUsed = 0;  // an operand that is there
constexpr int kPlacements = 12;

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

std::string named(const Instruction& i) {
  return fmt::format("op {}, {} bits, condition {}, imm {}", static_cast<int>(i.op),
                     8 * bytes_of(i.width), static_cast<int>(i.condition), i.imm);
}

struct Banks {
  Bank a = Bank::kGeneral;
  Bank b = Bank::kGeneral;
  Bank c = Bank::kGeneral;
  Bank d = Bank::kGeneral;
  Bank dest = Bank::kGeneral;
};
constexpr Banks kGeneralBanks{};
constexpr Banks kVectorBanks{Bank::kVector, Bank::kVector, Bank::kVector, Bank::kVector,
                             Bank::kVector};

class Placements : public testing::Test {
 protected:
  // `bits` of the result are compared.
  void check(const Instruction& one, const Banks& banks, const std::vector<Values>& inputs,
             unsigned bits, const Oracle& oracle) {
    std::vector<PlacedInstruction> placed;
    Placer placer(*target_, ++seed_);
    for (int n = 0; n != kPlacements; ++n)
      placed.push_back(placer.place(one, banks.a, banks.b, banks.c, banks.d, banks.dest));
    const PlacedCode code(*target_, placed);
    if (!code.is_there()) {
      ADD_FAILURE() << named(one);
      return;
    }
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - bits);
    for (int n = 0; n != kPlacements; ++n) {
      for (const Values& input : inputs) {
        Values values = input;
        const std::uint64_t expected = oracle(input) & mask;
        code.run(static_cast<std::size_t>(n), values.data());
        if ((values[4] & mask) == expected) continue;
        ADD_FAILURE() << named(one) << " of " << std::hex << input[0] << ", " << input[1] << ", "
                      << input[2] << ", " << input[3] << " is " << values[4] << ", not " << expected
                      << " in placement " << n << "\n"
                      << describe(placed[static_cast<std::size_t>(n)].function);
        return;
      }
    }
  }

  static std::vector<Values> single() {
    std::vector<Values> all;
    for (const std::uint64_t a : kIntegers) all.push_back({a, 0, 0, 0, 0});
    return all;
  }
  static std::vector<Values> pairs() {
    std::vector<Values> all;
    for (const std::uint64_t a : kIntegers)
      for (const std::uint64_t b : kIntegers) all.push_back({a, b, a * 3 + 1, b ^ 0x77, 0});
    return all;
  }

  std::unique_ptr<Target> target_ =
      make_target(kThisMachine, {.features = native_features(), .checks_frames = true});
  std::uint32_t seed_ = 0;
};

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

template <typename U>
bool holds(Condition condition, U a, U b) {
  using S = std::make_signed_t<U>;
  const auto sa = static_cast<S>(a);
  const auto sb = static_cast<S>(b);
  switch (condition) {
    case Condition::kEqual:
      return a == b;
    case Condition::kNotEqual:
      return a != b;
    case Condition::kLess:
      return sa < sb;
    case Condition::kNotLess:
      return sa >= sb;
    case Condition::kLessEqual:
      return sa <= sb;
    case Condition::kNotLessEqual:
      return sa > sb;
    case Condition::kBelow:
      return a < b;
    case Condition::kNotBelow:
      return a >= b;
    case Condition::kBelowEqual:
      return a <= b;
    default:
      return a > b;
  }
}
bool holds(Condition condition, Width width, std::uint64_t a, std::uint64_t b) {
  if (width == Width::k64) return holds<std::uint64_t>(condition, a, b);
  return holds<std::uint32_t>(condition, static_cast<std::uint32_t>(a),
                              static_cast<std::uint32_t>(b));
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

}  // namespace
}  // namespace smf::codegen
