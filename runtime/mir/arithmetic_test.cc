// Operators against C++'s own, at the borders and at random.
#include "runtime/mir/arithmetic.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace smf::mir {
namespace {

template <typename T>
TypeKind kind_of() {
  if (std::is_same_v<T, float>) return TypeKind::kF32;
  if (std::is_same_v<T, double>) return TypeKind::kF64;
  const int size = std::countr_zero(sizeof(T));
  return static_cast<TypeKind>((std::is_signed_v<T> ? 0 : 4) + size);
}

Scalar scalar(auto value) {
  using T = decltype(value);
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<std::uint32_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<std::uint64_t>(value);
  } else {
    return static_cast<Scalar>(value);
  }
}

template <typename T>
std::vector<T> interesting() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> all{0,
                     1,
                     2,
                     3,
                     7,
                     static_cast<T>(-1),
                     static_cast<T>(-5),
                     Limits::max(),
                     Limits::lowest(),
                     static_cast<T>(Limits::max() / 2),
                     static_cast<T>(Limits::lowest() / 2)};
  if constexpr (std::is_floating_point_v<T>)
    all.insert(all.end(), {Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(), T(-0.0)});
  std::mt19937_64 random(1);
  for (int i = 0; i != 40; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      all.push_back(static_cast<T>(static_cast<std::int64_t>(random())) / 1024);
    } else {
      all.push_back(static_cast<T>(random() >> random() % 64));
    }
  }
  return all;
}

template <typename T>
class Integers : public testing::Test {};
using IntegerTypes = testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                                    std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(Integers, IntegerTypes);

TYPED_TEST(Integers, WrapOrTrapAsWideArithmeticSays) {
  using T = TypeParam;
  const TypeKind kind = kind_of<T>();
  const auto check = [&](BinaryOp op, T a, T b, __int128 exact) {
    const auto wrapped = static_cast<T>(static_cast<unsigned __int128>(exact));
    const Computed plain = compute(op, kind, scalar(a), scalar(b), false);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(*plain, scalar(wrapped)) << +a << " " << +b;
    const Computed checked = compute(op, kind, scalar(a), scalar(b), true);
    EXPECT_EQ(checked.has_value(), wrapped == exact) << +a << " " << +b;
  };
  for (const T a : interesting<T>()) {
    for (const T b : interesting<T>()) {
      const __int128 x = a, y = b;
      check(BinaryOp::kAdd, a, b, x + y);
      check(BinaryOp::kSub, a, b, x - y);
      // 64 bits by 64 bits fit 128, signed or not, but for the largest unsigned ones.
      if (sizeof(T) < 8 || std::is_signed_v<T>) check(BinaryOp::kMul, a, b, x * y);
      for (const BinaryOp op : {BinaryOp::kDiv, BinaryOp::kRem}) {
        const Computed result = compute(op, kind, scalar(a), scalar(b), false);
        if (b == 0) {
          ASSERT_FALSE(result.has_value());
          EXPECT_STREQ(result.error(), "division by zero");
        } else if (x / y != static_cast<T>(x / y)) {
          ASSERT_FALSE(result.has_value());
          EXPECT_STREQ(result.error(), "the quotient is too large");
        } else {
          EXPECT_EQ(*result, scalar(static_cast<T>(op == BinaryOp::kDiv ? x / y : x % y)));
        }
      }
      EXPECT_EQ(*compute(BinaryOp::kLt, kind, scalar(a), scalar(b), false), a < b ? 1u : 0u);
      EXPECT_EQ(*compute(BinaryOp::kGe, kind, scalar(a), scalar(b), false), a >= b ? 1u : 0u);
      EXPECT_EQ(*compute(BinaryOp::kEq, kind, scalar(a), scalar(b), false), a == b ? 1u : 0u);
      EXPECT_EQ(*compute(BinaryOp::kBitXor, kind, scalar(a), scalar(b), false),
                scalar(static_cast<T>(a ^ b)));
    }
  }
}

