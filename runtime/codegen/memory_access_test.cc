// Loads and stores of all widths from all kinds of places, and of many bytes.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "runtime/codegen/testing/lir_builder.h"
#include "runtime/codegen/testing/lir_evaluator.h"
#include "runtime/codegen/testing/native_code.h"

namespace smf::codegen {
namespace {

constexpr std::array<std::uint64_t, 8> kWords{
    0x0123456789abcdef, 0xfedcba9876543210, 0x8000000080008080, 0x7f7fff7f7fffffff,
    0xff00ff00ff00ff00, 0x1122334455667788, 0x99aabbccddeeff00, 0x0f0f0f0f0f0f0f0f};

constexpr Width kAllWidths[] = {Width::k8, Width::k16, Width::k32, Width::k64};

// A function of (memory, index, value) that does one thing to memory and gives back a register.
class Access {
 public:
  Access() {
    memory_ = builder_.parameter(Bank::kGeneral);
    index_ = builder_.parameter(Bank::kGeneral);
    value_ = builder_.parameter(Bank::kGeneral);
    builder_.block();
  }
  LirBuilder& builder() { return builder_; }
  Register memory() const { return memory_; }
  Register index() const { return index_; }
  Register value() const { return value_; }

  // Compiled with each number of registers and run on a copy of `words`, as the evaluator does.
  void check(Register result, std::uint64_t index, std::uint64_t value, Width width) {
    // Used later.
    builder_.store(memory_, 8 * 7, index_);
    builder_.give_back(result);
    std::array<std::uint64_t, 8> expected = kWords;
    LirEvaluator evaluator(builder_.function());
    const std::uint64_t arguments[] = {reinterpret_cast<std::uintptr_t>(expected.data()), index,
                                       value};
    const auto results = evaluator.run(arguments);
    ASSERT_TRUE(results);
    for (const Pressure pressure : kPressures) {
      std::array<std::uint64_t, 8> actual = kWords;
      NativeOptions options;
      options.pressure = pressure;
      const NativeCode code(builder_.function(), options);
      ASSERT_TRUE(code.status()) << code.status().error().message;
      std::uint64_t got = code.as<std::uint64_t(void*, std::uint64_t, std::uint64_t)>()(
          actual.data(), index, value);
      std::uint64_t wanted = results->at(0);
      if (width != Width::k64) {
        got = static_cast<std::uint32_t>(got);
        wanted = static_cast<std::uint32_t>(wanted);
      }
      EXPECT_EQ(got, wanted) << describe(builder_.function());
      EXPECT_EQ(actual, expected) << describe(builder_.function());
    }
  }

