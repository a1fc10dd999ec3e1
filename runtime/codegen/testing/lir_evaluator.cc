#include "runtime/codegen/testing/lir_evaluator.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "runtime/base/check.h"

namespace smf::codegen {
namespace {

template <typename T>
T as_float(std::uint64_t bits) {
  if constexpr (sizeof(T) == 4)
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  else
    return std::bit_cast<double>(bits);
}

std::uint64_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

template <typename Unsigned>
std::optional<std::uint64_t> integer(const Instruction& i, const Operands& o) {
  using Signed = std::make_signed_t<Unsigned>;
  constexpr unsigned kBits = 8 * sizeof(Unsigned);
  const auto a = i.a == kNoRegister ? Unsigned{0} : static_cast<Unsigned>(o.a);
  const auto b =
      static_cast<Unsigned>(i.b == kNoRegister ? static_cast<std::uint64_t>(i.imm) : o.b);
  const auto signed_a = static_cast<Signed>(a);
  const auto signed_b = static_cast<Signed>(b);
  const int count = static_cast<int>(b % kBits);
  Unsigned sum = 0;
  Signed signed_sum = 0;
  switch (i.op) {
    case Op::kConstant:
      return static_cast<Unsigned>(i.imm);
    case Op::kMove:
      return a;
    case Op::kAdd:
      return static_cast<Unsigned>(a + b);
    case Op::kSub:
      return static_cast<Unsigned>(a - b);
    case Op::kMul:
      return static_cast<Unsigned>(a * b);
    case Op::kMulHighUnsigned:
      return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b >> 64);
    case Op::kMulHighSigned:
      return static_cast<std::uint64_t>(static_cast<__int128>(signed_a) * signed_b >> 64);
    case Op::kAnd:
      return a & b;
    case Op::kOr:
      return a | b;
    case Op::kXor:
      return a ^ b;
    case Op::kShl:
      return static_cast<Unsigned>(a << count);
    case Op::kShrUnsigned:
      return a >> count;
    case Op::kShrSigned:
      return static_cast<Unsigned>(signed_a >> count);
    case Op::kRotl:
      return std::rotl(a, count);
    case Op::kRotr:
      return std::rotr(a, count);
    case Op::kDivUnsigned:
      return a / b;
    case Op::kDivSigned:
      return static_cast<Unsigned>(signed_a / signed_b);
    case Op::kRemUnsigned:
      return a % b;
    case Op::kRemSigned:
      return static_cast<Unsigned>(signed_a % signed_b);
    case Op::kAddChecked:
      if (i.is_signed ? __builtin_add_overflow(signed_a, signed_b, &signed_sum)
                      : __builtin_add_overflow(a, b, &sum))
        return std::nullopt;
      return static_cast<Unsigned>(a + b);
    case Op::kSubChecked:
      if (i.is_signed ? __builtin_sub_overflow(signed_a, signed_b, &signed_sum)
                      : __builtin_sub_overflow(a, b, &sum))
        return std::nullopt;
      return static_cast<Unsigned>(a - b);
    case Op::kMulChecked:
      if (i.is_signed ? __builtin_mul_overflow(signed_a, signed_b, &signed_sum)
                      : __builtin_mul_overflow(a, b, &sum))
        return std::nullopt;
      return static_cast<Unsigned>(a * b);
    case Op::kNeg:
      return static_cast<Unsigned>(0 - a);
    case Op::kNot:
      return static_cast<Unsigned>(~a);
    case Op::kPopcount:
      return static_cast<std::uint64_t>(std::popcount(a));
    case Op::kClz:
      return static_cast<std::uint64_t>(std::countl_zero(a));
    case Op::kCtz:
      return static_cast<std::uint64_t>(std::countr_zero(a));
    case Op::kByteSwap:
      if constexpr (sizeof(Unsigned) == 8) return __builtin_bswap64(a);
      return __builtin_bswap32(static_cast<std::uint32_t>(a));
    default:
      SMF_CHECK(!"an operation that is not evaluated");
  }
}

std::uint64_t extended(const Instruction& i, std::uint64_t a) {
  const unsigned unused = 64 - 8 * bytes_of(i.from);
  const auto value =
      i.op == Op::kSignExtend
          ? static_cast<std::uint64_t>(static_cast<std::int64_t>(a << unused) >> unused)
          : a << unused >> unused;
  return i.width == Width::k64 ? value : static_cast<std::uint32_t>(value);
}

// Which of two zeros is the smaller is left open.
template <typename T>
T extreme(Op op, T a, T b) {
  if (std::isnan(a)) return b;
  if (std::isnan(b)) return a;
  return (op == Op::kFloatMin ? b < a : a < b) ? b : a;
}

template <typename T>
std::uint64_t floating(const Instruction& i, const Operands& o) {
  const T a = as_float<T>(o.a), b = as_float<T>(o.b), c = as_float<T>(o.c);
  switch (i.op) {
    case Op::kFloatAdd:
      return bits_of(a + b);
    case Op::kFloatSub:
      return bits_of(a - b);
    case Op::kFloatMul:
      return bits_of(a * b);
    case Op::kFloatDiv:
      return bits_of(a / b);
    case Op::kFloatSqrt:
      return bits_of(std::sqrt(a));
    case Op::kFloatNeg:
      return bits_of(-a);
    case Op::kFloatAbs:
      return bits_of(std::fabs(a));
    case Op::kFloatMin:
    case Op::kFloatMax:
      return bits_of(extreme(i.op, a, b));
    case Op::kFloatFloor:
      return bits_of(std::floor(a));
    case Op::kFloatCeil:
      return bits_of(std::ceil(a));
    case Op::kFloatTrunc:
      return bits_of(std::trunc(a));
    case Op::kFloatFma:
      return bits_of(std::fma(a, b, c));
    default:
      SMF_CHECK(!"an operation that is not evaluated");
  }
}

template <typename Float, typename Integer>
std::uint64_t saturated(std::uint64_t bits) {
  const auto value = std::trunc(as_float<Float>(bits));
  if (std::isnan(value)) return 0;
  constexpr auto kMin = std::numeric_limits<Integer>::min();
  constexpr auto kMax = std::numeric_limits<Integer>::max();
  Integer result{};
  // 2^n, the first that does not fit, is a float; kMax need not be one.
  if (value >= std::ldexp(Float{1}, std::numeric_limits<Integer>::digits))
    result = kMax;
  else if (value < static_cast<Float>(kMin))
    result = kMin;
  else
    result = static_cast<Integer>(value);
  return static_cast<std::make_unsigned_t<Integer>>(result);
}

std::uint64_t to_integer(const Instruction& i, std::uint64_t bits) {
  const bool is_wide = i.from == Width::k64;
  if (i.width == Width::k32) {
    if (i.op == Op::kToSigned)
      return is_wide ? saturated<float, std::int64_t>(bits) : saturated<float, std::int32_t>(bits);
    return is_wide ? saturated<float, std::uint64_t>(bits) : saturated<float, std::uint32_t>(bits);
  }
  if (i.op == Op::kToSigned)
    return is_wide ? saturated<double, std::int64_t>(bits) : saturated<double, std::int32_t>(bits);
  return is_wide ? saturated<double, std::uint64_t>(bits) : saturated<double, std::uint32_t>(bits);
}

template <typename Float>
std::uint64_t from_integer(const Instruction& i, std::uint64_t a) {
  const auto narrow = static_cast<std::uint32_t>(a);
  if (i.op == Op::kFromSigned)
    return i.from == Width::k64 ? bits_of(static_cast<Float>(static_cast<std::int64_t>(a)))
                                : bits_of(static_cast<Float>(static_cast<std::int32_t>(narrow)));
  return i.from == Width::k64 ? bits_of(static_cast<Float>(a))
                              : bits_of(static_cast<Float>(narrow));
}

template <typename T>
bool compared(Condition condition, T a, T b) {
  switch (condition) {
    case Condition::kEqual:
      return a == b;
    case Condition::kNotEqual:
      return !(a == b);
    case Condition::kLess:
      return a < b;
    case Condition::kNotLess:
      return !(a < b);
    case Condition::kLessEqual:
      return a <= b;
    case Condition::kNotLessEqual:
      return !(a <= b);
    case Condition::kGreater:
      return a > b;
    case Condition::kNotGreater:
      return !(a > b);
    case Condition::kGreaterEqual:
      return a >= b;
    case Condition::kNotGreaterEqual:
      return !(a >= b);
    default:
      SMF_CHECK(!"a condition that is not evaluated");
  }
}

}  // namespace