TYPED_TEST(Integers, ShiftCountsAreTakenModuloTheWidth) {
  using T = TypeParam;
  constexpr unsigned kWidth = sizeof(T) * 8;
  for (const T a : interesting<T>()) {
    for (const unsigned count : {0u, 1u, kWidth - 1, kWidth, kWidth + 3, 200u}) {
      const unsigned by = count % kWidth;
      EXPECT_EQ(*compute(BinaryOp::kShl, kind_of<T>(), scalar(a), count, false),
                scalar(static_cast<T>(static_cast<std::uint64_t>(a) << by)));
      EXPECT_EQ(*compute(BinaryOp::kShr, kind_of<T>(), scalar(a), count, false),
                scalar(static_cast<T>(a >> by)));
      EXPECT_EQ(compute(BinaryOp::kShl, kind_of<T>(), scalar(a), count, true).has_value(),
                count < kWidth);
    }
  }
}

TYPED_TEST(Integers, PowersAreRepeatedProducts) {
  using T = TypeParam;
  for (const T base : interesting<T>()) {
    __int128 exact = 1;
    auto wrapped = static_cast<T>(1);
    bool is_exact = true;
    for (T exponent = 0; exponent != 20; ++exponent) {
      const Scalar e = scalar(exponent);
      EXPECT_EQ(*compute(BinaryOp::kPow, kind_of<T>(), scalar(base), e, false), scalar(wrapped));
      EXPECT_EQ(compute(BinaryOp::kPow, kind_of<T>(), scalar(base), e, true).has_value(), is_exact)
          << +base << "^" << +exponent;
      wrapped =
          static_cast<T>(static_cast<std::uint64_t>(wrapped) * static_cast<std::uint64_t>(base));
      if (is_exact) {
        is_exact = !__builtin_mul_overflow(exact, static_cast<__int128>(base), &exact) &&
                   exact == static_cast<T>(exact);
      }
    }
    if (std::is_signed_v<T>) {
      EXPECT_FALSE(
          compute(BinaryOp::kPow, kind_of<T>(), scalar(base), scalar(static_cast<T>(-1)), false)
              .has_value());
    }
  }
}

TYPED_TEST(Integers, BitsAreCountedWithinTheWidth) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  for (const T a : interesting<T>()) {
    const auto bits = static_cast<U>(a);
    const auto of = [&](Intrinsic intrinsic, Scalar second = 0) {
      const Scalar arguments[3] = {scalar(a), second, 0};
      return compute(intrinsic, kind_of<T>(), arguments);
    };
    EXPECT_EQ(of(Intrinsic::kPopcount), static_cast<Scalar>(std::popcount(bits)));
    EXPECT_EQ(of(Intrinsic::kClz), static_cast<Scalar>(std::countl_zero(bits)));
    EXPECT_EQ(of(Intrinsic::kCtz), static_cast<Scalar>(std::countr_zero(bits)));
    EXPECT_EQ(of(Intrinsic::kRotl, 200),
              scalar(static_cast<T>(std::rotl(bits, 200 % int{sizeof(T) * 8}))));
    U swapped = 0;
    for (unsigned i = 0; i != sizeof(T); ++i)
      swapped = static_cast<U>(
          swapped | static_cast<U>((bits >> (8 * i) & 0xff) << (8 * (sizeof(T) - 1 - i))));
    EXPECT_EQ(of(Intrinsic::kBswap), scalar(static_cast<T>(swapped)));
    const auto negated = static_cast<T>(0 - static_cast<std::uint64_t>(a));
    EXPECT_EQ(of(Intrinsic::kAbs), scalar(a < 0 ? negated : a));
    EXPECT_EQ(compute(UnaryOp::kNeg, kind_of<T>(), scalar(a)), scalar(negated));
    EXPECT_EQ(compute(UnaryOp::kBitNot, kind_of<T>(), scalar(a)), scalar(static_cast<T>(~a)));
  }
}