 private:
  LirBuilder builder_{"access"};
  Register memory_ = kNoRegister;
  Register index_ = kNoRegister;
  Register value_ = kNoRegister;
};

// The same place through a register, a slot, the pool.
std::vector<Instruction> places(Access& access, std::uint8_t shift, bool has_index) {
  LirBuilder& builder = access.builder();
  Instruction place{.shift = shift, .disp = 4};
  if (has_index) place.b = access.index();
  std::vector<Instruction> result;
  place.a = access.memory();
  result.push_back(place);
  place.base = Base::kSlot;
  builder.slot(8, 8);
  place.a = builder.slot(sizeof kWords, 8);
  result.push_back(place);
  for (const std::uint64_t word : kWords) append(builder.function().pool, word);
  place.base = Base::kPool;
  place.a = 8;
  place.disp = -4;
  result.push_back(place);
  return result;
}

void fill_slot(Access& access, const Instruction& place) {
  if (place.base != Base::kSlot) return;
  access.builder().add({.op = Op::kCopyBytes,
                        .base = Base::kSlot,
                        .a = place.a,
                        .c = access.memory(),
                        .imm = sizeof kWords});
}

TEST(Memory, IsLoadedOfAllWidths) {
  for (const Width width : kAllWidths)
    for (const bool is_signed : {false, true})
      for (const bool has_index : {false, true})
        for (std::uint8_t shift = 0; shift != 4; ++shift)
          for (int kind = 0; kind != 3; ++kind) {
            Access access;
            Instruction i = places(access, shift, has_index)[static_cast<std::size_t>(kind)];
            fill_slot(access, i);
            i.op = Op::kLoad;
            i.width = width;
            i.is_signed = is_signed;
            i.dest = access.builder().general();
            access.builder().add(i);
            access.check(i.dest, 3, 0, width);
          }
}

TEST(Memory, IsStoredOfAllWidths) {
  for (const Width width : kAllWidths)
    for (const bool has_index : {false, true})
      for (const std::int64_t imm : {0ll, -1ll, 0x12345678ll, 0x123456789abcdef0ll})
        for (int kind = 0; kind != 2; ++kind) {
          Access access;
          Instruction i = places(access, 2, has_index)[static_cast<std::size_t>(kind)];
          fill_slot(access, i);
          const Instruction place = i;
          i.op = Op::kStore;
          i.width = width;
          if (imm == 0)
            i.c = access.value();
          else
            i.imm = imm;
          access.builder().add(i);
          Instruction load = place;
          load.op = Op::kLoad;
          load.dest = access.builder().general();
          access.builder().add(load);
          access.check(load.dest, 5, 0xa1b2c3d4e5f60718, Width::k64);
        }
}

TEST(Memory, OfFloats) {
  for (const Width width : {Width::k32, Width::k64})
    for (int kind = 0; kind != 3; ++kind) {
      Access access;
      LirBuilder& builder = access.builder();
      Instruction i = places(access, 3, true)[static_cast<std::size_t>(kind)];
      fill_slot(access, i);
      i.op = Op::kFloatLoad;
      i.width = width;
      i.dest = builder.vector();
      builder.add(i);
      i.op = Op::kFloatStore;
      i.c = i.dest;
      i.dest = kNoRegister;
      i.base = Base::kRegister;
      i.a = access.memory();
      i.disp = 0;
      builder.add(i);
      access.check(builder.load(access.memory(), 24), 3, 0, Width::k64);
    }
}

TEST(Memory, HasAddresses) {
  for (const bool has_index : {false, true})
    for (int kind = 0; kind != 3; ++kind) {
      Access access;
      LirBuilder& builder = access.builder();
      Instruction i = places(access, 1, has_index)[static_cast<std::size_t>(kind)];
      fill_slot(access, i);
      i.op = Op::kAddress;
      i.dest = builder.general();
      builder.add(i);
      access.check(builder.load(i.dest, 2, Width::k32), 3, 0, Width::k32);
    }
}

TEST(Memory, ThePoolIsAtAMultipleOf16) {
  for (const std::size_t size : {1u, 5u, 16u}) {
    LirBuilder builders[2] = {LirBuilder("first"), LirBuilder("second")};
    for (LirBuilder& builder : builders) {
      builder.block();
      builder.function().pool.resize(size, std::byte{42});
      const Register address = builder.general();
      builder.add({.op = Op::kAddress, .base = Base::kPool, .dest = address, .a = 0});
      builder.give_back(address);
    }
    const NativeCode code({&builders[0].function(), &builders[1].function()});
    for (std::size_t n = 0; n != 2; ++n) {
      const std::byte* const pool = code.as<const std::byte*()>(n)();
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pool) % 16, 0u);
      EXPECT_EQ(*pool, std::byte{42});
    }
    EXPECT_NE(code.as<const std::byte*()>(0)(), code.as<const std::byte*()>(1)());
  }
}

TEST(Memory, AddressesOfSymbolsAreLoaded) {
  LirBuilder builder("addresses");
  builder.block();
  Register values[3];
  const char* const names[] = {"one", "other", "one"};
  for (int n = 0; n != 3; ++n) {
    values[n] = builder.general();
    builder.add({.op = Op::kLoad,
                 .base = Base::kSymbol,
                 .dest = values[n],
                 .a = builder.symbol(names[n], Symbol::Kind::kGlobal)});
  }
  builder.add({.op = Op::kMul, .dest = values[1], .a = values[1], .imm = 1000});
  const Register sum = builder.binary(Op::kAdd, Width::k64, values[0], values[1]);
  builder.give_back(builder.binary(Op::kAdd, Width::k64, sum, values[2]));
  NativeOptions options;
  options.symbols["one"] = reinterpret_cast<const void*>(std::uintptr_t{3});
  options.symbols["other"] = reinterpret_cast<const void*>(std::uintptr_t{7});
  const NativeCode code(builder.function(), options);
  EXPECT_EQ(code.as<std::uint64_t()>()(), 7006u);
  ASSERT_EQ(code.code().relocations.size(), 2u);
  for (const Relocation& relocation : code.code().relocations) {
    EXPECT_EQ(relocation.offset % 8, 0u);
    EXPECT_EQ(relocation.symbol.kind, Symbol::Kind::kGlobal);
  }
}

