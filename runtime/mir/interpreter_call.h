// A function that an Interpreter runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/mir/arithmetic.h"
#include "runtime/mir/interpreter.h"

namespace smf::mir {

// Where a function's locals and slots are in its frame.
struct Interpreter::Prepared {
  std::vector<std::size_t> locals{};
  std::vector<std::size_t> sizes{};              // of the locals
  std::map<std::uint32_t, std::size_t> slots{};  // by instruction
  std::size_t frame_size = 0;
};

// One that is running: its frame, and where it is.
class Interpreter::Call {
 public:
  Call(Interpreter& interpreter, FunctionId id)
      : interpreter_(interpreter), id_(id), function_(unit().functions[id]) {}
  ~Call() {
    for (const std::byte* const slot : slots_) interpreter_.objects_[slot].is_alive = false;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void run(std::span<const void* const> arguments, void* result);
  [[noreturn]] void trap(Trap::Kind kind, std::string message) const;

 private:
  Program& program() const { return interpreter_.program_; }
  const Unit& unit() const { return interpreter_.program_.unit(); }

  void step() {
    if (++interpreter_.steps_ > interpreter_.options_.max_steps)
      trap(Trap::Kind::kLimit, "too many steps");
  }

  // ---- Values ----

  std::byte* local_at(LocalId local) const { return frame_ + prepared_->locals[local]; }
  TypeId type_of(Operand operand) const {
    return operand.is_local() ? unit().locals[function_.locals.first + operand.index].type
                              : unit().constants[operand.index].type;
  }
  TypeKind kind(TypeId type) const { return unit().types[type].kind; }
  Layout layout(TypeId type) const { return *interpreter_.layouts_.of(type); }  // verified

  // The bytes of an operand; a constant's are in `room`.
  using Room = std::vector<std::byte>;
  const std::byte* bytes_of(Operand operand, Room& room) const;
  void write_constant(const Constant& constant, ConstantId id, Room& room) const;
  Scalar scalar(Operand operand) const;
  std::byte* address(Operand operand) const {
    return reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(scalar(operand)));
  }
  void set(LocalId dest, const void* from) {
    if (dest != kNone && prepared_->sizes[dest] != 0)
      std::memmove(local_at(dest), from, prepared_->sizes[dest]);
  }
  void set_scalar(LocalId dest, Scalar value) { set(dest, &value); }

  // ---- Memory ----

  void check(const std::byte* at, std::uint64_t size, std::uint64_t alignment, bool is_write) const;

  // ---- Instructions ----

  void execute(std::uint32_t index);
  void binary(const Instruction& instruction, const std::vector<Operand>& operands);
  void allocate(std::uint32_t index, const Instruction& instruction);
  void element(const Instruction& instruction, const std::vector<Operand>& operands);
  void aggregate(const Instruction& instruction, const std::vector<Operand>& operands);
  // Of a value, or of what a pointer points at; with its type.
  std::pair<std::byte*, TypeId> field_of(Operand base, std::uint32_t number, bool is_write,
                                         Room& room) const;

  // ---- Calls ----

  void call(const std::vector<Operand>& operands, LocalId dest);
  void call_indirect(const std::byte* place, TypeId type, const std::vector<Operand>& operands,
                     LocalId dest);
  void call_callee(FunctionId from, std::uint32_t index, TypeId type,
                   const std::vector<Operand>& operands, LocalId dest);
  // What the caller thinks the callee is.
  void check_signature(FunctionId callee, TypeId type, const std::vector<Operand>& operands,
                       LocalId dest) const;
  void intrinsic(const Instruction& instruction, const std::vector<Operand>& operands);
  void memory(Intrinsic which, const Instruction& instruction,
              const std::vector<Operand>& operands);

  // ---- Terminators ----

  // Whether it goes on, in block_.
  bool leave(const Terminator& terminator, void* result);

  Interpreter& interpreter_;
  const FunctionId id_;
  const Function function_;
  const Prepared* prepared_ = nullptr;
  std::byte* frame_ = nullptr;
  BlockId block_ = 0;
  std::vector<const std::byte*> slots_{};
};

}  // namespace smf::mir
