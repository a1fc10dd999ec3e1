// What pays for itself between lowering and allocation, in a few walks over a function.
//
//   * constants and copies are put where they are used, and operations on constants done;
//   * what computes an address becomes part of the load or store, a comparison part of the branch;
//   * what nobody reads goes;
//   * blocks are put in an order in which loops are together; a loop's test moves to its end;
//     jumps to jumps and what cannot be reached go.
//
// There is no SSA form. A register with one definition is as good as one in it: the definition
// comes before each use on every path, so does that of what it was computed from. Of a register
// with several, something is known only up to the end of a block, and of the blocks that only this
// one leads to, while neither it nor what it was computed from changes: each definition gets a
// number.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/codegen/lir.h"

namespace smf::codegen {

// Reuses its memory; not thread-safe. All functions throw std::bad_alloc.
class Optimiser {
 public:
  // What an encoder relies on, also where nothing is optimised: every block can be reached, and
  // their depths are known.
  void order_blocks(Function& function);
  void optimise(Function& function);

 private:
  enum class Known : std::uint8_t { kNothing, kConstant, kCopy, kAddress, kCompare };
  // What a register holds: of an Instruction what matters to those that may do without it, which is
  // less than half of it, and there is one for each register.
  struct Fact {
    Known known = Known::kNothing;
    Op op = Op::kNop;
    Width width = Width::k64;
    Condition condition = Condition::kEqual;
    Base base = Base::kRegister;
    std::uint8_t shift = 0;
    std::uint32_t run = 0;      // of blocks
    std::uint32_t version = 0;  // of the register itself, of a and of b, when it was learnt
    std::uint32_t a_version = 0;
    std::uint32_t b_version = 0;
    Register a = kNoRegister;
    Register b = kNoRegister;
    std::uint32_t place = 0;  // kAddress: of a slot, or in the pool
    std::int64_t value = 0;   // imm, or disp
  };

  void find_runs(const Function& function);
  void split_registers(Function& function);
  void rename_split(Function& function, const std::vector<std::uint32_t>& defined);
  void propagate(Function& function);
  void rewrite(Function& function, Instruction& one);
  void rewrite_memory(Function& function, Instruction& one);
  void rewrite_condition(Instruction& one);
  void fold(Instruction& one);
  bool fold_constants(Instruction& one);
  void learn(const Instruction& one);
  void define(Register reg);
  // nullptr unless that is what is known of it.
  const Fact* fact(Register reg, Known known) const {
    return reg == kNoRegister || facts_[reg].known != known ? nullptr : current_fact(reg);
  }
  const Fact* current_fact(Register reg) const;
  bool is_current(Register reg, std::uint32_t version, std::uint32_t run) const;
  Register source_of(Register reg) const;
  bool constant_of(Register reg, std::int64_t& value) const;
  void remove_dead(Function& function);
  void join_moves(Function& function);
  void hoist_invariants(Function& function);
  void put_in_front(Function& function, std::uint32_t header, std::uint32_t blocks);
  void thread_jumps(Function& function);
  void find_first_order(Function& function);
  void find_order(Function& function, bool is_by_depth);
  void find_depths(const Function& function);
  bool has_depth_behind(const Function& function) const;
  // Of blocks that are in order_: who leads to whom.
  void find_predecessors(const Function& function);
  // Sets members_ of the loop that begins at `header` to header + 1; false where none begins.
  bool find_members(std::uint32_t header);
  void rotate_loop(const Function& function, std::uint32_t header);
  bool is_in_order(const Function& function) const;
  void rebuild(Function& function, bool is_final);

  std::vector<Fact> facts_{};
  std::vector<std::uint32_t> versions_{};
  std::vector<std::uint32_t> definitions_{};
  std::vector<std::uint32_t> uses_{};
  std::vector<Register> moves_{};      // what is moved from, each time
  std::vector<std::uint32_t> runs_{};  // of each block
  std::uint32_t run_ = 0;

  std::vector<std::uint32_t> order_{};     // blocks, as they are laid out
  std::vector<std::uint32_t> position_{};  // of each block in it, or kNowhere
  std::vector<std::uint32_t> depths_{};    // of each block
  std::vector<std::uint32_t> predecessors_{};
  std::vector<std::uint32_t> first_from_{};  // in from_, of each block
  std::vector<std::uint32_t> from_{};
  std::vector<std::uint32_t> filled_{};
  std::vector<std::uint32_t> members_{};
  bool has_loops_ = false;             // perhaps no longer, where a branch was decided
  bool is_changed_ = false;            // a block leads elsewhere since their order was found
  bool is_entered_elsewhere_ = false;  // the loop that find_members() found, not by its beginning
  std::vector<std::uint32_t> positions_{};
  std::vector<std::uint32_t> changes_{};  // of each register: the last loop that defines it
  std::vector<Instruction> hoisted_{};
  std::vector<std::uint32_t> work_{};
  std::vector<Instruction> rebuilt_{};
  std::vector<Block> rebuilt_blocks_{};
};

}  // namespace smf::codegen
