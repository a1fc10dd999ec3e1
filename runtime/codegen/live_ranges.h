// When each register of a function is alive, how often it is used, and where it would like to be.
//
// Time is counted in positions, two for each instruction in the order of the blocks: at 2n it
// reads, at 2n + 1 it writes. Parameters are written at 1, and the first instruction has n = 1. A
// register is alive in ranges [from, to) with holes between them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/codegen/lir.h"
#include "runtime/codegen/liveness.h"
#include "runtime/codegen/target.h"

namespace smf::codegen {

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

struct LiveRange {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint32_t next = kNone;  // a later one of the same register
};

// That two registers are best in the same place, or one in a given register of the processor.
struct Hint {
  std::uint32_t next = kNone;  // another of the same register
  Register other = kNoRegister;
  std::uint8_t physical = 0;  // where there is no other
  float weight = 0;
};

inline constexpr std::uint8_t kNoWish = 255;

struct Life {
  std::uint32_t first_range = kNone;
  std::uint32_t end = 0;  // of the last range
  std::uint32_t first_hint = kNone;
  std::uint32_t length = 0;    // positions in which it is alive
  float weight = 0;            // how often it is read and written
  std::uint32_t alive_to = 0;  // while ranges are made: 0 where it is not alive
  // Where what becomes of it has to be in the end, or kNoWish.
  std::uint8_t wish = kNoWish;
  bool is_read = false;
  bool is_written_by_code = false;  // not only by who calls, or a call
};

// Positions at which general registers of the processor are destroyed.
struct Clobber {
  std::uint32_t position = 0;
  RegisterMask registers = 0;
};

struct CallSite {
  std::uint32_t position = 0;
  std::uint32_t call = 0;
  float weight = 0;
};

// Reuses its memory.
class LiveRanges {
 public:
  // Throws std::bad_alloc.
  void compute(const Function& function, const Target& target);

  const std::vector<Life>& lives() const { return lives_; }
  const std::vector<LiveRange>& ranges() const { return ranges_; }
  const std::vector<Hint>& hints() const { return hints_; }
  const std::vector<Clobber>& clobbers() const { return clobbers_; }
  const std::vector<CallSite>& calls() const { return calls_; }  // by position
  // How often registers would like to be in that one of the processor.
  float demand(Bank bank, std::uint8_t physical) const {
    return demand_[static_cast<std::size_t>(bank) * 32 + physical];
  }
  std::uint32_t positions() const { return positions_; }
  bool has_traps() const { return has_traps_; }

 private:
  void block(const Function& function, const Target& target, const Block& block,
             std::uint32_t begin);
  void instruction(const Function& function, const Target& target, const Instruction& i,
                   std::uint32_t position, float weight);
  void hints_of(const Function& function, const Instruction& i, RegisterMask clobbered,
                float weight);
  void entry(const Function& function);
  void add_range(Life& life, std::uint32_t from, std::uint32_t to);
  void use(Register reg, std::uint32_t to, float weight);
  void define(Register reg, std::uint32_t at, float weight);
  void add_pair(const Function& function, Register dest, Register from, float weight);
  void add_fixed(const Function& function, Register reg, std::uint8_t physical, float weight);

  Liveness liveness_{};
  std::vector<Life> lives_{};
  std::vector<LiveRange> ranges_{};
  std::vector<Hint> hints_{};
  std::vector<Clobber> clobbers_{};
  std::vector<CallSite> calls_{};
  std::array<float, 64> demand_{};
  std::uint32_t positions_ = 0;
  bool has_traps_ = false;
};

}  // namespace smf::codegen
