#include "runtime/codegen/allocation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "runtime/codegen/testing/allocation_checker.h"
#include "runtime/codegen/testing/lir_builder.h"
#include "runtime/codegen/testing/random_lir.h"

namespace smf::codegen {
namespace {

constexpr std::uint8_t kPreservedPhysical = 20;

// Argument registers of x86-64 and one that callees preserve; shifts destroy 1, division 2.
class TinyTarget final : public Target {
 public:
  explicit TinyTarget(std::vector<std::uint8_t> general = {1, 2, 6, 7, kPreservedPhysical})
      : general_(std::move(general)) {}
  std::span<const std::uint8_t> allocatable(Bank bank) const override {
    if (bank == Bank::kVector) return vector_;
    return general_;
  }
  RegisterMask preserved(Bank bank) const override {
    return bank == Bank::kGeneral ? RegisterMask{1} << kPreservedPhysical : 0;
  }
  RegisterMask clobbered(const Instruction& i) const override {
    if (i.op >= Op::kShl && i.op <= Op::kRotr && i.b != kNoRegister) return 1u << 1;
    if (i.op >= Op::kDivUnsigned && i.op <= Op::kRemSigned) return 1u << 2;
    if (i.op == Op::kCopyBytes && i.imm > 100) return 1u << 1 | 1u << 6 | 1u << 7;
    return 0;
  }
  bool writes_early(const Instruction& i) const override {
    return i.op == Op::kSub || i.op == Op::kLoad || i.op == Op::kFloatSub;
  }
  Result<void> encode(std::span<const Function* const>, std::span<const Allocation* const>,
                      Code&) override {
    return fail(ErrorCode::kUnsupported, "not for encoding");
  }

 private:
  std::vector<std::uint8_t> general_;
  std::vector<std::uint8_t> vector_{0, 1, 2};
};

Allocation allocated(const Function& function, const Target& target) {
  Allocator allocator;
  Allocation allocation;
  allocator.allocate(function, target, allocation);
  EXPECT_EQ(check_allocation(function, target, allocation), "") << describe(function);
  return allocation;
}

TEST(Allocation, KeepsWhatIsAliveApartInAnyFunction) {
  Allocator allocator;  // of one memory
  Allocation allocation;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    const RandomLir random(seed, {.variables = static_cast<unsigned>(1 + seed % 30),
                                  .statements = static_cast<unsigned>(1 + seed % 80),
                                  .has_calls = seed % 2 == 0,
                                  .has_traps = seed % 3 == 0});
    for (const std::size_t registers : {0u, 1u, 3u, 5u}) {
      std::vector<std::uint8_t> general{kPreservedPhysical, 1, 2, 6, 7};
      general.resize(registers);
      const TinyTarget target(general);
      allocator.allocate(random.function(), target, allocation);
      ASSERT_EQ(check_allocation(random.function(), target, allocation), "")
          << "seed " << seed << "\n"
          << describe(random.function());
    }
  }
}

TEST(Allocation, ParametersArgumentsAndMovesStayWhereTheyAre) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);  // in 7
  const Register b = builder.parameter(Bank::kGeneral);  // in 6
  builder.block();
  const Register sum = builder.binary(Op::kAdd, Width::k64, a, b);
  const Register copy = builder.general();
  builder.move(copy, sum);
  const Register shifted = builder.immediate(Op::kShl, Width::k64, copy, 3);
  builder.call_symbol("g", {shifted}, {});
  builder.give_back();
  const Allocation allocation = allocated(builder.function(), TinyTarget());
  for (const Register reg : {a, sum, copy, shifted}) {
    EXPECT_EQ(allocation.places[reg].kind, Place::Kind::kRegister);
    EXPECT_EQ(allocation.places[reg].physical, 7) << reg;
  }
  EXPECT_EQ(allocation.places[b].physical, 6);
  EXPECT_TRUE(allocation.has_calls);
  EXPECT_EQ(allocation.spill_slots, 0u);
}

TEST(Allocation, ACountGoesWhereShiftsWantIt) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);
  builder.block();
  const Register count = builder.load(a, 0);
  const Register value = builder.load(a, 8);
  builder.store(a, 16, builder.binary(Op::kShl, Width::k64, value, count));
  builder.give_back();
  const Allocation allocation = allocated(builder.function(), TinyTarget());
  EXPECT_EQ(allocation.places[count].physical, 1);
}

