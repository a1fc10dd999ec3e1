#include "runtime/codegen/parallel_move.h"

namespace smf::codegen {
namespace {

constexpr std::uint8_t kNoRow = 255;

std::uint8_t row_of_move(Bank bank, std::uint32_t number) {
  return static_cast<std::uint8_t>(static_cast<std::uint32_t>(bank) * 32 + number);
}

Move between_rows(std::size_t from, std::size_t to) {
  return {to < 32 ? Bank::kGeneral : Bank::kVector,
          {false, static_cast<std::uint32_t>(from % 32)},
          {false, static_cast<std::uint32_t>(to % 32)}};
}

}  // namespace

// Does the move into a register that no move reads any more, and those that it was in the way of.
void ParallelMove::emit_free(std::size_t row) {
  while (source_[row] != kNoRow && reads_[row] == 0) {
    const std::size_t from = source_[row];
    emit(between_rows(from, row));
    source_[row] = kNoRow;
    --reads_[from];
    row = from;
  }
}

std::span<const Move> ParallelMove::in_order(std::uint8_t general_scratch,
                                             std::uint8_t vector_scratch) {
  ordered_.clear();
  reads_.fill(0);
  source_.fill(kNoRow);
  // Into memory first: it makes registers free. Out of memory last, for the same reason.
  for (const Move& move : moves_) {
    if (move.to.is_memory) {
      emit(move);
    } else if (!move.from.is_memory && move.from != move.to) {
      const std::uint8_t from = row_of_move(move.bank, move.from.number);
      source_[row_of_move(move.bank, move.to.number)] = from;
      ++reads_[from];
    }
  }
  for (const Move& move : moves_)
    if (!move.to.is_memory) emit_free(row_of_move(move.bank, move.to.number));
  // What is left are circles.
  for (const Move& move : moves_) {
    if (move.to.is_memory) continue;
    const std::size_t row = row_of_move(move.bank, move.to.number);
    if (source_[row] == kNoRow) continue;
    const std::size_t scratch =
        row_of_move(move.bank, move.bank == Bank::kGeneral ? general_scratch : vector_scratch);
    emit(between_rows(row, scratch));
    std::size_t to = row;
    for (; source_[to] != row; to = source_[to]) emit(between_rows(source_[to], to));
    emit(between_rows(scratch, to));
    for (std::size_t at = row; source_[at] != kNoRow;) {
      const std::size_t next = source_[at];
      source_[at] = kNoRow;
      at = next;
    }
  }
  for (const Move& move : moves_)
    if (!move.to.is_memory && move.from.is_memory) emit(move);
  return ordered_;
}

}  // namespace smf::codegen
