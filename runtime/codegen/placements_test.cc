// Every operation, on operands in all sorts of places, against what C++ makes of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
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

// ---- Memory ----

constexpr std::int32_t kDisplacements[] = {
    0,    1,     8,     12,    -8,     -1,   255,   256,   -256,   -257,         4096,
    4095, 16380, 32760, 32768, -32768, 4097, 65536, 70001, -70001, 16777216 - 8, -16777216};
// Around the middle, so that each displacement and index stays inside.
constexpr std::size_t kMemory = std::size_t{35} << 20;

class PlacedMemory : public Placements {
 protected:
  void SetUp() override {
    memory_.resize(kMemory);
    middle_ = memory_.data() + kMemory / 2;
  }
  std::uint64_t address(const Instruction& i, std::uint64_t index) const {
    return reinterpret_cast<std::uint64_t>(middle_) + static_cast<std::uint64_t>(i.disp) +
           (i.b == kNoRegister ? 0 : index << i.shift);
  }
  // Calls `each` for addresses of all forms.
  template <typename Each>
  void for_each_address(Instruction one, Each&& each) const {
    one.a = kUsed;
    for (const std::int32_t disp : kDisplacements) {
      one.disp = disp;
      one.b = kNoRegister;
      each(one);
      one.b = kUsed;
      for (const std::uint8_t shift : {0, 1, 2, 3}) {
        one.shift = shift;
        if (disp == 0 || disp == 12 || disp == -257 || disp == 70001) each(one);
      }
    }
  }
  std::vector<Values> inputs() const {
    const auto base = reinterpret_cast<std::uint64_t>(middle_);
    return {{base, 0, 0x1122334455667788, 0, 0},
            {base, 3, 0x99aabbccddeeff80, 0, 0},
            {base, static_cast<std::uint64_t>(-5), 0xfedcba9876543210, 0, 0}};
  }

  // Nothing but what is stored changes.
  void check_store(const Instruction& one, const Banks& banks) {
    std::vector<PlacedInstruction> placed;
    Placer placer(*target_, ++seed_);
    for (int n = 0; n != kPlacements; ++n)
      placed.push_back(placer.place(one, banks.a, banks.b, banks.c, banks.d, banks.dest));
    const PlacedCode code(*target_, placed);
    ASSERT_TRUE(code.is_there()) << named(one);
    for (std::size_t n = 0; n != placed.size(); ++n) {
      for (Values values : inputs()) {
        auto* const at = reinterpret_cast<std::uint8_t*>(address(one, values[1]));
        std::memset(at - 8, 0x5a, 32);
        std::array<std::uint8_t, 32> expected{};
        expected.fill(0x5a);
        const std::uint64_t stored =
            one.c == kNoRegister ? static_cast<std::uint64_t>(one.imm) : values[2];
        std::memcpy(&expected[8], &stored, bytes_of(one.width));
        code.run(n, values.data());
        ASSERT_EQ(std::memcmp(at - 8, expected.data(), 32), 0)
            << named(one) << " disp " << one.disp << " in placement " << n << "\n"
            << describe(placed[n].function);
      }
    }
  }
  // `size` bytes at the address change, to those at values[2] or to 0.
  void check_block(const Instruction& one) {
    std::vector<PlacedInstruction> placed;
    Placer placer(*target_, ++seed_);
    for (int n = 0; n != kPlacements; ++n) {
      placed.push_back(placer.place(one, Bank::kGeneral, Bank::kGeneral, Bank::kGeneral,
                                    Bank::kGeneral, Bank::kGeneral));
    }
    const PlacedCode code(*target_, placed);
    ASSERT_TRUE(code.is_there()) << named(one);
    const auto size = static_cast<std::size_t>(one.imm);
    std::vector<std::uint8_t> source(size);
    for (std::size_t n = 0; n != size; ++n) source[n] = static_cast<std::uint8_t>(n * 7 + 1);
    for (std::size_t n = 0; n != placed.size(); ++n) {
      for (Values values : inputs()) {
        values[2] = reinterpret_cast<std::uint64_t>(source.data());
        auto* const at = reinterpret_cast<std::uint8_t*>(address(one, values[1]));
        std::vector<std::uint8_t> expected(size + 16, 0x5a);
        std::memset(at - 8, 0x5a, size + 16);
        for (std::size_t byte = 0; byte != size; ++byte)
          expected[8 + byte] = one.op == Op::kCopyBytes ? source[byte] : 0;
        code.run(n, values.data());
        ASSERT_EQ(std::memcmp(at - 8, expected.data(), expected.size()), 0)
            << named(one) << " disp " << one.disp << " in placement " << n << "\n"
            << describe(placed[n].function);
      }
    }
  }

  std::vector<std::uint8_t> memory_{};
  std::uint8_t* middle_ = nullptr;
};

TEST_F(PlacedMemory, IsLoadedFrom) {
  for (const Width width : {Width::k8, Width::k16, Width::k32, Width::k64}) {
    for (const bool is_signed : {false, true}) {
      for_each_address(
          {.op = Op::kLoad, .width = width, .is_signed = is_signed}, [&](const Instruction& one) {
            const unsigned bits = width == Width::k64 ? 64 : 32;
            check(one, kGeneralBanks, inputs(), bits, [&](const Values& v) {
              // Written here, so that it is what is read.
              const std::uint64_t value = v[2] * 31;
              std::memcpy(reinterpret_cast<void*>(address(one, v[1])), &value, 8);
              const unsigned rest = 64 - 8 * bytes_of(width);
              if (is_signed)
                return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << rest) >> rest);
              return value << rest >> rest;
            });
          });
    }
  }
}

TEST_F(PlacedMemory, IsStoredTo) {
  for (const Width width : {Width::k8, Width::k16, Width::k32, Width::k64}) {
    for (const bool is_immediate : {false, true}) {
      Instruction store{.op = Op::kStore, .width = width};
      store.imm = is_immediate ? -0x12345678 : 0;
      if (!is_immediate) store.c = kUsed;
      for_each_address(store, [&](const Instruction& one) { check_store(one, kGeneralBanks); });
    }
  }
  Banks banks;
  banks.c = Bank::kVector;
  for (const Width width : {Width::k32, Width::k64}) {
    for_each_address({.op = Op::kFloatStore, .width = width, .c = kUsed},
                     [&](const Instruction& one) { check_store(one, banks); });
  }
}

TEST_F(PlacedMemory, IsCopiedAndCleared) {
  std::vector<std::int64_t> sizes{100, 127, 255, 256, 257, 300, 1000, 1023, 4097, 70000};
  for (std::int64_t size = 1; size != 70; ++size) sizes.push_back(size);
  for (const std::int64_t size : sizes) {
    for (const std::int32_t disp : {0, 3, 16, -40, 768, 1000, 70001}) {
      Instruction one{.op = Op::kCopyBytes, .disp = disp, .imm = size};
      one.a = one.c = kUsed;
      check_block(one);
      one.op = Op::kZeroBytes;
      one.c = kNoRegister;
      if (disp == 16) {
        one.b = kUsed;
        one.shift = 2;
      }
      check_block(one);
    }
  }
}

TEST_F(PlacedMemory, HasAddresses) {
  for_each_address({.op = Op::kAddress}, [&](const Instruction& one) {
    check(one, kGeneralBanks, inputs(), 64, [&](const Values& v) { return address(one, v[1]); });
  });
}

}  // namespace
}  // namespace smf::codegen
