// What AArch64 is made of on any machine: code for it is stored in modules, too.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "runtime/codegen/allocation.h"
#include "runtime/codegen/target.h"
#include "runtime/codegen/testing/lir_builder.h"

namespace smf::codegen {
namespace {

class Arm64Target : public testing::Test {
 protected:
  Result<Code> encode(const Function& function, bool has_landing_pads = false) {
    const auto target = make_target(Machine::kAArch64, {.has_landing_pads = has_landing_pads});
    Allocation allocation;
    Allocator().allocate(function, *target, allocation);
    const Function* const functions[] = {&function};
    const Allocation* const allocations[] = {&allocation};
    Code code;
    SMF_TRY(target->encode(functions, allocations, code));
    return code;
  }
  static std::vector<std::uint32_t> words(const Code& code) {
    std::vector<std::uint32_t> words(code.bytes.size() / 4);
    std::memcpy(words.data(), code.bytes.data(), words.size() * 4);
    return words;
  }
};

// As `aarch64-linux-gnu-objdump -d` reads it.
TEST_F(Arm64Target, AFunctionThatCallsNothingHasNoMoreThanItsFramePointer) {
  LirBuilder f("sum", Machine::kAArch64);
  const Register a = f.parameter(Bank::kGeneral);
  const Register b = f.parameter(Bank::kGeneral);
  f.block();
  f.give_back(f.binary(Op::kAdd, Width::k64, a, b));
  const std::vector<std::uint32_t> expected{
      0xa9bf7bfd,  // stp x29, x30, [sp, #-16]!
      0x910003fd,  // mov x29, sp
      0x8b010000,  // add x0, x0, x1
      0xa8c17bfd,  // ldp x29, x30, [sp], #16
      0xd65f03c0,  // ret
  };
  EXPECT_EQ(words(encode(f.function()).value()), expected);
  std::vector<std::uint32_t> padded = expected;
  padded.insert(padded.begin(), 0xd503245f);  // bti c
  EXPECT_EQ(words(encode(f.function(), true).value()), padded);
}

// A loop around `instructions` additions.
Function long_loop(std::uint32_t instructions) {
  LirBuilder f("long", Machine::kAArch64);
  const Register count = f.parameter(Bank::kGeneral);
  f.block();
  f.jump(1);
  f.block(1);
  for (std::uint32_t n = 0; n != instructions; ++n)
    f.add({.op = Op::kAdd, .dest = count, .a = count, .imm = -1});
  f.branch_immediate(Condition::kNotEqual, Width::k64, count, 0, 1, 2);
  f.block();
  f.give_back(count);
  return f.function();
}

TEST_F(Arm64Target, ADistanceOfMoreThan1MiBIsRefused) {
  const auto fits = encode(long_loop((1 << 18) - 1));
  ASSERT_TRUE(fits.has_value()) << fits.error().message;
  const auto refused = encode(long_loop((1 << 18) + 1));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  EXPECT_EQ(refused.error().message, "long: more than 1 MiB of code");
}

TEST_F(Arm64Target, TooManyRegistersInSlotsAreRefused) {
  LirBuilder f("wide", Machine::kAArch64);
  const Register from = f.parameter(Bank::kGeneral);
  f.block();
  std::vector<Register> all;
  for (std::int32_t n = 0; n != 4200; ++n) all.push_back(f.load(from, 8 * n));
  for (std::int32_t n = 0; n != 4200; ++n) f.store(from, 8 * n, all[static_cast<std::size_t>(n)]);
  f.give_back();
  const auto refused = encode(f.function());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace smf::codegen
