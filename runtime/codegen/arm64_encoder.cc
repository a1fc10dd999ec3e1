#include "runtime/codegen/arm64_encoder.h"

#include <fmt/format.h>

#include <string>

#include "runtime/base/check.h"

namespace smf::codegen {

namespace a64 = asmjit::a64;

namespace {

// Of a conditional jump, and of what reads or addresses something behind the functions.
constexpr std::size_t kArm64Reach = std::size_t{1} << 20;

}  // namespace

Result<void> Arm64Encoder::encode(std::span<const Function* const> functions,
                                  std::span<const Allocation* const> allocations, Code& code) {
  failure_.first = asmjit::kErrorOk;
  tables_.clear();
  holder_.reset();
  if (holder_.init(asmjit::Environment(asmjit::Arch::kAArch64)) != asmjit::kErrorOk)
    return fail(ErrorCode::kOutOfMemory, "not enough memory for machine code");
  holder_.setErrorHandler(&failure_);
  if (holder_.attach(&assembler_) != asmjit::kErrorOk)
    return fail(ErrorCode::kOutOfMemory, "not enough memory for machine code");
  code.entries.clear();
  function_labels_.clear();
  for (std::size_t n = 0; n != functions.size(); ++n)
    function_labels_.push_back(assembler_.newLabel());
  for (std::uint32_t n = 0; n != functions.size(); ++n) {
    function_ = functions[n];
    allocation_ = allocations[n];
    SMF_TRY(lay_out_frame());
    assembler_.align(asmjit::AlignMode::kCode, Code::kAlignment);
    const std::size_t offset = assembler_.offset();
    function(n);
    code.entries.push_back({static_cast<std::uint32_t>(offset),
                            static_cast<std::uint32_t>(assembler_.offset() - offset)});
    if (failure_.first != asmjit::kErrorOk) break;
  }
  return finish(code);
}

Result<void> Arm64Encoder::finish(Code& code) {
  if (failure_.first == asmjit::kErrorOk) tables_.embed(assembler_, code.relocations);
  if (failure_.first == asmjit::kErrorOutOfMemory)
    return fail(ErrorCode::kOutOfMemory, "not enough memory for machine code");
  if (failure_.first != asmjit::kErrorOk && assembler_.offset() >= kArm64Reach) {
    return fail(ErrorCode::kLimit, fmt::format("{}: more than 1 MiB of code", function_->name));
  }
  if (failure_.first != asmjit::kErrorOk) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: this cannot be encoded for AArch64: {}", function_->name,
                            asmjit::DebugUtils::errorAsString(failure_.first)));
  }
  SMF_CHECK(!holder_.hasUnresolvedLinks());
  const asmjit::CodeBuffer& buffer = holder_.textSection()->buffer();
  const auto* const first = reinterpret_cast<const std::byte*>(buffer.data());
  code.bytes.assign(first, first + buffer.size());
  return {};
}

void Arm64Encoder::function(std::uint32_t index) {
  block_labels_.assign(function_->blocks.size(), Label());
  trap_labels_.assign(function_->traps.size(), Label());
  symbol_labels_.assign(function_->symbols.size(), Label());
  pool_label_.reset();
  check_label_.reset();
  assembler_.bind(function_labels_[index]);
  prologue();
  enter(function_->of(function_->parameters));
  for (std::uint32_t b = 0; b != function_->blocks.size(); ++b) block(b);
  traps();
  if (check_label_.isValid()) {
    assembler_.bind(check_label_);
    assembler_.brk(0);
  }
}

// Each trap tells its record, and all of a function share the call.
void Arm64Encoder::traps() {
  Label call;
  bool is_open = false;  // what was emitted last goes on to the call
  for (std::uint32_t n = 0; n != trap_labels_.size(); ++n) {
    if (!trap_labels_[n].isValid()) continue;
    if (is_open) assembler_.b(call);
    if (!call.isValid()) call = assembler_.newLabel();
    assembler_.bind(trap_labels_[n]);
    assembler_.adr(a64::x1, tables_.trap(assembler_, function_->traps[n]));
    is_open = true;
  }
  if (!is_open) return;
  assembler_.bind(call);
  restore_preserved();
  check_preserved();
  const auto runtime = [&](std::string_view name) {
    return a64::ptr(tables_.symbol(assembler_, {Symbol::Kind::kRuntime, std::string(name)}));
  };
  assembler_.ldr(a64::x0, runtime(kTrapContext));
  assembler_.ldr(a64::x16, runtime(kTrapFunction));
  assembler_.blr(a64::x16);
  assembler_.brk(0);
}

