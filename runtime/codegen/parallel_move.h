// Values that change places all at once, as at a call: in which order.
//
//   rdi <- rsi, rsi <- rdi, rdx <- rdi     becomes     rdx <- rdi, scratch <- rdi, rdi <- rsi,
//                                                      rsi <- scratch
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/codegen/lir.h"

namespace smf::codegen {

struct MoveEnd {
  bool is_memory = false;
  std::uint32_t number =
      0;  // of the processor's register, up to 31; of memory, what the caller likes

  friend bool operator==(const MoveEnd&, const MoveEnd&) = default;
};

struct Move {
  Bank bank = Bank::kGeneral;
  MoveEnd from{};
  MoveEnd to{};

  friend bool operator==(const Move&, const Move&) = default;
};

// Reuses its memory.
class ParallelMove {
 public:
  void clear() { moves_.clear(); }
  // Each register is a destination once at most. No move is from memory to memory, and none reads
  // memory that another writes.
  void add(const Move& move) { moves_.push_back(move); }
  bool empty() const { return moves_.empty(); }
  // The moves one after the other, without those to where the value is. `scratch`: a register of
  // each bank that is in no move.
  std::span<const Move> in_order(std::uint8_t general_scratch, std::uint8_t vector_scratch);

 private:
  void emit(const Move& move) { ordered_.push_back(move); }
  void emit_free(std::size_t row);

  static constexpr std::size_t kRows = 64;  // both banks
  std::vector<Move> moves_{};
  std::vector<Move> ordered_{};
  std::array<std::uint8_t, kRows> reads_{};   // moves to come that read the register
  std::array<std::uint8_t, kRows> source_{};  // of the move to come into it, a row; or kNoRow
};

}  // namespace smf::codegen