TYPED_TEST(Integers, ConversionsTruncateExtendAndRound) {
  using T = TypeParam;
  const TypeKind kind = kind_of<T>();
  for (const T a : interesting<T>()) {
    EXPECT_EQ(convert(kind, TypeKind::kI8, scalar(a)), scalar(static_cast<std::int8_t>(a)));
    EXPECT_EQ(convert(kind, TypeKind::kU32, scalar(a)), scalar(static_cast<std::uint32_t>(a)));
    EXPECT_EQ(convert(kind, TypeKind::kI64, scalar(a)), scalar(static_cast<std::int64_t>(a)));
    EXPECT_EQ(convert(kind, TypeKind::kF32, scalar(a)), scalar(static_cast<float>(a)));
    EXPECT_EQ(convert(kind, TypeKind::kF64, scalar(a)), scalar(static_cast<double>(a)));
    EXPECT_EQ(convert(kind, TypeKind::kBool, scalar(a)), a != 0 ? 1u : 0u);
  }
  // From floats: what does not fit is the nearest that does.
  for (const double a : interesting<double>()) {
    T expected = 0;
    if (std::isnan(a)) {
      expected = 0;
    } else if (a <= static_cast<double>(std::numeric_limits<T>::min())) {
      expected = std::numeric_limits<T>::min();
    } else if (a >= std::ldexp(1.0, std::numeric_limits<T>::digits)) {
      expected = std::numeric_limits<T>::max();
    } else {
      expected = static_cast<T>(a);
    }
    EXPECT_EQ(convert(TypeKind::kF64, kind, scalar(a)), scalar(expected)) << a;
  }
}

TEST(Floats, ComputeAsTheProcessorDoes) {
  for (const float a : interesting<float>()) {
    for (const float b : interesting<float>()) {
      const auto same = [](Scalar got, float expected) {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(got));
        return std::isnan(expected) ? std::isnan(value) : got == scalar(expected);
      };
      const auto of = [&](BinaryOp op) {
        return *compute(op, TypeKind::kF32, scalar(a), scalar(b), true);
      };
      EXPECT_TRUE(same(of(BinaryOp::kAdd), a + b));
      EXPECT_TRUE(same(of(BinaryOp::kDiv), a / b));
      EXPECT_TRUE(same(of(BinaryOp::kRem), std::fmod(a, b)));
      EXPECT_TRUE(same(of(BinaryOp::kPow), std::pow(a, b)));
      EXPECT_EQ(of(BinaryOp::kLt), a < b ? 1u : 0u);
      EXPECT_EQ(of(BinaryOp::kNe), a != b ? 1u : 0u);
      const Scalar arguments[3] = {scalar(a), scalar(b), scalar(1.5f)};
      EXPECT_TRUE(same(compute(Intrinsic::kFma, TypeKind::kF32, arguments), std::fma(a, b, 1.5f)));
      if (std::isnan(a) != std::isnan(b)) {
        EXPECT_TRUE(
            same(compute(Intrinsic::kMin, TypeKind::kF32, arguments), std::isnan(a) ? b : a));
      }
    }
    EXPECT_EQ(compute(UnaryOp::kNeg, TypeKind::kF32, scalar(a)), scalar(a) ^ 0x80000000u);
  }
}

TEST(Bools, AreZeroOrOne) {
  EXPECT_EQ(normalize(TypeKind::kBool, 0x80), 1u);
  EXPECT_EQ(normalize(TypeKind::kBool, 0x100), 0u);
  EXPECT_EQ(compute(UnaryOp::kNot, TypeKind::kBool, 1), 0u);
  EXPECT_EQ(compute(UnaryOp::kNot, TypeKind::kBool, 0), 1u);
}

}  // namespace
}  // namespace smf::mir
