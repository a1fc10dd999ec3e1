// MIR to LIR: a function of a Program becomes blocks of what a processor does.
//
// Scalars are registers, and so are the scalars of structs, slices and texts of up to four; other
// aggregates are slots of the frame. A stack slot of MIR whose address goes nowhere but to loads
// and stores is held like a local. What a call, an operation or an intrinsic means is
// docs/mir.md's.
//
// A function may be lowered into the middle of another, which is all that inlining is: its
// arguments are moves, its returns jumps.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/codegen/calling_convention.h"
#include "runtime/codegen/code.h"
#include "runtime/codegen/lir.h"
#include "runtime/codegen/target.h"
#include "runtime/codegen/value_types.h"
#include "runtime/mir/arithmetic.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"
#include "runtime/mir/verify.h"

namespace smf::codegen {

// Thrown within this room only: what a function has that is not compiled.
struct NotCompiled {
  ErrorCode code = ErrorCode::kUnsupported;
  std::string message{};
};

// Where in memory.
struct Location {
  Base base = Base::kRegister;
  Register a = kNoRegister;  // a register, a slot, or a byte of the pool
  std::int32_t disp = 0;

  Location at(std::uint64_t offset) const {
    return {base, a, disp + static_cast<std::int32_t>(offset)};
  }
};

// Of a type of that shape: kScalar and kParts are in registers that follow each other.
struct Value {
  Shape shape = Shape::kNothing;
  Register first = kNoRegister;
  Location at{};
};

class Lowering {
 public:
  struct Options {
    Machine machine = kThisMachine;
    Features features{};
    bool is_inlining = true;
  };

  Lowering(mir::Program& program, mir::Layouts& layouts, const Options& options);
  ~Lowering();
  Lowering(const Lowering&) = delete;
  Lowering& operator=(const Lowering&) = delete;

  // Into `to`, which it clears: blocks that all end with a jump, branch, trap or return, in no
  // special order but that the entry is the first. `group` is compiled together with it. Throws
  // NotCompiled, std::bad_alloc.
  void lower(mir::FunctionId function, std::span<const mir::FunctionId> group, Function& to);
  // What Compiler::compile_caller() makes. Throws the same.
  void lower_caller(mir::TypeId signature, Function& to);

 private:
  // A MIR function that is being lowered: the outermost, or one that is inlined.
  struct Body;
  struct Element;

  // ---- Types and values ----

  const mir::Unit& unit() const { return program_.unit(); }
  mir::TypeKind kind(mir::TypeId type) const { return unit().types[type].kind; }
  template <typename T>
  T need(Result<T> result) const;
  [[noreturn]] void refuse(std::string_view message,
                           ErrorCode code = ErrorCode::kUnsupported) const;
  // Until another is asked for.
  const ValueType& value_type(mir::TypeId type) {
    if (types_.find(type) == nullptr) need(types_.of(type));
    return *types_.find(type);
  }
  mir::TypeId type_of(mir::Operand operand) const;
  mir::TypeId type_of_local(mir::LocalId local) const;
  std::uint64_t size_of(mir::TypeId type) { return value_type(type).size; }

  Register new_register(mir::TypeKind kind) { return to_->add_register(bank_of(kind)); }
  Register new_general() { return to_->add_register(Bank::kGeneral); }
  Value new_value(mir::TypeId type);
  Location new_slot(std::uint64_t size, std::uint32_t alignment);
  // The registers that hold a scalar, or the value, of an operand. A constant gets new ones.
  Register scalar(mir::Operand operand);
  Value value(mir::Operand operand);
  Value constant_value(mir::ConstantId id);
  Register constant_scalar(const mir::Constant& constant, mir::ConstantId id);
  // What a field of `value` is.
  Value part(mir::TypeId type, const Value& value, std::uint32_t field, std::uint32_t variant = 0);

  // ---- Instructions ----

  Instruction& emit(const Instruction& instruction);
  Register emit_to_new(Bank bank, Instruction instruction);
  Register constant(std::int64_t imm, Width width = Width::k64);
  void move(mir::TypeKind kind, Register to, Register from);
  void move(mir::TypeId type, const Value& to, const Value& from);
  void clear(mir::TypeId type, const Value& to);
  Register load_scalar(mir::TypeKind kind, const Location& from);
  void load_scalar(mir::TypeKind kind, Register to, const Location& from);
  void store_scalar(mir::TypeKind kind, Register from, const Location& to);
  void load(mir::TypeId type, const Value& to, const Location& from);
  void store(mir::TypeId type, const Value& from, const Location& to);
  void copy_bytes(std::uint64_t size, const Location& to, const Location& from);
  Register address_of(const Location& location);
  // A place in memory that holds it.
  Location in_memory(mir::TypeId type, const Value& value);
  Instruction memory(Op op, Width width, const Location& at);
  Register canonical(mir::TypeKind kind, Register reg);
  Register widen(mir::TypeKind from, Register reg);  // to 64 bits
  std::uint32_t symbol(Symbol::Kind kind, std::string_view name);
  std::uint32_t pool(Bytes bytes, std::size_t alignment);

  // ---- Blocks ----

  using Label = std::uint32_t;
  Label new_label();
  void bind(Label label);  // what comes now begins there
  void jump(Label to);
  void branch(Condition condition, Width width, Register a, Register b, Label then, Label other);
  void finish(Function& to);

  // ---- Traps ----

  std::uint32_t trap_place(TrapKind kind, std::string_view message);
  void trap_if(Condition condition, Width width, Register a, Register b, std::string_view message);
  void trap_if(Condition condition, Width width, Register a, std::int64_t imm,
               std::string_view message);

