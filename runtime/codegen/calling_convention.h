// How values travel between functions, as C has it: System V for x86-64 (version 1.0, 3.2.3), and
// AAPCS64 (2024Q3, 6.4 to 6.9) for AArch64.
//
// A value is passed in pieces: each is in a register or in 8-byte units on the stack, or all of it
// is in memory somewhere and its address is passed. What this computes is only where; who lowers a
// call copies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/base/check.h"
#include "runtime/base/error.h"
#include "runtime/codegen/code.h"
#include "runtime/codegen/lir.h"
#include "runtime/mir/layout.h"
#include "runtime/mir/program.h"

namespace smf::codegen {

// Bytes `offset` to `offset + size` of a value, in one register. An integer narrower than 32 bits
// that is a whole argument is extended to 32 bits as its type is signed: callees of some compilers
// rely on it.
struct Piece {
  Bank bank = Bank::kGeneral;
  std::uint8_t physical = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;  // 1 to 8
};

// No value is in more than four registers: each has its own room for them.
class Pieces {
 public:
  void push_back(const Piece& piece) {
    SMF_CHECK(count_ != pieces_.size());
    pieces_[count_++] = piece;
  }
  void clear() { count_ = 0; }
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  const Piece& operator[](std::size_t i) const { return pieces_[i]; }
  Piece* begin() { return pieces_.data(); }
  Piece* end() { return pieces_.data() + count_; }
  const Piece* begin() const { return pieces_.data(); }
  const Piece* end() const { return pieces_.data() + count_; }
  const Piece* data() const { return pieces_.data(); }

 private:
  std::array<Piece, 4> pieces_{};
  std::size_t count_ = 0;
};

struct PassedValue {
  enum class Kind : std::uint8_t {
    kNothing,    // it has no size
    kPieces,     // in registers
    kStack,      // all of it at `stack_offset` of the arguments on the stack
    kReference,  // AArch64: a copy of the caller's, whose address is passed as kPieces (one, of 8
                 // bytes) or, where no register is left (pieces is empty), at `stack_offset`
  };
  Kind kind = Kind::kNothing;
  mir::TypeId type = 0;
  mir::Layout layout{};
  Pieces pieces{};
  std::uint32_t stack_offset = 0;
};

struct Convention {
  std::vector<PassedValue> parameters{};
  // kReference: in memory whose address the caller passes, in `result_address`; on x86-64 the
  // callee returns that address in rax too.
  PassedValue result{};
  std::uint8_t result_address = 0;
  std::uint8_t returned_address = 0;  // x86-64
  bool returns_address = false;       // x86-64, of kReference
  std::uint32_t stack_bytes = 0;      // of all arguments on the stack, a multiple of 16
  std::uint8_t vector_arguments = 0;
  bool is_variadic = false;
};

// Of a kFuncPtr; of a call with more arguments than it has, their types as well. Errors as those of
// Layouts.
Result<Convention> convention_of(Machine machine, mir::Program& program, mir::Layouts& layouts,
                                 mir::TypeId signature, std::span<const mir::TypeId> further = {});

}  // namespace smf::codegen