bool holds(Condition condition, Width width, std::uint64_t a, std::uint64_t b) {
  if (width != Width::k64) {  // the same order in 64 bits
    a = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(a)));
    b = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(b)));
  }
  switch (condition) {
    case Condition::kBelow:
      return a < b;
    case Condition::kNotBelow:
      return a >= b;
    case Condition::kBelowEqual:
      return a <= b;
    case Condition::kNotBelowEqual:
      return a > b;
    default:
      return compared(condition, static_cast<std::int64_t>(a), static_cast<std::int64_t>(b));
  }
}

bool holds_for_floats(Condition condition, Width width, std::uint64_t a, std::uint64_t b) {
  if (width == Width::k32) return compared(condition, as_float<float>(a), as_float<float>(b));
  return compared(condition, as_float<double>(a), as_float<double>(b));
}

std::optional<std::uint64_t> evaluate(const Instruction& i, const Operands& o) {
  const std::uint64_t b = i.b == kNoRegister ? static_cast<std::uint64_t>(i.imm) : o.b;
  const bool is_wide = i.width == Width::k64;
  switch (i.op) {
    case Op::kSignExtend:
    case Op::kZeroExtend:
      return extended(i, o.a);
    case Op::kCompare:
      return holds(i.condition, i.width, o.a, b) ? 1 : 0;
    case Op::kSelect:
      return holds(i.condition, i.width, o.a, b) ? o.c : o.d;
    case Op::kFloatCompare:
      return holds_for_floats(i.condition, i.width, o.a, o.b) ? 1 : 0;
    case Op::kFloatConstant:
      return is_wide ? static_cast<std::uint64_t>(i.imm) : static_cast<std::uint32_t>(i.imm);
    case Op::kFloatWiden:
      return bits_of(static_cast<double>(as_float<float>(o.a)));
    case Op::kFloatNarrow:
      return bits_of(static_cast<float>(as_float<double>(o.a)));
    case Op::kFromSigned:
    case Op::kFromUnsigned:
      return is_wide ? from_integer<double>(i, o.a) : from_integer<float>(i, o.a);
    case Op::kToSigned:
    case Op::kToUnsigned:
      return to_integer(i, o.a);
    case Op::kBitsToFloat:
    case Op::kBitsFromFloat:
      return is_wide ? o.a : static_cast<std::uint32_t>(o.a);
    default:
      break;
  }
  if (i.op == Op::kMove && i.is_float) return o.a;
  if (i.op >= Op::kFloatAdd && i.op <= Op::kFloatFma)
    return is_wide ? floating<double>(i, o) : floating<float>(i, o);
  return is_wide ? integer<std::uint64_t>(i, o) : integer<std::uint32_t>(i, o);
}

