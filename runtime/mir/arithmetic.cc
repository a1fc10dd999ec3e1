#include "runtime/mir/arithmetic.h"

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

namespace smf::mir {
namespace {

constexpr const char* kDivision = "division by zero";
constexpr const char* kQuotient = "the quotient is too large";
constexpr const char* kOverflow = "overflow";
constexpr const char* kExponent = "negative exponent";
constexpr const char* kCount = "shift count too large";

template <typename T>
T get(Scalar value) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(value);
  } else {
    return static_cast<T>(value);
  }
}
template <typename T>
Scalar put(T value) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<std::uint32_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<std::uint64_t>(value);
  } else {
    return static_cast<Scalar>(value);
  }
}

// Calls `use` with a value of the type that computes for `kind`. Bool and addresses are unsigned.
template <typename Use>
auto with(TypeKind kind, const Use& use) {
  switch (kind) {
    case TypeKind::kI8:
      return use(std::int8_t{});
    case TypeKind::kI16:
      return use(std::int16_t{});
    case TypeKind::kI32:
      return use(std::int32_t{});
    case TypeKind::kI64:
      return use(std::int64_t{});
    case TypeKind::kU8:
    case TypeKind::kBool:
      return use(std::uint8_t{});
    case TypeKind::kU16:
    case TypeKind::kChar:
      return use(std::uint16_t{});
    case TypeKind::kU32:
      return use(std::uint32_t{});
    case TypeKind::kF32:
      return use(float{});
    case TypeKind::kF64:
      return use(double{});
    default:
      return use(std::uint64_t{});
  }
}

template <typename T>
Scalar compare(BinaryOp op, T a, T b) {
  switch (op) {
    case BinaryOp::kEq:
      return a == b;
    case BinaryOp::kNe:
      return a != b;
    case BinaryOp::kLt:
      return a < b;
    case BinaryOp::kLe:
      return a <= b;
    case BinaryOp::kGt:
      return a > b;
    default:
      return a >= b;
  }
}

template <typename T>
Computed of_floats(BinaryOp op, T a, T b) {
  switch (op) {
    case BinaryOp::kAdd:
      return put(static_cast<T>(a + b));
    case BinaryOp::kSub:
      return put(static_cast<T>(a - b));
    case BinaryOp::kMul:
      return put(static_cast<T>(a * b));
    case BinaryOp::kDiv:
      return put(static_cast<T>(a / b));
    case BinaryOp::kRem:
      return put(std::fmod(a, b));
    default:
      return put(std::pow(a, b));
  }
}

// By squaring; what overflows wraps, or traps.
template <typename T>
Computed power(T base, T exponent, bool is_checked) {
  if (std::is_signed_v<T> && exponent < 0) return std::unexpected(kExponent);
  T result = 1;
  bool has_overflown = false, has_base = false;
  for (auto left = static_cast<std::make_unsigned_t<T>>(exponent); left != 0;) {
    if ((left & 1) != 0)
      has_overflown = __builtin_mul_overflow(result, base, &result) || has_overflown || has_base;
    left = static_cast<std::make_unsigned_t<T>>(left >> 1);
    if (left != 0) has_base = __builtin_mul_overflow(base, base, &base) || has_base;
  }
  if (is_checked && has_overflown) return std::unexpected(kOverflow);
  return put(result);
}

template <typename T>
Computed divide(BinaryOp op, T a, T b) {
  if (b == 0) return std::unexpected(kDivision);
  if (std::is_signed_v<T> && b == static_cast<T>(-1) && a == std::numeric_limits<T>::min())
    return std::unexpected(kQuotient);
  return put(static_cast<T>(op == BinaryOp::kDiv ? a / b : a % b));
}

template <typename T>
Computed shift(BinaryOp op, T a, Scalar count, bool is_checked) {
  constexpr unsigned kWidth = sizeof(T) * 8;
  if (is_checked && op == BinaryOp::kShl && count >= kWidth) return std::unexpected(kCount);
  const unsigned by = static_cast<unsigned>(count % kWidth);
  if (op == BinaryOp::kShl) {
    return put(static_cast<T>(static_cast<Scalar>(a) << by));
  }
  return put(static_cast<T>(a >> by));
}

template <typename T>
Computed of_integers(BinaryOp op, T a, T b, bool is_checked) {
  T result = 0;
  bool has_overflown = false;
  switch (op) {
    case BinaryOp::kAdd:
      has_overflown = __builtin_add_overflow(a, b, &result);
      break;
    case BinaryOp::kSub:
      has_overflown = __builtin_sub_overflow(a, b, &result);
      break;
    case BinaryOp::kMul:
      has_overflown = __builtin_mul_overflow(a, b, &result);
      break;
    case BinaryOp::kDiv:
    case BinaryOp::kRem:
      return divide(op, a, b);
    case BinaryOp::kPow:
      return power(a, b, is_checked);
    case BinaryOp::kBitAnd:
      result = static_cast<T>(a & b);
      break;
    case BinaryOp::kBitOr:
      result = static_cast<T>(a | b);
      break;
    default:
      result = static_cast<T>(a ^ b);
  }
  if (is_checked && has_overflown) return std::unexpected(kOverflow);
  return put(result);
}

