// Functions whose registers have places become AArch64 machine code.
//
// x8, x16, x17 and v29 to v31 hold no values: each instruction uses them for what is in slots and
// for what does not fit into it. (x8 is the address of a result when a function is entered and when
// it calls; no instruction comes between.) x18 is the platform's and is left alone. Flags live
// within one instruction only, of which kBranch and kTrapIf compare and jump.
//
//   [x29 + 16 + n]       arguments that the caller put on the stack
//   [x29], [x29 + 8]     the caller's x29, and the return address
//   below                preserved registers, slots of the function, slots of registers, and at sp
//                        the arguments for calls
//
// What stands behind the functions is reached by 21 bits, and so are blocks: a piece of code of
// more than 1 MiB is refused.
#pragma once

#include <asmjit/core.h>
//
#include <asmjit/arm/a64assembler.h>
#include <asmjit/arm/a64operand.h>

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/codegen/code_tables.h"
#include "runtime/codegen/parallel_move.h"
#include "runtime/codegen/target.h"

namespace smf::codegen {

inline constexpr std::uint8_t kX8 = 8, kX16 = 16, kX17 = 17;
inline constexpr std::uint8_t kV29 = 29, kV30 = 30, kV31 = 31;
inline constexpr RegisterMask kArm64PreservedGeneral = 0x1ff80000;  // x19 to x28
inline constexpr RegisterMask kArm64PreservedVector = 0xff00;       // d8 to d15

// Reuses its memory.
class Arm64Encoder {
 public:
  explicit Arm64Encoder(const EncodingOptions& options) : options_(options) {}

  // As Target::encode(), but throws std::bad_alloc.
  Result<void> encode(std::span<const Function* const> functions,
                      std::span<const Allocation* const> allocations, Code& code);

 private:
  using Gp = asmjit::a64::Gp;
  using Vec = asmjit::a64::Vec;
  using Mem = asmjit::a64::Mem;
  using Label = asmjit::Label;
  using CondCode = asmjit::a64::CondCode;

  struct Failure final : asmjit::ErrorHandler {
    void handleError(asmjit::Error error, const char* /*message*/,
                     asmjit::BaseEmitter* /*origin*/) override {
      if (first == asmjit::kErrorOk) first = error;
    }
    asmjit::Error first = asmjit::kErrorOk;
  };

  // ---- arm64_encoder.cc: pieces of code and functions ----
  Result<void> finish(Code& code);
  void function(std::uint32_t index);
  void block(std::uint32_t index);
  void instruction(const Instruction& i);
  bool integer_instruction(const Instruction& i);
  bool float_instruction(const Instruction& i);
  bool memory_instruction(const Instruction& i);
  bool control_instruction(const Instruction& i);
  void traps();

  // ---- arm64_frame.cc ----
  Result<void> lay_out_frame();
  void prologue();
  void reserve_frame();
  void epilogue();
  void restore_preserved();
  void check_preserved();
  // `first` bytes below x29 and on: all registers of a mask, two at a time.
  enum class Direction : std::uint8_t { kStore, kLoad };
  void transfer_registers(Direction direction, Bank bank, RegisterMask mask, std::int32_t first);

  // ---- arm64_operands.cc: where values are ----
  const Place& place(Register reg) const { return allocation_->places[reg]; }
  bool in_register(Register reg) const { return place(reg).kind == Place::Kind::kRegister; }
  static Gp gp(std::uint8_t physical, Width width);
  static Gp gpx(std::uint8_t physical) { return gp(physical, Width::k64); }
  static Gp zero(Width width);  // the register that is 0
  static Vec vec(std::uint8_t physical, Width width);
  Mem spill(std::uint32_t slot) const;
  Gp general(Register reg, Width width, std::uint8_t scratch);
  Vec vector(Register reg, Width width, std::uint8_t scratch);
  // `b`, or imm in the scratch register.
  Gp general_or_immediate(const Instruction& i, std::uint8_t scratch);
  // Where a result is made: in its register, or in one from which store_result() takes it.
  std::uint8_t result_in(Register dest, std::uint8_t scratch) const;
  void store_result(Register dest, std::uint8_t from);
  void load_constant(const Gp& to, std::uint64_t value);
  // to = from + value, by way of x8 where it has to be.
  void add_immediate(const Gp& to, const Gp& from, std::int64_t value);
  static bool fits_offset(std::int64_t offset, std::uint32_t bytes);
  Label slot_of_symbol(std::uint32_t symbol);