// ---- Functions ----

Operands LirEvaluator::operands(const Instruction& i) const {
  const auto of = [&](Register reg) { return reg == kNoRegister ? 0 : values_[reg]; };
  const bool is_memory = i.op == Op::kAddress || (i.op >= Op::kLoad && i.op <= Op::kZeroBytes);
  const bool is_number = is_memory && i.base != Base::kRegister;  // of a slot, for instance
  return {is_number ? 0 : of(i.a), of(i.b), of(i.c), of(i.d)};
}

std::uint64_t LirEvaluator::address(const Instruction& i) const {
  std::uint64_t at = static_cast<std::uint64_t>(std::int64_t{i.disp});
  switch (i.base) {
    case Base::kRegister:
      at += values_[i.a];
      break;
    case Base::kSlot:
      at += reinterpret_cast<std::uintptr_t>(slots_[i.a].data());
      break;
    case Base::kPool:
      at += reinterpret_cast<std::uintptr_t>(function_.pool.data()) + i.a;
      break;
    default:
      SMF_CHECK(!"memory that is not evaluated");
  }
  return i.b == kNoRegister ? at : at + (values_[i.b] << i.shift);
}

void LirEvaluator::memory(const Instruction& i) {
  const std::uint64_t at = address(i);
  auto* const bytes = reinterpret_cast<std::byte*>(at);
  const std::size_t size = bytes_of(i.width);
  switch (i.op) {
    case Op::kAddress:
      value(i.dest) = at;
      return;
    case Op::kLoad:
    case Op::kFloatLoad: {
      std::uint64_t loaded = 0;
      std::memcpy(&loaded, bytes, size);
      if (i.op == Op::kLoad && i.is_signed)
        loaded = extended({.op = Op::kSignExtend, .width = Width::k64, .from = i.width}, loaded);
      value(i.dest) = loaded;
      return;
    }
    case Op::kStore:
    case Op::kFloatStore: {
      const std::uint64_t stored =
          i.c == kNoRegister ? static_cast<std::uint64_t>(i.imm) : values_[i.c];
      std::memcpy(bytes, &stored, size);
      return;
    }
    case Op::kCopyBytes:
      std::memmove(bytes, reinterpret_cast<const std::byte*>(values_[i.c]),
                   static_cast<std::size_t>(i.imm));
      return;
    default:
      std::memset(bytes, 0, static_cast<std::size_t>(i.imm));
      return;
  }
}

