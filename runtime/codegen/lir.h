// The form between MIR and machine code: what a processor does, with as many registers as wanted.
//
//   MIR --lower--> LIR --optimise--> LIR --allocate--> registers and slots --encode--> bytes
//
// Constraints: a function of 30 instructions has to become machine code in about the time that
// AsmJit's own register allocator takes for it alone (some 9 us), on two processors, and loops have
// to run as fast as gcc's. So this is arrays that are used again from function to function, walked
// in order; no SSA form, which would be built and left again for a handful of small gains:
// registers are variables, and what has a single definition, as most temporaries of a compiler
// have, is recognised and treated as SSA would. Rejected: AsmJit's Compiler. Its allocation alone
// takes the time that is there for everything, it uses registers that callees preserve in ways that
// one frame description for all code cannot tell (exec/unwinding.h), and leaves those of AArch64
// unused.
//
// Values in registers:
//   * an integer of 8 or 16 bits, and a Char, is extended to 32 bits as its type is signed or not;
//   a
//     Bool is 0 or 1 in 32 bits. Bits 32 to 63 are anything.
//   * one of 32 bits has anything above; one of 64 bits and an address fill the register.
//   * a float is in the low bits of a vector register, and the rest is anything.
// Aggregates are in slots of the frame, or their scalars each in a register.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/mir/unit.h"

namespace smf::codegen {

using mir::List;

using Register = std::uint32_t;  // virtual: an index into Function::registers
inline constexpr Register kNoRegister = ~Register{0};

enum class Bank : std::uint8_t { kGeneral, kVector };
enum class Width : std::uint8_t { k8, k16, k32, k64 };  // of 8 << n bits
constexpr unsigned bytes_of(Width width) { return 1u << static_cast<unsigned>(width); }

// kBelow … are unsigned. Of floats: kEqual, kLess, kLessEqual, kGreater, kGreaterEqual are false
// for NaN, and the others are what these are not.
enum class Condition : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kNotLess,  // of integers: greater or equal
  kLessEqual,
  kNotLessEqual,  // greater
  kBelow,
  kNotBelow,
  kBelowEqual,
  kNotBelowEqual,
  kGreater,  // these four of floats only
  kNotGreater,
  kGreaterEqual,
  kNotGreaterEqual,
};
constexpr Condition negated(Condition condition) {
  return static_cast<Condition>(static_cast<unsigned>(condition) ^ 1);
}

// `a op b`, or `a op imm` where b is kNoRegister, of `width` k32 or k64 unless told otherwise.
enum class Op : std::uint8_t {
  kNop,
  // dest = …, general registers
  kConstant,  // imm
  kMove,      // a; both general or both vector (is_float, then width is not looked at)
  kAdd,
  kSub,  // a may be kNoRegister: 0 - b is kNeg
  kMul,
  kMulHighUnsigned,  // the upper half of the product; k64; never imm
  kMulHighSigned,    // the same
  kAnd,
  kOr,
  kXor,
  kShl,  // the count modulo the width
  kShrUnsigned,
  kShrSigned,
  kRotl,
  kRotr,
  kDivUnsigned,  // the divisor is not 0 and the quotient fits; never imm
  kDivSigned,
  kRemUnsigned,
  kRemSigned,
  kAddChecked,  // to `target` of Function::traps where the result does not fit, as is_signed tells
  kSubChecked,
  kMulChecked,  // never imm
  kNeg,
  kNot,  // all bits
  kPopcount,
  kClz,  // of 0: the width
  kCtz,
  kByteSwap,
  kSignExtend,  // the low `from` bits of a to `width`
  kZeroExtend,  // the same
  kCompare,     // 1 if `a condition b`, else 0
  kSelect,      // c if `a condition b`, else d; is_float tells of c and d; compared are integers
  kAddress,     // of `place`
  // dest = …, vector registers; width k32 or k64
  kFloatConstant,  // imm: its bits
  kFloatAdd,
  kFloatSub,
  kFloatMul,
  kFloatDiv,
  kFloatSqrt,
  kFloatNeg,
  kFloatAbs,
  kFloatMin,  // what is no NaN, if one is
  kFloatMax,
  kFloatFloor,
  kFloatCeil,
  kFloatTrunc,
  kFloatFma,      // a * b + c
  kFloatWiden,    // k32 to k64
  kFloatNarrow,   // k64 to k32
  kFloatCompare,  // dest is general
  // Between the banks. `from` is the integer's width, k32 or k64, `width` the float's.
  kFromSigned,    // dest vector, a general
  kFromUnsigned,  // the same
  kToSigned,      // dest general, a vector: the nearest integer toward zero that there is, NaN 0
  kToUnsigned,    // the same
  kBitsToFloat,   // the same bits; `width`
  kBitsFromFloat,
  // Memory. `place` tells where; `width` how much
  kLoad,        // general: extended to 32 bits, or 64 of k64, as is_signed tells
  kStore,       // c, or imm
  kFloatLoad,   // k32, k64
  kFloatStore,  // c
  kCopyBytes,   // imm bytes from `place` of register c on to `place`; they are the same or apart
  kZeroBytes,   // imm bytes at `place`
  // Calls: `call` is an index into Function::calls
  kCall,
  // Traps, if `a condition b`; `target` is an index into Function::traps. No terminator.
  kTrapIf,
  kTrapIfFloat,
  // The last instruction of a block is one of these, and no other is.
  kJump,         // to `target`
  kBranch,       // if `a condition b` to `target`, else to `other`
  kFloatBranch,  // the same of floats
  kTrap,         // `target` as of kTrapIf
  kReturn,       // `transfers`
};

