// Every operation on memory, with addresses of all forms and operands in all sorts of places.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "runtime/codegen/target.h"
#include "runtime/codegen/testing/placements.h"

namespace smf::codegen {
namespace {

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
