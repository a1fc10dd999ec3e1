// Functions whose registers have places become x86-64 machine code.
//
// rax, r11, xmm14 and xmm15 hold no values: each instruction uses them for what is in slots and for
// what needs a certain register. An operand in a slot is one of the instruction where x86-64 can do
// that. Flags live within one instruction only, of which kBranch and kTrapIf compare and jump.
//
//   [rbp + 16 + n]   arguments that the caller put on the stack
//   [rbp + 8], [rbp] the return address and the caller's rbp
//   below            preserved registers, slots of registers, slots of the function, and at rsp the
//                    arguments for calls
// A function that calls nothing and needs 128 bytes at most leaves rsp where it is: that much below
// it is its own (System V ABI, 3.2.2).
#pragma once

#include <asmjit/x86.h>

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/codegen/code_tables.h"
#include "runtime/codegen/parallel_move.h"
#include "runtime/codegen/target.h"

namespace smf::codegen {

namespace x86 = asmjit::x86;
namespace x86i = asmjit::x86::Inst;

inline constexpr std::uint8_t kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6,
                              kRdi = 7, kR11 = 11;
inline constexpr std::uint8_t kXmm14 = 14, kXmm15 = 15;
// rbx, r12 to r15.
inline constexpr RegisterMask kX86Preserved = 0xf008;
// Copies of more bytes are made by `rep movs`, which destroys rcx, rsi and rdi.
inline constexpr std::int64_t kUnrolledBytes = 128;

// Reuses its memory.
class X86Encoder {
 public:
  explicit X86Encoder(const EncodingOptions& options) : options_(options) {}

  // As Target::encode(), but throws std::bad_alloc.
  Result<void> encode(std::span<const Function* const> functions,
                      std::span<const Allocation* const> allocations, Code& code);

 private:
  using Gp = asmjit::x86::Gp;
  using Xmm = asmjit::x86::Xmm;
  using Mem = asmjit::x86::Mem;
  using Operand = asmjit::Operand_;
  using InstId = asmjit::InstId;
  using Label = asmjit::Label;
  using CondCode = asmjit::x86::CondCode;

  struct Failure final : asmjit::ErrorHandler {
    void handleError(asmjit::Error error, const char* /*message*/,
                     asmjit::BaseEmitter* /*origin*/) override {
      if (first == asmjit::kErrorOk) first = error;
    }
    asmjit::Error first = asmjit::kErrorOk;
  };

  // ---- x86_encoder.cc: pieces of code, functions and their frames ----
  Result<void> finish(Code& code);
  void function(std::uint32_t index);
  Result<void> lay_out_frame();
  void prologue();
  void reserve_frame();
  void remember_preserved();
  void epilogue();
  void check_preserved();
  void restore_preserved();
  void traps();
  void block(std::uint32_t index);
  void instruction(const Instruction& i);
  bool integer_instruction(const Instruction& i);
  bool float_instruction(const Instruction& i);
  bool conversion(const Instruction& i);
  bool memory_instruction(const Instruction& i);
  bool control_instruction(const Instruction& i);
  void fail_with(ErrorCode code, const char* message);

  // ---- x86_operands.cc: where values are ----
  const Place& place(Register reg) const { return allocation_->places[reg]; }
  bool in_register(Register reg) const { return place(reg).kind == Place::Kind::kRegister; }
  bool is_in(Register reg, std::uint8_t physical) const {
    return in_register(reg) && place(reg).physical == physical;
  }
  bool same_place(Register one, Register other) const;
  static Gp gp(std::uint8_t physical, Width width);
  static Xmm xmm(std::uint8_t physical) { return Xmm(physical); }
  Mem spill(std::uint32_t slot, std::uint32_t bytes) const;
  Mem home(Register reg, std::uint32_t bytes) const { return spill(place(reg).slot, bytes); }
  Operand general(Register reg, Width width) const;  // a register, or memory
  Operand vector(Register reg, Width width) const;
  Gp general_in(Register reg, Width width, std::uint8_t scratch);  // a register in any case
  Xmm vector_in(Register reg, Width width, std::uint8_t scratch);
  void load_general(const Gp& to, Register reg);  // unless it is there
  void load_vector(std::uint8_t to, Register reg, Width width);
  // Where a result is made: in its register, or in one from which it is stored.
  std::uint8_t result_in(Register dest, std::uint8_t scratch) const;
  void store_general(Register dest, std::uint8_t from);  // unless it is there
  void store_vector(Register dest, std::uint8_t from);
  void load_constant(std::uint8_t to, std::int64_t value, Width width);
  static bool fits(std::int64_t value) { return value == static_cast<std::int32_t>(value); }
  static std::int64_t immediate(const Instruction& i);
  void constant_value(const Instruction& i);
  void move_value(const Instruction& i);
  // Uses rax at most. Of no size.
  Mem address(const Instruction& i);
  Label slot_of_symbol(std::uint32_t symbol);
  Label pool_label();
  Mem constant(std::uint64_t low, std::uint64_t high);
  void op(InstId id, const Operand& to) { assembler_.emit(id, to); }
  void op(InstId id, const Operand& to, const Operand& from) { assembler_.emit(id, to, from); }
  void op(InstId id, const Operand& to, std::int64_t imm) {
    assembler_.emit(id, to, asmjit::Imm(imm));
  }