  // ---- MIR ----

  void begin_body(Body& body, mir::FunctionId id);
  void find_promoted(Body& body);
  void place_locals(Body& body);
  void lower_blocks(Body& body);
  void instruction(const mir::Instruction& instruction);
  void terminator(const mir::Terminator& terminator);
  void lower_switch(const mir::Terminator& terminator);
  void lower_return(const mir::Terminator& terminator);
  Value* promoted(mir::Operand pointer);
  Value local(mir::LocalId id);
  void set(mir::LocalId dest, const Value& value);
  bool make_in(Register to, Register from);
  void set_scalar(mir::LocalId dest, Register value);

  // ---- lower_scalars.cc ----

  void binary(const mir::Instruction& instruction, mir::Operand left, mir::Operand right);
  Register integer_binary(mir::BinaryOp op, mir::TypeKind kind, mir::Operand left,
                          mir::Operand right, bool is_checked);
  Register shift(mir::BinaryOp op, mir::TypeKind kind, mir::Operand left, mir::Operand right,
                 bool is_checked);
  Register divide(mir::BinaryOp op, mir::TypeKind kind, mir::Operand left, mir::Operand right);
  Register compare(mir::BinaryOp op, mir::TypeKind kind, mir::Operand left, mir::Operand right);
  Register float_binary(mir::BinaryOp op, mir::TypeKind kind, mir::Operand left,
                        mir::Operand right);
  Register compute(mir::BinaryOp op, mir::TypeKind kind, mir::Operand left, mir::Operand right,
                   bool is_checked);
  Register unary(mir::UnaryOp op, mir::TypeKind kind, Register value);
  Register cast(mir::TypeKind from, mir::TypeKind to, Register value);
  Register to_integer(mir::TypeKind from, mir::TypeKind to, Register value);
  void bitcast(mir::LocalId dest, mir::Operand operand);
  Register bits_of(mir::TypeKind kind, Register value);  // in a general register
  Register from_bits(mir::TypeKind kind, Register bits);
  Register select(Condition condition, Width width, Register a, Register b, Register then,
                  Register other);

  // ---- lower_memory.cc ----

  void alloc(std::uint32_t index, const mir::Instruction& instruction);
  void element(const mir::Instruction& instruction, std::span<const mir::Operand> operands);
  void add_index(Element& element, mir::Operand index, std::uint64_t size);
  Register finish_element(const Element& element);
  void aggregate(const mir::Instruction& instruction, std::span<const mir::Operand> operands);
  void get_field(const mir::Instruction& instruction, mir::Operand base);
  void set_field(const mir::Instruction& instruction, mir::Operand base, mir::Operand value);

  // ---- lower_calls.cc ----

  const Convention& convention(mir::TypeId signature, std::span<const mir::TypeId> further);
  void call(const mir::Instruction& instruction, std::span<const mir::Operand> operands);
  void check_call(mir::TypeId signature, std::span<const mir::Operand> arguments,
                  mir::LocalId dest) const;
  void call_indirect(Register callee, mir::TypeId signature, std::span<const mir::Operand> operands,
                     mir::LocalId dest);
  void emit_call(Call call, const Convention& convention, std::span<const Value> arguments,
                 mir::LocalId dest);
  Value emit_call(Call call, const Convention& convention, std::span<const Value> arguments);
  void pass(const PassedValue& where, const Value& value);
  void pass_pieces(const PassedValue& where, const Value& value);
  void lower_entry(Body& body);
  bool is_direct(const PassedValue& where);
  Value receive(const PassedValue& where, std::span<const Register> pieces);
  void receive_directly(const PassedValue& where, const Value& value,
                        std::span<const Register> pieces);
  Register call_runtime(std::string_view name, std::span<const Register> arguments, bool has_result,
                        Width width = Width::k64);
  bool inline_call(mir::FunctionId callee, std::span<const mir::Operand> operands,
                   mir::LocalId dest);
  bool is_small(mir::FunctionId function);

  // ---- lower_intrinsics.cc ----

  void intrinsic(const mir::Instruction& instruction, std::span<const mir::Operand> operands);
  void memory_intrinsic(mir::Intrinsic which, const mir::Instruction& instruction,
                        std::span<const mir::Operand> operands);
  Register integer_intrinsic(mir::Intrinsic which, mir::TypeKind kind,
                             std::span<const mir::Operand> operands);
  Register float_intrinsic(mir::Intrinsic which, mir::TypeKind kind,
                           std::span<const mir::Operand> operands);
  void enum_field(const mir::Instruction& instruction, std::span<const mir::Operand> operands);

  mir::Program& program_;
  mir::Layouts& layouts_;
  const Options options_;
  ValueTypes types_;
  Function* to_ = nullptr;
  Body* body_ = nullptr;
  std::span<const mir::FunctionId> group_{};
  std::map<std::vector<mir::TypeId>, Convention> conventions_{};
  std::map<mir::TypeId, Convention> plain_conventions_{};  // without further arguments

  // Blocks as they come: where each begins, and what number the label has.
  std::vector<std::uint32_t> label_blocks_{};
  bool is_open_ = false;  // the last block has no end yet
  // What the last instruction has made, where nobody has read it yet; else kNoRegister.
  Register newest_ = kNoRegister;
  std::vector<Transfer> passed_{};
  std::vector<Register> pieces_{};
  // Two are enough: what is inlined inlines nothing.
  std::unique_ptr<Body> outer_;
  std::unique_ptr<Body> inlined_;
};

template <typename T>
T Lowering::need(Result<T> result) const {
  if (!result) refuse(result.error().message, result.error().code);
  return *std::move(result);
}

}  // namespace smf::codegen