// Where memory is: at base + disp + (index << shift). Of kCopyBytes the source is at the address in
// register c.
enum class Base : std::uint8_t {
  kRegister,  // register a
  kSlot,      // slot a of the frame
  kPool,      // at byte a of Function::pool; `disp` is added
  kSymbol,    // kLoad of k64 only: the address of symbol a of Function::symbols
  kIncoming,  // of the arguments that the caller put on the stack
  kOutgoing,  // of those for the next call
};

struct Instruction {
  Op op = Op::kNop;
  Width width = Width::k64;
  Width from = Width::k64;
  Condition condition = Condition::kEqual;
  Base base = Base::kRegister;
  std::uint8_t shift = 0;  // of the index: 0 to 3
  bool is_signed = false;
  bool is_float = false;
  Register dest = kNoRegister;
  Register a = kNoRegister;
  Register b = kNoRegister;  // of memory: the index
  Register c = kNoRegister;
  Register d = kNoRegister;
  std::int32_t disp = 0;
  std::uint32_t target = 0;  // a block, or a trap
  std::uint32_t other = 0;
  std::int64_t imm = 0;
  std::uint32_t call = 0;
  List transfers{};  // of kReturn
};

// A value that is in one register of the processor at a call, at the entry or on return. `physical`
// is the number that the processor's encoding has for it.
struct Transfer {
  Register reg = kNoRegister;
  std::uint8_t physical = 0;
  Bank bank = Bank::kGeneral;
};

struct Call {
  enum class Target : std::uint8_t {
    kSymbol,    // an index into Function::symbols
    kFunction,  // one of the functions that are compiled together
    kRegister,
  };
  Target target = Target::kSymbol;
  std::uint32_t callee = 0;  // an index, or a Register
  List arguments{};          // in Function::transfers
  List results{};            // the same
  std::uint32_t stack_bytes = 0;
  std::uint8_t vector_arguments = 0;  // of a callee with any more arguments, on x86-64: for al
  bool is_variadic = false;
};

// What code names that lies elsewhere: its address is filled in when the code is put into memory.
struct Symbol {
  enum class Kind : std::uint8_t {
    kFunction,  // a mangled name
    kGlobal,    // the decimal number of MIR's GlobalAddr
    kRuntime,   // of runtime_functions.h
  };
  Kind kind = Kind::kFunction;
  std::string name{};

  friend bool operator==(const Symbol&, const Symbol&) = default;
};

enum class TrapKind : std::uint8_t { kOperation, kAbort, kUnreachable };

struct TrapPlace {
  TrapKind kind = TrapKind::kOperation;
  std::uint32_t block = 0;  // of the MIR function
  std::string function{};   // its mangled name: that of another function, where it was inlined
  std::string message{};
};

struct Slot {
  std::uint32_t size = 0;  // bytes
  std::uint32_t alignment = 1;
};

struct Block {
  List instructions{};
  // How many loops it is in: what is used there counts 8 times as much for each.
  std::uint32_t depth = 0;
  bool is_loop_head = false;  // a later block jumps back to it: encoders align it
};

