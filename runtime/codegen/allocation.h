// Which register of the processor, or slot of the frame, each virtual register gets.
//
// A virtual register has one place for all of its life. What is alive while something is called is
// in a register all the same, where that is cheaper than memory: then it is put into its slot
// before the call and taken from there after it, which the encoder does with `Allocation::across`.
// A register that callees preserve is used for what is alive across no call, or cheaper so; the
// function saves it in its prologue. At each call, and where it traps, such registers hold what
// they held when the function was entered, as one frame description for all code demands
// (exec/unwinding.h): the encoder loads them from where they were saved before a call, so a value
// in one is saved and taken back there as in any other.
//
// By priority, not by colouring: the registers with the most uses for their length choose first,
// and each takes a place where no other of the same is alive. Loops count 8 times for each nesting.
// Source: Chow and Hennessy, "The Priority-Based Coloring Approach to Register Allocation", 1990,
// without its splitting.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/codegen/lir.h"

namespace smf::codegen {

class Target;

struct Place {
  enum class Kind : std::uint8_t { kNone, kRegister, kSlot };  // kNone: nobody reads or writes it
  Kind kind = Kind::kNone;
  std::uint8_t physical = 0;     // kRegister
  std::uint32_t slot = kNoSlot;  // kSlot, and kRegister where it has to be saved around calls

  static constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};
};

struct Allocation {
  std::vector<Place> places{};        // of each virtual register
  std::uint32_t spill_slots = 0;      // of 8 bytes each; their numbers are Place::slot
  std::uint32_t saved[2] = {0, 0};    // preserved registers that are used, a mask for each bank
  std::vector<Register> registers{};  // what is alive across calls
  std::vector<List> across{};         // for each of Function::calls, in `registers`
  bool has_calls = false;             // or traps
};

// Reuses its memory; not thread-safe.
class Allocator {
 public:
  Allocator();
  ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // Throws std::bad_alloc.
  void allocate(const Function& function, const Target& target, Allocation& allocation);

 private:
  struct State;
  State* state_;
};

}  // namespace smf::codegen