TEST(Allocation, WhatLoopsUseIsInRegisters) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register end = builder.parameter(Bank::kGeneral);
  builder.block();
  std::vector<Register> outside;
  for (int n = 0; n != 6; ++n) outside.push_back(builder.constant(n));
  const Register counter = builder.constant(0);
  const Register sum = builder.constant(0);
  builder.jump(1);
  builder.block(1);
  builder.add({.op = Op::kAdd, .dest = sum, .a = sum, .b = counter});
  builder.add({.op = Op::kAdd, .dest = counter, .a = counter, .imm = 1});
  builder.branch(Condition::kBelow, Width::k64, counter, end, 1, 2);
  builder.block();
  for (const Register reg : outside) builder.add({.op = Op::kAdd, .dest = sum, .a = sum, .b = reg});
  builder.give_back(sum);
  const Allocation allocation = allocated(builder.function(), TinyTarget({1, 2, 6}));
  for (const Register reg : {end, counter, sum})
    EXPECT_EQ(allocation.places[reg].kind, Place::Kind::kRegister) << reg;
  for (const Register reg : outside)
    EXPECT_EQ(allocation.places[reg].kind, Place::Kind::kSlot) << reg;
}

TEST(Allocation, WhatIsUsedOnceBehindManyCallsIsInItsSlot) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);
  builder.block();
  for (int n = 0; n != 3; ++n) builder.call_symbol("g", {}, {});
  builder.give_back(a);
  const Allocation allocation = allocated(builder.function(), TinyTarget());
  EXPECT_EQ(allocation.places[a].kind, Place::Kind::kSlot);
  EXPECT_EQ(allocation.saved[0], 0u);
}

TEST(Allocation, WhatIsUsedOftenIsSavedAroundACall) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);
  builder.block();
  builder.call_symbol("g", {a}, {});
  for (int n = 0; n != 10; ++n) builder.store(a, 8 * n, a);
  builder.give_back(a);
  const Allocation allocation = allocated(builder.function(), TinyTarget());
  EXPECT_EQ(allocation.places[a].kind, Place::Kind::kRegister);
  EXPECT_NE(allocation.places[a].slot, Place::kNoSlot);
  EXPECT_EQ(allocation.across[0].count, 1u);
  EXPECT_EQ(allocation.registers[allocation.across[0].first], a);
}

TEST(Allocation, PreservedRegistersAreTheLastChoice) {
  for (const int values : {3, 6}) {
    LirBuilder builder("f", Machine::kX86_64);
    const Register a = builder.parameter(Bank::kGeneral);
    builder.block();
    std::vector<Register> loaded;
    for (int n = 0; n != values; ++n) loaded.push_back(builder.load(a, 8 * n));
    for (int round = 0; round != 3; ++round)
      for (const Register reg : loaded) builder.store(a, 0, reg);
    builder.give_back();
    const Allocation allocation = allocated(builder.function(), TinyTarget());
    EXPECT_EQ(allocation.saved[0], values == 3 ? 0u : 1u << kPreservedPhysical);
  }
}

TEST(Allocation, SlotsAreSharedByWhatIsNotAliveAtOnce) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);
  builder.block();
  for (int n = 0; n != 50; ++n) builder.store(a, 8, builder.load(a, 8 * n));
  builder.give_back();
  const Allocation allocation =
      allocated(builder.function(), TinyTarget(std::vector<std::uint8_t>{}));
  EXPECT_EQ(allocation.spill_slots, 2u);
}

TEST(Allocation, WhatNobodyReadsOfParametersAndResultsHasNoPlace) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);
  builder.block();
  const Register result = builder.general();
  builder.call_symbol("g", {}, {result});
  builder.give_back();
  const Allocation allocation = allocated(builder.function(), TinyTarget());
  EXPECT_EQ(allocation.places[a].kind, Place::Kind::kNone);
  EXPECT_EQ(allocation.places[result].kind, Place::Kind::kNone);
}

TEST(Allocation, ALoopThatBeginsAtTheEntryKeepsItsParameters) {
  LirBuilder builder("f", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);
  const Register b = builder.parameter(Bank::kGeneral);
  builder.block(1);
  const Register sum = builder.binary(Op::kAdd, Width::k64, a, b);
  builder.add({.op = Op::kSub, .dest = a, .a = a, .imm = 1});
  builder.store(b, 0, sum);
  builder.branch_immediate(Condition::kNotEqual, Width::k64, a, 0, 0, 1);
  builder.block();
  builder.give_back();
  allocated(builder.function(), TinyTarget());
}

TEST(Allocation, WhatIsReadBeforeItIsWrittenHasAPlaceAllTheSame) {
  LirBuilder builder("f", Machine::kX86_64);
  builder.block();
  const Register nothing = builder.general();
  builder.give_back(builder.immediate(Op::kAdd, Width::k64, nothing, 1));
  const Allocation allocation = allocated(builder.function(), TinyTarget());
  EXPECT_EQ(allocation.places[nothing].kind, Place::Kind::kRegister);
}

}  // namespace
}  // namespace smf::codegen