void LirEvaluator::call(const Call& call) {
  SMF_CHECK(call.target == Call::Target::kSymbol);
  std::vector<std::uint64_t> arguments;
  for (const Transfer& argument : function_.of(call.arguments))
    arguments.push_back(values_[argument.reg]);
  const auto results = callees_.at(function_.symbols[call.callee].name)(arguments);
  std::size_t n = 0;
  for (const Transfer& result : function_.of(call.results)) value(result.reg) = results.at(n++);
}

bool LirEvaluator::step(const Instruction& i) {
  const Operands o = operands(i);
  const std::uint64_t b = i.b == kNoRegister ? static_cast<std::uint64_t>(i.imm) : o.b;
  const bool is_true = i.op == Op::kFloatBranch || i.op == Op::kTrapIfFloat
                           ? holds_for_floats(i.condition, i.width, o.a, o.b)
                       : i.op == Op::kBranch || i.op == Op::kTrapIf
                           ? holds(i.condition, i.width, o.a, b)
                           : true;
  switch (i.op) {
    case Op::kNop:
      return true;
    case Op::kCall:
      call(function_.calls[i.call]);
      return true;
    case Op::kTrap:
    case Op::kTrapIf:
    case Op::kTrapIfFloat:
      trap_ = i.target;
      has_trapped_ = is_true;
      return !is_true;
    case Op::kJump:
    case Op::kBranch:
    case Op::kFloatBranch:
      next_ = is_true ? i.target : i.other;
      return false;
    case Op::kReturn:
      has_returned_ = true;
      for (const Transfer& result : function_.of(i.transfers))
        result_.push_back(values_[result.reg]);
      return false;
    default:
      break;
  }
  if (i.op == Op::kAddress || (i.op >= Op::kLoad && i.op <= Op::kZeroBytes)) {
    memory(i);
    return true;
  }
  const auto result = evaluate(i, o);
  trap_ = i.target;
  has_trapped_ = !result;
  if (result) value(i.dest) = *result;
  return result.has_value();
}

std::optional<std::vector<std::uint64_t>> LirEvaluator::run(
    std::span<const std::uint64_t> arguments) {
  values_.assign(function_.registers.size(), 0);
  slots_.clear();
  for (const Slot& slot : function_.slots) slots_.emplace_back(slot.size / 8 + 1);
  result_.clear();
  has_returned_ = has_trapped_ = false;
  next_ = 0;
  std::size_t n = 0;
  for (const Transfer& parameter : function_.of(function_.parameters))
    value(parameter.reg) = arguments[n++];
  while (!has_returned_ && !has_trapped_) {
    const Block& block = function_.blocks[next_];
    for (const Instruction& i : function_.of(block))
      if (!step(i)) break;
  }
  if (has_trapped_) return std::nullopt;
  return result_;
}

}  // namespace smf::codegen
