#include "runtime/codegen/x86_encoder.h"

#include <fmt/format.h>

#include <bit>

namespace smf::codegen {

namespace {

// A loop of a few instructions that lies in one line of what processors decode into takes up to
// half the time of one that does not.
constexpr std::uint32_t kLoopAlignment = 32;

// Below rsp, of a function that calls nothing.
constexpr std::uint64_t kRedZone = 128;
constexpr std::uint32_t kPageBytes = 4096;
// More are touched by a loop.
constexpr std::uint32_t kUnrolledPages = 4;
// So that sums of offsets stay well below 2^31.
constexpr std::uint64_t kMaxFrame = std::uint64_t{1} << 30;

template <typename Each>
void for_each_register(RegisterMask mask, Each&& each) {
  for (; mask != 0; mask &= mask - 1) each(static_cast<std::uint8_t>(std::countr_zero(mask)));
}

}  // namespace

void X86Encoder::fail_with(ErrorCode code, const char* message) {
  if (has_failed_) return;
  has_failed_ = true;
  error_ = {code, fmt::format("{}: {}", function_->name, message)};
}

Result<void> X86Encoder::encode(std::span<const Function* const> functions,
                                std::span<const Allocation* const> allocations, Code& code) {
  has_failed_ = false;
  failure_.first = asmjit::kErrorOk;
  tables_.clear();
  holder_.reset();
  if (holder_.init(asmjit::Environment(asmjit::Arch::kX64)) != asmjit::kErrorOk)
    return fail(ErrorCode::kOutOfMemory, "no memory for machine code");
  holder_.setErrorHandler(&failure_);
  if (holder_.attach(&assembler_) != asmjit::kErrorOk)
    return fail(ErrorCode::kOutOfMemory, "no memory for machine code");
  assembler_.addEncodingOptions(asmjit::EncodingOptions::kOptimizedAlign);
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
    if (has_failed_) return std::unexpected(error_);
    if (failure_.first != asmjit::kErrorOk) break;
  }
  return finish(code);
}

Result<void> X86Encoder::finish(Code& code) {
  if (failure_.first == asmjit::kErrorOk) tables_.embed(assembler_, code.relocations);
  if (failure_.first == asmjit::kErrorOutOfMemory)
    return fail(ErrorCode::kOutOfMemory, "no memory for machine code");
  if (failure_.first != asmjit::kErrorOk || holder_.hasUnresolvedLinks())
    return fail(ErrorCode::kLimit,
                fmt::format("{}: this cannot be encoded for x86-64: {}", function_->name,
                            asmjit::DebugUtils::errorAsString(failure_.first)));
  const asmjit::CodeBuffer& buffer = holder_.textSection()->buffer();
  if (buffer.size() > std::uint64_t{0x7fffffff})
    return fail(ErrorCode::kLimit, "a piece of code is larger than 2 GiB");
  const auto* const first = reinterpret_cast<const std::byte*>(buffer.data());
  code.bytes.assign(first, first + buffer.size());
  return {};
}

Result<void> X86Encoder::lay_out_frame() {
  std::uint64_t used = 0;
  const auto reserve = [&](std::uint64_t bytes, std::uint64_t alignment) {
    used = align_up(used + bytes, alignment);
    return -static_cast<std::int32_t>(used);
  };
  const auto too_large = [&] {
    return fail(ErrorCode::kLimit, fmt::format("{}: its frame is too large", function_->name));
  };
  for_each_register(allocation_->saved[0],
                    [&](std::uint8_t reg) { frame_.saved[reg] = reserve(8, 8); });
  if (options_.checks_frames)
    for_each_register(kX86Preserved, [&](std::uint8_t reg) { frame_.copies[reg] = reserve(8, 8); });
  if (allocation_->spill_slots > kMaxFrame / 8) return too_large();
  frame_.spills = reserve(std::uint64_t{8} * allocation_->spill_slots, 8);
  frame_.slots.clear();
  for (const Slot& slot : function_->slots) {
    if (slot.alignment > 16)
      return fail(ErrorCode::kUnsupported, fmt::format("{}: a slot is to be aligned at {} bytes",
                                                       function_->name, slot.alignment));
    if (slot.size > kMaxFrame || used > kMaxFrame) return too_large();
    frame_.slots.push_back(reserve(slot.size, slot.alignment == 0 ? 1 : slot.alignment));
  }
  std::uint32_t outgoing = 0;
  for (const Call& call : function_->calls) outgoing = std::max(outgoing, call.stack_bytes);
  frame_.moves_stack = !function_->calls.empty() || used > kRedZone;
  used = align_up(used + outgoing, 16);
  if (used > kMaxFrame) return too_large();
  frame_.size = static_cast<std::uint32_t>(used);
  frame_.moves_stack = frame_.moves_stack && frame_.size != 0;
  return {};
}