// ---- Many bytes ----

constexpr std::size_t kArea = 600;

// `void (to, from)`: copies or zeroes so many bytes, from one byte behind.
LirBuilder of_bytes(Op op, std::size_t size, bool is_in_slot) {
  LirBuilder builder("bytes");
  const Register to = builder.parameter(Bank::kGeneral);
  const Register from = builder.parameter(Bank::kGeneral);
  builder.block();
  const std::uint32_t slot = builder.slot(kArea, 1);
  const auto count = static_cast<std::int64_t>(size);
  Register source = from;
  if (is_in_slot) {
    builder.add({.op = Op::kCopyBytes, .base = Base::kSlot, .a = slot, .c = to, .imm = kArea});
  } else {
    source = builder.immediate(Op::kAdd, Width::k64, from, 1);
  }
  Instruction i{.op = op, .a = to, .disp = 1, .imm = count};
  if (is_in_slot) {
    i.base = Base::kSlot;
    i.a = slot;
  }
  if (op == Op::kCopyBytes) i.c = source;
  builder.add(i);
  if (is_in_slot) {
    const Register address = builder.general();
    builder.add({.op = Op::kAddress, .base = Base::kSlot, .dest = address, .a = slot});
    builder.add({.op = Op::kCopyBytes, .a = to, .c = address, .imm = kArea});
  }
  // Registers that live on.
  builder.store(to, kArea, from);
  builder.give_back();
  return builder;
}

TEST(Memory, ManyBytesAreCopiedAndZeroed) {
  std::vector<std::byte> from(kArea + 8), before(kArea + 8);
  for (std::size_t n = 0; n != from.size(); ++n) {
    from[n] = static_cast<std::byte>(n * 7 + 1);
    before[n] = static_cast<std::byte>(n * 5 + 3);
  }
  for (const Op op : {Op::kCopyBytes, Op::kZeroBytes})
    for (const bool is_in_slot : {false, true})
      for (const Pressure pressure : kPressures)
        for (std::size_t size = 0; size < 300; size += size < 40 ? 1 : 3) {
          const LirBuilder builder = of_bytes(op, size, is_in_slot);
          NativeOptions options;
          options.pressure = pressure;
          const NativeCode code(builder.function(), options);
          ASSERT_TRUE(code.status());
          std::vector<std::byte> to = before;
          code.as<void(void*, const void*)>()(to.data(), from.data());
          std::vector<std::byte> expected = before;
          const std::byte* const source = from.data() + (is_in_slot ? 0 : 1);
          if (op == Op::kCopyBytes)
            std::copy_n(source, size, expected.begin() + 1);
          else
            std::fill_n(expected.begin() + 1, size, std::byte{0});
          const void* const stored = from.data();
          std::memcpy(expected.data() + kArea, &stored, sizeof stored);
          ASSERT_EQ(to, expected) << size << " " << is_in_slot << " " << static_cast<int>(pressure);
        }
}

TEST(Memory, IsCopiedOntoItself) {
  for (const std::size_t size : {3u, 24u, 100u, 257u}) {
    LirBuilder builder("itself");
    const Register at = builder.parameter(Bank::kGeneral);
    builder.block();
    builder.add({.op = Op::kCopyBytes, .a = at, .c = at, .imm = static_cast<std::int64_t>(size)});
    builder.give_back(at);
    const NativeCode code(builder.function());
    std::vector<std::byte> bytes(size);
    for (std::size_t n = 0; n != size; ++n) bytes[n] = static_cast<std::byte>(n * 3);
    const auto expected = bytes;
    EXPECT_EQ(code.as<void*(void*)>()(bytes.data()), bytes.data());
    EXPECT_EQ(bytes, expected);
  }
}

}  // namespace
}  // namespace smf::codegen
