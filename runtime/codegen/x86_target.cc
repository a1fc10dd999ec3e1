#include "runtime/codegen/x86_target.h"

#include <new>

#include "runtime/codegen/x86_encoder.h"

namespace smf::codegen {
namespace {

// Those that take no prefix first, and what a callee preserves last.
constexpr std::uint8_t kGeneralOrder[] = {kRcx, kRdx, kRsi, kRdi, 8, 9, 10, kRbx, 12, 13, 14, 15};
constexpr std::uint8_t kVectorOrder[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};

class X86Target final : public Target {
 public:
  explicit X86Target(const EncodingOptions& options) : options_(options), encoder_(options) {}

  std::span<const std::uint8_t> allocatable(Bank bank) const override {
    if (bank == Bank::kVector) return kVectorOrder;
    return kGeneralOrder;
  }
  RegisterMask preserved(Bank bank) const override {
    return bank == Bank::kGeneral ? kX86Preserved : 0;
  }

  RegisterMask clobbered(const Instruction& i) const override {
    constexpr RegisterMask kCount = 1u << kRcx;
    constexpr RegisterMask kHigh = 1u << kRdx;
    constexpr RegisterMask kStrings = 1u << kRcx | 1u << kRsi | 1u << kRdi;
    switch (i.op) {
      case Op::kMulHighUnsigned:
      case Op::kMulHighSigned:
      case Op::kDivUnsigned:
      case Op::kDivSigned:
      case Op::kRemUnsigned:
      case Op::kRemSigned:
        return kHigh;
      case Op::kMulChecked:
        return i.is_signed ? 0 : kHigh;
      case Op::kShl:
      case Op::kShrUnsigned:
      case Op::kShrSigned:
        return i.b == kNoRegister || options_.features.bmi2 ? 0 : kCount;
      case Op::kRotl:
      case Op::kRotr:
        return i.b == kNoRegister ? 0 : kCount;
      case Op::kCopyBytes:
      case Op::kZeroBytes:
        return i.imm > kUnrolledBytes ? kStrings : 0;
      default:
        return 0;
    }
  }

  // Nothing has to be, and the encoder can do with the same. But where `a` is moved to the
  // destination first, another place for `b` saves moves.
  bool writes_early(const Instruction& i) const override {
    switch (i.op) {
      case Op::kSub:
      case Op::kSubChecked:
      case Op::kRotl:
      case Op::kRotr:
      case Op::kFloatSub:
      case Op::kFloatDiv:
      case Op::kFloatMin:
      case Op::kFloatMax:
        return true;
      case Op::kShl:
      case Op::kShrUnsigned:
      case Op::kShrSigned:
        return !options_.features.bmi2;
      default:
        return false;
    }
  }

  Result<void> encode(std::span<const Function* const> functions,
                      std::span<const Allocation* const> allocations, Code& code) override {
    try {
      return encoder_.encode(functions, allocations, code);
    } catch (const std::bad_alloc&) {
      return fail(ErrorCode::kOutOfMemory, "no memory for machine code");
    }
  }

 private:
  const EncodingOptions options_;
  X86Encoder encoder_;
};

}  // namespace

std::unique_ptr<Target> make_x86_target(const EncodingOptions& options) {
  return std::make_unique<X86Target>(options);
}

}  // namespace smf::codegen
