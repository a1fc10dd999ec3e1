#include "runtime/codegen/arm64_target.h"

#include <array>
#include <new>

#include "runtime/codegen/arm64_encoder.h"

namespace smf::codegen {
namespace {

// All that hold arguments first, then what a function has to save.
constexpr std::array<std::uint8_t, 25> kGeneral{0,  1,  2,  3,  4,  5,  6,  7,  9,  10, 11, 12, 13,
                                                14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28};
constexpr std::array<std::uint8_t, 29> kVector{0,  1,  2,  3,  4,  5,  6,  7,  16, 17,
                                               18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
                                               28, 8,  9,  10, 11, 12, 13, 14, 15};

class Arm64Target final : public Target {
 public:
  explicit Arm64Target(const EncodingOptions& options) : encoder_(options) {}

  std::span<const std::uint8_t> allocatable(Bank bank) const override {
    if (bank == Bank::kVector) return kVector;
    return kGeneral;
  }
  RegisterMask preserved(Bank bank) const override {
    return bank == Bank::kVector ? kArm64PreservedVector : kArm64PreservedGeneral;
  }
  // Three scratch registers are enough for everything.
  RegisterMask clobbered(const Instruction& /*instruction*/) const override { return 0; }
  bool writes_early(const Instruction& /*instruction*/) const override { return false; }

  Result<void> encode(std::span<const Function* const> functions,
                      std::span<const Allocation* const> allocations, Code& code) override try {
    return encoder_.encode(functions, allocations, code);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "not enough memory for machine code");
  }

 private:
  Arm64Encoder encoder_;
};

}  // namespace

std::unique_ptr<Target> make_arm64_target(const EncodingOptions& options) {
  return std::make_unique<Arm64Target>(options);
}

}  // namespace smf::codegen