void X86Encoder::function(std::uint32_t index) {
  block_labels_.assign(function_->blocks.size(), Label());
  block_offsets_.resize(function_->blocks.size());
  trap_labels_.assign(function_->traps.size(), Label());
  copies_.assign(function_->registers.size(), Copy::kRegister);
  tracked_.clear();
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
    assembler_.emit(x86i::kIdInt3);
  }
}

void X86Encoder::prologue() {
  if (options_.has_landing_pads) assembler_.emit(x86i::kIdEndbr64);
  op(x86i::kIdPush, x86::rbp);
  op(x86i::kIdMov, x86::rbp, x86::rsp);
  if (frame_.moves_stack) reserve_frame();
  for_each_register(allocation_->saved[0], [&](std::uint8_t reg) {
    op(x86i::kIdMov, x86::ptr(x86::rbp, frame_.saved[reg], 8), gp(reg, Width::k64));
  });
  if (options_.checks_frames) remember_preserved();
}

// A page that is skipped might be the guard page behind the stack.
void X86Encoder::reserve_frame() {
  const std::uint32_t pages = frame_.size / kPageBytes;
  const std::uint32_t rest = frame_.size % kPageBytes;
  const auto touch = [&] { op(x86i::kIdOr, x86::ptr(x86::rsp, 0, 8), 0); };
  if (pages <= kUnrolledPages) {
    for (std::uint32_t n = 0; n != pages; ++n) {
      op(x86i::kIdSub, x86::rsp, kPageBytes);
      touch();
    }
  } else {
    const Label again = assembler_.newLabel();
    op(x86i::kIdLea, x86::r11, x86::ptr(x86::rsp, -static_cast<std::int32_t>(pages * kPageBytes)));
    assembler_.bind(again);
    op(x86i::kIdSub, x86::rsp, kPageBytes);
    touch();
    op(x86i::kIdCmp, x86::rsp, x86::r11);
    jump_if(CondCode::kNE, again);
  }
  if (rest != 0) op(x86i::kIdSub, x86::rsp, rest);
}

void X86Encoder::remember_preserved() {
  for_each_register(kX86Preserved, [&](std::uint8_t reg) {
    op(x86i::kIdMov, x86::ptr(x86::rbp, frame_.copies[reg], 8), gp(reg, Width::k64));
  });
}

void X86Encoder::check_preserved() {
  if (!check_label_.isValid()) check_label_ = assembler_.newLabel();
  for_each_register(kX86Preserved, [&](std::uint8_t reg) {
    op(x86i::kIdCmp, gp(reg, Width::k64), x86::ptr(x86::rbp, frame_.copies[reg], 8));
    jump_if(CondCode::kNE, check_label_);
  });
  const std::uint32_t below = frame_.moves_stack ? frame_.size : 0;
  op(x86i::kIdLea, x86::r11, x86::ptr(x86::rbp, -static_cast<std::int32_t>(below)));
  op(x86i::kIdCmp, x86::r11, x86::rsp);
  jump_if(CondCode::kNE, check_label_);
}

void X86Encoder::restore_preserved() {
  for_each_register(allocation_->saved[0], [&](std::uint8_t reg) {
    op(x86i::kIdMov, gp(reg, Width::k64), x86::ptr(x86::rbp, frame_.saved[reg], 8));
  });
}

void X86Encoder::epilogue() {
  restore_preserved();
  if (options_.checks_frames) check_preserved();
  if (frame_.moves_stack) op(x86i::kIdMov, x86::rsp, x86::rbp);
  op(x86i::kIdPop, x86::rbp);
  assembler_.emit(x86i::kIdRet);
}

// Each trap tells its record, and all of a function share the call. The frame may lie below rsp:
// nobody looks at it any more.
void X86Encoder::traps() {
  Label call;
  bool is_open = false;  // what was emitted last goes on to the call
  for (std::uint32_t n = 0; n != trap_labels_.size(); ++n) {
    if (!trap_labels_[n].isValid()) continue;
    if (is_open) op(x86i::kIdJmp, call);
    if (!call.isValid()) call = assembler_.newLabel();
    assembler_.bind(trap_labels_[n]);
    op(x86i::kIdLea, x86::rsi, x86::ptr(tables_.trap(assembler_, function_->traps[n])));
    is_open = true;
  }
  if (!is_open) return;
  assembler_.bind(call);
  restore_preserved();
  const auto runtime = [&](std::string_view name) {
    return x86::ptr(tables_.symbol(assembler_, {Symbol::Kind::kRuntime, std::string(name)}), 0, 8);
  };
  op(x86i::kIdMov, x86::rdi, runtime(kTrapContext));
  op(x86i::kIdCall, runtime(kTrapFunction));
  assembler_.emit(x86i::kIdUd2);
}