  // ---- x86_integers.cc ----
  void binary(const Instruction& i);
  void binary_immediate(const Instruction& i);
  bool binary_in_memory(const Instruction& i);
  bool add_by_lea(const Instruction& i, std::uint8_t to);
  void multiply_immediate(const Instruction& i);
  void checked(const Instruction& i);
  void checked_unsigned_product(const Instruction& i);
  void high_product(const Instruction& i);
  void shift(const Instruction& i);
  void divide(const Instruction& i);
  void unary(const Instruction& i);
  void popcount(const Instruction& i);
  void count_zeros(const Instruction& i);
  void extend(const Instruction& i);
  void compare(const Instruction& i);
  void compare_to_value(const Instruction& i);
  void select(const Instruction& i);
  void select_float(const Instruction& i);

  // ---- x86_floats.cc ----
  struct FloatTest {
    CondCode code = CondCode::kE;
    bool is_equal = false;      // ZF and no PF
    bool is_not_equal = false;  // no ZF, or PF
  };
  void float_constant(const Instruction& i);
  void float_binary(const Instruction& i);
  void float_unary(const Instruction& i);
  void float_extreme(const Instruction& i);
  void float_round(const Instruction& i);
  void float_fma(const Instruction& i);
  void float_convert(const Instruction& i);
  FloatTest float_compare(const Instruction& i);
  void float_compare_to_value(const Instruction& i);
  void from_integer(const Instruction& i);
  void from_unsigned_64(const Instruction& i, std::uint8_t to);
  void to_signed(const Instruction& i);
  void to_unsigned_32(const Instruction& i);
  void to_unsigned_64(const Instruction& i);
  void bits(const Instruction& i);

  // ---- x86_memory.cc ----
  void load(const Instruction& i);
  void store(const Instruction& i);
  void float_load(const Instruction& i);
  void float_store(const Instruction& i);
  void address_of(const Instruction& i);
  void copy_bytes(const Instruction& i);
  void copy_piece(const Mem& to, std::int32_t at, std::int32_t bytes, Register source);
  void copy_by_string(const Instruction& i);
  void zero_bytes(const Instruction& i);
  void zero_by_string(const Instruction& i);
  void string_tail(std::int64_t bytes, bool is_copy);

  // ---- x86_calls.cc ----
  void call(const Instruction& i);
  void enter(std::span<const Transfer> parameters);
  void give_back(std::span<const Transfer> results);
  void add_into(const Transfer& transfer);
  void add_out_of(const Transfer& transfer);
  void move_all(std::uint8_t general_scratch);
  void save_across(std::uint32_t call);
  void forget_across(std::uint32_t call);
  void move_slot(Register reg, bool is_load);
  void before_instruction(const Instruction& i);
  void reload(Register reg);
  void reload_all();
  void jump_if(CondCode code, const Label& label) { op(x86i::jccFromCond(code), label); }
  void jump_to(std::uint32_t block);
  void branch(const Instruction& i);
  void float_branch(const Instruction& i);
  void trap_if_float(const Instruction& i);
  static CondCode condition_code(Condition condition);
  Label block_label(std::uint32_t block);
  Label trap_label(std::uint32_t trap);

  // Where the value of a register is that was alive across a call in the same block.
  enum class Copy : std::uint8_t {
    kRegister,  // there, and perhaps nowhere else
    kBoth,
    kSlot,  // there only: it is loaded when something reads it, or at the block's end
  };

  struct Frame {
    std::int32_t saved[16] = {};   // offsets from rbp, by register
    std::int32_t copies[16] = {};  // the same, for check_preserved()
    std::int32_t spills = 0;       // of slot 0
    std::vector<std::int32_t> slots{};
    std::uint32_t size = 0;
    bool moves_stack = false;
  };

  const EncodingOptions options_;
  Failure failure_{};
  Error error_{};
  bool has_failed_ = false;
  asmjit::CodeHolder holder_{};
  asmjit::x86::Assembler assembler_{};
  ParallelMove moves_{};
  CodeTables tables_{};

  // Of the function that is being encoded.
  const Function* function_ = nullptr;
  const Allocation* allocation_ = nullptr;
  Frame frame_{};
  std::uint32_t block_ = 0;
  std::vector<Copy> copies_{};
  std::vector<Register> tracked_{};    // those that are not kRegister, and perhaps others
  std::vector<Label> block_labels_{};  // only of those that something jumps to
  std::vector<std::size_t> block_offsets_{};
  std::vector<Label> trap_labels_{};
  std::vector<Label> symbol_labels_{};
  Label pool_label_{};
  Label check_label_{};

  std::vector<Label> function_labels_{};
};

}  // namespace smf::codegen