  // ---- arm64_integers.cc ----
  void constant(const Instruction& i);
  void move(const Instruction& i);
  void add_or_sub(const Instruction& i);
  void multiply(const Instruction& i);
  void logic(const Instruction& i);
  void shift(const Instruction& i);
  void divide(const Instruction& i);
  void checked(const Instruction& i);
  void checked_product(const Instruction& i);
  void unary(const Instruction& i);
  void popcount(const Instruction& i);
  void extend(const Instruction& i);
  void compare(const Instruction& i);
  void compare_to_value(const Instruction& i);
  void select(const Instruction& i);
  static CondCode condition_code(Condition condition);

  // ---- arm64_floats.cc ----
  void float_constant(const Instruction& i);
  void float_binary(const Instruction& i);
  void float_unary(const Instruction& i);
  void float_fma(const Instruction& i);
  void float_compare(const Instruction& i);
  void from_integer(const Instruction& i);
  void to_integer(const Instruction& i);
  void bits(const Instruction& i);
  static CondCode float_condition_code(Condition condition);

  // ---- arm64_memory.cc ----
  struct Address {
    Gp base{};
    std::int64_t disp = 0;
  };
  // Uses x16 at most.
  Address base_of(const Instruction& i);
  // The same with the index in it: uses x17 as well, but not afterwards.
  Address flat_address(const Instruction& i);
  // Uses x8, x16 and x17.
  Mem address(const Instruction& i, std::uint32_t bytes);
  Mem at(const Address& address, std::uint32_t bytes);
  void load(const Instruction& i);
  void store(const Instruction& i);
  void float_load(const Instruction& i);
  void float_store(const Instruction& i);
  void address_of(const Instruction& i);
  void copy_bytes(const Instruction& i);
  void copy_pieces(const Address& to, const Gp& from, std::uint32_t size);
  void zero_bytes(const Instruction& i);
  void zero_pieces(const Address& to, std::uint32_t size);
  void make_reachable(Address& address, std::uint32_t size);

  // ---- arm64_calls.cc ----
  void call(const Instruction& i);
  void enter(std::span<const Transfer> parameters);
  void give_back(std::span<const Transfer> results);
  void add_into(const Transfer& transfer);
  void add_out_of(const Transfer& transfer);
  void move_all();
  void across(std::uint32_t call, Direction direction);
  void jump_to(std::uint32_t block);
  void branch(const Instruction& i);
  void trap_if(const Instruction& i);
  // Whether it is one with 0 that needs no flags.
  static bool is_zero_test(const Instruction& i);
  void jump_if_zero(const Instruction& i, bool is_zero, const Label& label);
  Label block_label(std::uint32_t block);
  Label trap_label(std::uint32_t trap);

  struct Frame {
    std::int32_t saved[2] = {};   // bytes below x29, of each bank
    std::int32_t copies[2] = {};  // the same, for check_preserved()
    std::uint32_t spills = 0;     // from sp
    std::vector<std::uint32_t> slots{};
    std::uint32_t size = 0;
  };

  const EncodingOptions options_;
  Failure failure_{};
  asmjit::CodeHolder holder_{};
  asmjit::a64::Assembler assembler_{};
  ParallelMove moves_{};
  CodeTables tables_{};

  // Of the function that is being encoded.
  const Function* function_ = nullptr;
  const Allocation* allocation_ = nullptr;
  Frame frame_{};
  std::uint32_t block_ = 0;
  std::vector<Label> block_labels_{};
  std::vector<Label> trap_labels_{};
  std::vector<Label> symbol_labels_{};
  Label pool_label_{};
  Label check_label_{};

  std::vector<Label> function_labels_{};
};

}  // namespace smf::codegen