// Used for one function after another: clear() keeps the memory.
struct Function {
  std::string name{};
  std::vector<Bank> registers{};
  std::vector<Instruction> instructions{};
  std::vector<Block> blocks{};  // in the order in which they are laid out; the first is the entry
  std::vector<Transfer> transfers{};
  List parameters{};  // in `transfers`: what is in registers at the entry
  std::vector<Call> calls{};
  std::vector<Symbol> symbols{};
  std::vector<TrapPlace> traps{};
  std::vector<Slot> slots{};
  std::vector<std::byte> pool{};  // constants; it is put at a multiple of 16

  void clear();
  Register add_register(Bank bank) {
    registers.push_back(bank);
    return static_cast<Register>(registers.size() - 1);
  }
  std::span<Instruction> of(const Block& block) {
    return std::span(instructions).subspan(block.instructions.first, block.instructions.count);
  }
  std::span<const Instruction> of(const Block& block) const {
    return std::span(instructions).subspan(block.instructions.first, block.instructions.count);
  }
  std::span<const Transfer> of(List list) const {
    return std::span(transfers).subspan(list.first, list.count);
  }
};

// ---- What an instruction reads and writes ----

// Calls `use(Register)` for each register that it reads, a call's arguments included.
template <typename Use>
void for_each_use(const Function& function, const Instruction& instruction, Use&& use);
// Calls `define(Register)` for each that it writes.
template <typename Define>
void for_each_definition(const Function& function, const Instruction& instruction, Define&& define);

// The blocks that a block's last instruction leads to.
struct Successors {
  std::uint32_t blocks[2] = {};
  std::uint32_t count = 0;
};
constexpr Successors successors(const Instruction& last) {
  if (last.op == Op::kJump) return {{last.target, 0}, 1};
  if (last.op != Op::kBranch && last.op != Op::kFloatBranch) return {};
  return last.target == last.other ? Successors{{last.target, 0}, 1}
                                   : Successors{{last.target, last.other}, 2};
}

// Whether a block ends with it.
constexpr bool is_terminator(Op op) { return op >= Op::kJump; }

// Whether it tells of a place in memory.
constexpr bool is_memory(Op op) {
  return (op >= Op::kLoad && op <= Op::kZeroBytes) || op == Op::kAddress;
}

// Those with two operands of which the second may be a constant.
constexpr bool takes_constant(Op op) {
  switch (op) {
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
    case Op::kShl:
    case Op::kShrUnsigned:
    case Op::kShrSigned:
    case Op::kRotl:
    case Op::kRotr:
    case Op::kAddChecked:
    case Op::kSubChecked:
    case Op::kCompare:
    case Op::kSelect:
    case Op::kTrapIf:
    case Op::kBranch:
      return true;
    default:
      return false;
  }
}

// Whether a and b may change places.
constexpr bool is_commutative(Op op) {
  return op == Op::kAdd || op == Op::kMul || op == Op::kAddChecked || op == Op::kMulChecked ||
         op == Op::kAnd || op == Op::kOr || op == Op::kXor || op == Op::kFloatAdd ||
         op == Op::kFloatMul || op == Op::kFloatFma;
}

// Whether it may not be left out though nobody reads what it writes.
constexpr bool has_effect(const Instruction& i) {
  return (i.op >= Op::kStore && i.op != Op::kFloatLoad) ||
         (i.op >= Op::kAddChecked && i.op <= Op::kMulChecked);
}

// For tests and whoever looks for a mistake: a line an instruction.
std::string describe(const Function& function);

template <typename Use>
void for_each_use(const Function& function, const Instruction& i, Use&& use) {
  const auto one = [&](Register reg) {
    if (reg != kNoRegister) use(reg);
  };
  if (!is_memory(i.op) || i.base == Base::kRegister) one(i.a);
  one(i.b);
  one(i.c);
  one(i.d);
  if (i.op == Op::kCall) {
    const Call& call = function.calls[i.call];
    if (call.target == Call::Target::kRegister) one(call.callee);
    for (const Transfer& argument : function.of(call.arguments)) one(argument.reg);
  } else if (i.op == Op::kReturn) {
    for (const Transfer& result : function.of(i.transfers)) one(result.reg);
  }
}

template <typename Define>
void for_each_definition(const Function& function, const Instruction& i, Define&& define) {
  if (i.op == Op::kCall) {
    for (const Transfer& result : function.of(function.calls[i.call].results))
      if (result.reg != kNoRegister) define(result.reg);
  } else if (i.dest != kNoRegister) {
    define(i.dest);
  }
}

}  // namespace smf::codegen