void X86Encoder::block(std::uint32_t index) {
  block_ = index;
  if (function_->blocks[index].is_loop_head)
    assembler_.align(asmjit::AlignMode::kCode, kLoopAlignment);
  block_offsets_[index] = assembler_.offset();
  if (block_labels_[index].isValid()) assembler_.bind(block_labels_[index]);
  for (const Instruction& i : function_->of(function_->blocks[index])) {
    before_instruction(i);
    instruction(i);
  }
  // Behind a return or a trap nobody reads.
  for (const Register reg : tracked_) copies_[reg] = Copy::kRegister;
  tracked_.clear();
}

void X86Encoder::instruction(const Instruction& i) {
  if (i.op == Op::kNop) return;
  const bool is_known = i.op >= Op::kCall ? control_instruction(i)
                        : is_memory(i.op)
                            ? memory_instruction(i)
                            : integer_instruction(i) || float_instruction(i) || conversion(i);
  if (!is_known) fail_with(ErrorCode::kUnsupported, "an instruction is not known for x86-64");
}

bool X86Encoder::integer_instruction(const Instruction& i) {
  switch (i.op) {
    case Op::kConstant:
      constant_value(i);
      return true;
    case Op::kMove:
      move_value(i);
      return true;
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
      binary(i);
      return true;
    case Op::kAddChecked:
    case Op::kSubChecked:
    case Op::kMulChecked:
      checked(i);
      return true;
    case Op::kMulHighUnsigned:
    case Op::kMulHighSigned:
      high_product(i);
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
    case Op::kNeg:
    case Op::kNot:
    case Op::kByteSwap:
      unary(i);
      return true;
    case Op::kPopcount:
      popcount(i);
      return true;
    case Op::kClz:
    case Op::kCtz:
      count_zeros(i);
      return true;
    case Op::kSignExtend:
    case Op::kZeroExtend:
      extend(i);
      return true;
    case Op::kCompare:
      compare_to_value(i);
      return true;
    case Op::kSelect:
      if (i.is_float)
        select_float(i);
      else
        select(i);
      return true;
    default:
      return false;
  }
}

bool X86Encoder::float_instruction(const Instruction& i) {
  switch (i.op) {
    case Op::kFloatConstant:
      float_constant(i);
      return true;
    case Op::kFloatAdd:
    case Op::kFloatSub:
    case Op::kFloatMul:
    case Op::kFloatDiv:
      float_binary(i);
      return true;
    case Op::kFloatSqrt:
    case Op::kFloatNeg:
    case Op::kFloatAbs:
      float_unary(i);
      return true;
    case Op::kFloatMin:
    case Op::kFloatMax:
      float_extreme(i);
      return true;
    case Op::kFloatFloor:
    case Op::kFloatCeil:
    case Op::kFloatTrunc:
      float_round(i);
      return true;
    case Op::kFloatFma:
      float_fma(i);
      return true;
    case Op::kFloatCompare:
      float_compare_to_value(i);
      return true;
    default:
      return false;
  }
}

bool X86Encoder::conversion(const Instruction& i) {
  switch (i.op) {
    case Op::kFloatWiden:
    case Op::kFloatNarrow:
      float_convert(i);
      return true;
    case Op::kFromSigned:
    case Op::kFromUnsigned:
      from_integer(i);
      return true;
    case Op::kToSigned:
      to_signed(i);
      return true;
    case Op::kToUnsigned:
      if (i.from == Width::k64)
        to_unsigned_64(i);
      else
        to_unsigned_32(i);
      return true;
    case Op::kBitsToFloat:
    case Op::kBitsFromFloat:
      bits(i);
      return true;
    default:
      return false;
  }
}

bool X86Encoder::memory_instruction(const Instruction& i) {
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

bool X86Encoder::control_instruction(const Instruction& i) {
  switch (i.op) {
    case Op::kCall:
      call(i);
      return true;
    case Op::kTrapIf:
      compare(i);
      jump_if(condition_code(i.condition), trap_label(i.target));
      return true;
    case Op::kTrapIfFloat:
      trap_if_float(i);
      return true;
    case Op::kJump:
      jump_to(i.target);
      return true;
    case Op::kBranch:
      branch(i);
      return true;
    case Op::kFloatBranch:
      float_branch(i);
      return true;
    case Op::kTrap:
      op(x86i::kIdJmp, trap_label(i.target));
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