void Arm64Encoder::block(std::uint32_t index) {
  block_ = index;
  assembler_.bind(block_label(index));
  for (const Instruction& i : function_->of(function_->blocks[index])) instruction(i);
}

void Arm64Encoder::instruction(const Instruction& i) {
  if (i.op == Op::kNop) return;
  SMF_CHECK(integer_instruction(i) || float_instruction(i) || memory_instruction(i) ||
            control_instruction(i));
}

bool Arm64Encoder::integer_instruction(const Instruction& i) {
  switch (i.op) {
    case Op::kConstant:
      constant(i);
      return true;
    case Op::kMove:
      move(i);
      return true;
    case Op::kAdd:
    case Op::kSub:
      add_or_sub(i);
      return true;
    case Op::kMul:
    case Op::kMulHighUnsigned:
    case Op::kMulHighSigned:
      multiply(i);
      return true;
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
      logic(i);
      return true;
    case Op::kShl:
    case Op::kShrUnsigned:
    case Op::kShrSigned:
    case Op::kRotl:
    case Op::kRotr:
      shift(i);
      return true;
    case Op::kDivUnsigned:
    case Op::kDivSigned:
    case Op::kRemUnsigned:
    case Op::kRemSigned:
      divide(i);
      return true;
    case Op::kAddChecked:
    case Op::kSubChecked:
      checked(i);
      return true;
    case Op::kMulChecked:
      checked_product(i);
      return true;
    case Op::kNeg:
    case Op::kNot:
    case Op::kClz:
    case Op::kCtz:
    case Op::kByteSwap:
      unary(i);
      return true;
    case Op::kPopcount:
      popcount(i);
      return true;
    case Op::kSignExtend:
    case Op::kZeroExtend:
      extend(i);
      return true;
    case Op::kCompare:
    case Op::kFloatCompare:
      compare_to_value(i);
      return true;
    case Op::kSelect:
      select(i);
      return true;
    default:
      return false;
  }
}

bool Arm64Encoder::float_instruction(const Instruction& i) {
  switch (i.op) {
    case Op::kFloatConstant:
      float_constant(i);
      return true;
    case Op::kFloatAdd:
    case Op::kFloatSub:
    case Op::kFloatMul:
    case Op::kFloatDiv:
    case Op::kFloatMin:
    case Op::kFloatMax:
      float_binary(i);
      return true;
    case Op::kFloatSqrt:
    case Op::kFloatNeg:
    case Op::kFloatAbs:
    case Op::kFloatFloor:
    case Op::kFloatCeil:
    case Op::kFloatTrunc:
    case Op::kFloatWiden:
    case Op::kFloatNarrow:
      float_unary(i);
      return true;
    case Op::kFloatFma:
      float_fma(i);
      return true;
    case Op::kFromSigned:
    case Op::kFromUnsigned:
      from_integer(i);
      return true;
    case Op::kToSigned:
    case Op::kToUnsigned:
      to_integer(i);
      return true;
    case Op::kBitsToFloat:
    case Op::kBitsFromFloat:
      bits(i);
      return true;
    default:
      return false;
  }
}

bool Arm64Encoder::memory_instruction(const Instruction& i) {
  switch (i.op) {
    case Op::kAddress:
      address_of(i);
      return true;
    case Op::kLoad:
      load(i);
      return true;
    case Op::kStore:
      store(i);
      return true;
    case Op::kFloatLoad:
      float_load(i);
      return true;
    case Op::kFloatStore:
      float_store(i);
      return true;
    case Op::kCopyBytes:
      copy_bytes(i);
      return true;
    case Op::kZeroBytes:
      zero_bytes(i);
      return true;
    default:
      return false;
  }
}

bool Arm64Encoder::control_instruction(const Instruction& i) {
  switch (i.op) {
    case Op::kCall:
      call(i);
      return true;
    case Op::kTrapIf:
    case Op::kTrapIfFloat:
      trap_if(i);
      return true;
    case Op::kJump:
      jump_to(i.target);
      return true;
    case Op::kBranch:
    case Op::kFloatBranch:
      branch(i);
      return true;
    case Op::kTrap:
      assembler_.b(trap_label(i.target));
      return true;
    case Op::kReturn:
      give_back(function_->of(i.transfers));
      epilogue();
      return true;
    default:
      return false;
  }
}

}  // namespace smf::codegen
