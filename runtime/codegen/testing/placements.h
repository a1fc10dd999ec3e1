// For tests: one instruction in many placements (placed_code.h), against what C++ makes of it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <ios>
#include <memory>
#include <string>
#include <vector>

#include "runtime/codegen/target.h"
#include "runtime/codegen/testing/placed_code.h"

namespace smf::codegen {

// Operands a, b, c and d, and the result.
using Values = std::array<std::uint64_t, 5>;
using Oracle = std::function<std::uint64_t(const Values&)>;

inline constexpr Register kUsed = 0;  // an operand that is there
inline constexpr int kPlacements = 12;

inline std::string named(const Instruction& i) {
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
inline constexpr Banks kGeneralBanks{};
inline constexpr Banks kVectorBanks{Bank::kVector, Bank::kVector, Bank::kVector, Bank::kVector,
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

  std::unique_ptr<Target> target_ =
      make_target(kThisMachine, {.features = native_features(), .checks_frames = true});
  std::uint32_t seed_ = 0;
};

}  // namespace smf::codegen
