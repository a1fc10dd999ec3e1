#include "runtime/codegen/lir.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/codegen/testing/lir_builder.h"

namespace smf::codegen {
namespace {

TEST(Lir, IsDescribedALineAnInstruction) {
  LirBuilder builder("sum", Machine::kX86_64);
  const Register a = builder.parameter(Bank::kGeneral);
  const Register b = builder.parameter(Bank::kVector);
  builder.block();
  const std::uint32_t slot = builder.slot(16, 8);
  const Register c = builder.general();
  builder.add({.op = Op::kLoad,
               .width = Width::k16,
               .base = Base::kSlot,
               .shift = 1,
               .is_signed = true,
               .dest = c,
               .a = slot,
               .b = a,
               .disp = 6});
  builder.add({.op = Op::kAdd, .width = Width::k32, .dest = c, .a = c, .imm = -3});
  builder.add({.op = Op::kToSigned, .width = Width::k64, .from = Width::k32, .dest = c, .a = b});
  builder.call_symbol("f", {a}, {c});
  builder.branch_immediate(Condition::kNotLess, Width::k32, c, 5, 1, 0);
  builder.block(2);
  builder.add({.op = Op::kTrapIf, .a = a, .b = c, .target = builder.trap("")});
  builder.give_back(c);
  EXPECT_EQ(describe(builder.function()),
            "function sum (r0 in 7, v1 in 0)\n"
            "  slot 0: 16 bytes, alignment 8\n"
            "block 0 depth 0\n"
            "  r2 = load.16.signed [slot 0 + r0 << 1 + 6]\n"
            "  r2 = add.32 r2 -3\n"
            "  r2 = to_signed.64.32 v1\n"
            "  call.64 f (r0 in 7) gives (r2 in 0)\n"
            "  branch.32 r2 not less 5 to 1 else 0\n"
            "block 1 depth 2\n"
            "  trap_if.64 r0 equal r2 trap 0\n"
            "  return.64 (r2 in 0)\n");
}

TEST(Lir, BlocksLeadToOthers) {
  const auto of = [](const Instruction& last) {
    const Successors next = successors(last);
    return std::vector(next.blocks, next.blocks + next.count);
  };
  EXPECT_EQ(of({.op = Op::kJump, .target = 3}), (std::vector{3u}));
  EXPECT_EQ(of({.op = Op::kBranch, .target = 3, .other = 1}), (std::vector{3u, 1u}));
  EXPECT_EQ(of({.op = Op::kFloatBranch, .target = 2, .other = 2}), (std::vector{2u}));
  EXPECT_TRUE(of({.op = Op::kReturn}).empty());
  EXPECT_TRUE(of({.op = Op::kTrap, .target = 3}).empty());
}

TEST(Lir, WhatOnlyWritesARegisterMayBeLeftOut) {
  for (const Op op : {Op::kNop, Op::kConstant, Op::kDivSigned, Op::kLoad, Op::kFloatLoad,
                      Op::kFloatFma, Op::kAddress, Op::kToSigned})
    EXPECT_FALSE(has_effect({.op = op})) << static_cast<int>(op);
  for (const Op op : {Op::kAddChecked, Op::kMulChecked, Op::kStore, Op::kFloatStore, Op::kCopyBytes,
                      Op::kZeroBytes, Op::kCall, Op::kTrapIf, Op::kTrapIfFloat, Op::kJump,
                      Op::kBranch, Op::kTrap, Op::kReturn})
    EXPECT_TRUE(has_effect({.op = op})) << static_cast<int>(op);
}

TEST(Lir, AClearedFunctionIsEmptyAndKeepsItsMemory) {
  LirBuilder builder("f");
  builder.parameter(Bank::kGeneral);
  builder.block();
  builder.slot(8, 8);
  builder.call_symbol("g", {}, {});
  builder.trap("t");
  builder.give_back();
  Function& function = builder.function();
  function.pool.resize(4);
  const std::size_t capacity = function.instructions.capacity();
  function.clear();
  EXPECT_EQ(describe(function), "function  ()\n");
  EXPECT_TRUE(function.registers.empty() && function.calls.empty() && function.symbols.empty() &&
              function.traps.empty() && function.pool.empty() && function.transfers.empty());
  EXPECT_EQ(function.instructions.capacity(), capacity);
}

}  // namespace
}  // namespace smf::codegen