template <typename To, typename From>
Scalar saturate(From value) {
  if (std::isnan(value)) return 0;
  // Both limits are powers of two, or one less than one, which a float cannot be next to.
  constexpr auto kLow = static_cast<From>(std::numeric_limits<To>::min());
  const From high = std::ldexp(From{1}, std::numeric_limits<To>::digits);
  if (value <= kLow) return put(std::numeric_limits<To>::min());
  if (value >= high) return put(std::numeric_limits<To>::max());
  return put(static_cast<To>(value));
}

}  // namespace

unsigned width_of(TypeKind kind) {
  return with(kind, [](auto type) { return static_cast<unsigned>(sizeof type * 8); });
}

Scalar normalize(TypeKind kind, Scalar value) {
  if (kind == TypeKind::kBool) return (value & 0xff) != 0 ? 1 : 0;
  return with(kind, [&](auto type) { return put(get<decltype(type)>(value)); });
}

Computed compute(BinaryOp op, TypeKind kind, Scalar left, Scalar right, bool is_checked) {
  return with(kind, [&](auto type) -> Computed {
    using T = decltype(type);
    const T a = get<T>(left);
    if constexpr (std::is_integral_v<T>) {
      if (is_shift(op)) return shift(op, a, right, is_checked);
    }
    const T b = get<T>(right);
    if (is_comparison(op)) return compare(op, a, b);
    if constexpr (std::is_integral_v<T>) {
      return of_integers(op, a, b, is_checked);
    } else {
      return of_floats(op, a, b);
    }
  });
}

Scalar compute(UnaryOp op, TypeKind kind, Scalar value) {
  if (op == UnaryOp::kNot) return value == 0 ? 1 : 0;
  return with(kind, [&](auto type) -> Scalar {
    using T = decltype(type);
    if constexpr (std::is_integral_v<T>) {
      const Scalar bits = op == UnaryOp::kNeg ? Scalar{0} - value : ~value;
      return put(static_cast<T>(bits));
    } else {
      return put(-get<T>(value));
    }
  });
}

Scalar convert(TypeKind from, TypeKind to, Scalar value) {
  if (to == TypeKind::kBool) {
    return with(from, [&](auto type) -> Scalar { return get<decltype(type)>(value) != 0; });
  }
  return with(from, [&](auto from_type) -> Scalar {
    using From = decltype(from_type);
    return with(to, [&](auto to_type) -> Scalar {
      using To = decltype(to_type);
      const From before = get<From>(value);
      if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
        return saturate<To>(before);
      } else {
        return put(static_cast<To>(before));
      }
    });
  });
}

Scalar compute(Intrinsic intrinsic, TypeKind kind, const Scalar* arguments) {
  return with(kind, [&](auto type) -> Scalar {
    using T = decltype(type);
    const T a = get<T>(arguments[0]);
    if constexpr (std::is_floating_point_v<T>) {
      switch (intrinsic) {
        case Intrinsic::kSqrt:
          return put(std::sqrt(a));
        case Intrinsic::kAbs:
          return put(std::fabs(a));
        case Intrinsic::kMin:
          return put(std::fmin(a, get<T>(arguments[1])));
        case Intrinsic::kMax:
          return put(std::fmax(a, get<T>(arguments[1])));
        case Intrinsic::kFloor:
          return put(std::floor(a));
        case Intrinsic::kCeil:
          return put(std::ceil(a));
        case Intrinsic::kTrunc:
          return put(std::trunc(a));
        default:
          return put(std::fma(a, get<T>(arguments[1]), get<T>(arguments[2])));
      }
    } else {
      using Unsigned = std::make_unsigned_t<T>;
      const auto bits = static_cast<Unsigned>(a);
      constexpr int kWidth = sizeof(T) * 8;
      switch (intrinsic) {
        case Intrinsic::kAbs:
          return a < 0 ? put(static_cast<T>(Scalar{0} - static_cast<Scalar>(a))) : put(a);
        case Intrinsic::kMin:
          return put(a < get<T>(arguments[1]) ? a : get<T>(arguments[1]));
        case Intrinsic::kMax:
          return put(a < get<T>(arguments[1]) ? get<T>(arguments[1]) : a);
        case Intrinsic::kPopcount:
          return put(static_cast<T>(std::popcount(bits)));
        case Intrinsic::kClz:
          return put(static_cast<T>(std::countl_zero(bits)));
        case Intrinsic::kCtz:
          return put(static_cast<T>(std::countr_zero(bits)));
        case Intrinsic::kBswap:
          return put(static_cast<T>(__builtin_bswap64(bits) >> (64 - kWidth)));
        case Intrinsic::kRotl:
          return put(static_cast<T>(std::rotl(bits, static_cast<int>(arguments[1] % kWidth))));
        default:
          return put(static_cast<T>(std::rotr(bits, static_cast<int>(arguments[1] % kWidth))));
      }
    }
  });
}

}  // namespace smf::mir
