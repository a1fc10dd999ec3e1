#include "runtime/codegen/allocation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

#include "runtime/codegen/live_ranges.h"
#include "runtime/codegen/occupation.h"
#include "runtime/codegen/target.h"

namespace smf::codegen {
namespace {

// In front of a call and behind it.
constexpr float kAcrossCost = 2;
// Decides between places that save as many moves.
constexpr float kWishWeight = 1.0f / 8;

constexpr std::size_t row_of(Bank bank, std::uint8_t physical) {
  return static_cast<std::size_t>(bank) * 32 + physical;
}

}  // namespace

struct Allocator::State {
  void allocate(const Function& function, const Target& target, Allocation& allocation);

 private:
  // What a bank's registers are to the allocator.
  struct BankRegisters {
    // What is asked for by certain ones comes last for all others.
    std::array<std::uint8_t, 32> order{};
    std::size_t count = 0;
    RegisterMask allocatable = 0;
    RegisterMask preserved = 0;
  };

  // By its priority, and then by its number: one integer is compared faster than two values.
  struct Candidate {
    Candidate(float priority, Register reg)
        : key(std::uint64_t{std::bit_cast<std::uint32_t>(priority)} << 32 | ~reg) {}
    Register reg() const { return ~static_cast<Register>(key); }

    std::uint64_t key;  // bits of positive floats are in the order of the floats
  };

  struct SlotUser {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    Register reg = 0;
  };

  struct SlotInUse {
    std::uint32_t to = 0;
    std::uint32_t slot = 0;
  };

  void prepare(const Function& function, const Target& target);
  void order_candidates(const Function& function, Allocation& allocation);
  void place(const Function& function, Register reg, Allocation& allocation);
  void score_hints(const Function& function, Register reg, const Allocation& allocation);
  std::uint8_t best_register(const BankRegisters& bank, Bank which, RegisterMask among) const;
  // Calls that the register is alive across, as indexes [first, last) of ranges_.calls().
  template <typename Each>
  void for_each_crossed(const Life& life, Each&& each) const;
  float across_cost(const Life& life) const;
  void give_slots(Allocation& allocation);
  void list_across(const Function& function, Allocation& allocation);

  static constexpr std::uint8_t kNoPhysical = 255;

  LiveRanges ranges_{};
  Occupation taken_{};
  Occupation::Wanted wanted_{};  // by the register that is placed
  std::array<BankRegisters, 2> banks_{};
  std::array<float, 64> scores_{};      // by row; 0 but while a register is placed
  float top_score_ = 0;                 // the highest of them
  std::vector<float> weight_before_{};  // of calls: the sum of those in front of each
  std::vector<Candidate> candidates_{};
  std::vector<SlotUser> slot_users_{};
  std::vector<SlotInUse> slots_in_use_{};  // a heap: the one that is free first is in front
  std::vector<std::uint32_t> free_slots_{};
};

void Allocator::State::prepare(const Function& function, const Target& target) {
  for (const Bank bank : {Bank::kGeneral, Bank::kVector}) {
    if (std::ranges::find(function.registers, bank) == function.registers.end()) continue;
    BankRegisters& registers = banks_[static_cast<std::size_t>(bank)];
    registers.preserved = target.preserved(bank);
    registers.allocatable = 0;
    registers.count = 0;
    for (const std::uint8_t physical : target.allocatable(bank)) {
      registers.allocatable |= RegisterMask{1} << physical;
      const auto is_before = [&](std::uint8_t other) {
        return ranges_.demand(bank, other) <= ranges_.demand(bank, physical);
      };
      std::size_t at = registers.count++;
      for (; at != 0 && !is_before(registers.order[at - 1]); --at)
        registers.order[at] = registers.order[at - 1];
      registers.order[at] = physical;
    }
  }
  taken_.clear(ranges_.positions() + 2, 64);
  for (const Clobber& clobber : ranges_.clobbers())
    for (RegisterMask mask = clobber.registers & banks_[0].allocatable; mask != 0; mask &= mask - 1)
      taken_.take(row_of(Bank::kGeneral, static_cast<std::uint8_t>(std::countr_zero(mask))),
                  clobber.position);
  weight_before_.clear();
  float sum = 0;
  for (const CallSite& call : ranges_.calls()) {
    weight_before_.push_back(sum);
    sum += call.weight;
  }
  weight_before_.push_back(sum);
}

template <typename Each>
void Allocator::State::for_each_crossed(const Life& life, Each&& each) const {
  const auto& calls = ranges_.calls();
  if (calls.empty()) return;
  const auto first_from = [&](std::uint32_t position) {
    return static_cast<std::size_t>(
        std::ranges::lower_bound(calls, position, {}, &CallSite::position) - calls.begin());
  };
  for (std::uint32_t r = life.first_range; r != kNone; r = ranges_.ranges()[r].next) {
    const LiveRange& range = ranges_.ranges()[r];
    // Alive where the call reads and where it writes.
    if (range.to < range.from + 2) continue;
    const std::size_t first = first_from(range.from);
    const std::size_t last = first_from(range.to - 1);
    if (first < last) each(first, last);
  }
}

float Allocator::State::across_cost(const Life& life) const {
  float cost = 0;
  for_each_crossed(life, [&](std::size_t first, std::size_t last) {
    cost += kAcrossCost * (weight_before_[last] - weight_before_[first]);
  });
  return cost;
}

void Allocator::State::order_candidates(const Function& function, Allocation& allocation) {
  candidates_.clear();
  slot_users_.clear();
  for (Register reg = 0; reg != function.registers.size(); ++reg) {
    const Life& life = ranges_.lives()[reg];
    if (life.first_range == kNone || (!life.is_read && !life.is_written_by_code)) continue;
    const float gain = life.weight - across_cost(life);
    if (gain <= 0) {
      allocation.places[reg].kind = Place::Kind::kSlot;
      slot_users_.push_back({0, 0, reg});
    } else {
      candidates_.emplace_back(gain / static_cast<float>(life.length), reg);
    }
  }
  std::ranges::sort(candidates_, std::ranges::greater{}, &Candidate::key);
}

// Where the registers are that it is moved from and to. For one that has no place yet, where that
// one would like to be.
void Allocator::State::score_hints(const Function& function, Register reg,
                                   const Allocation& allocation) {
  const Bank bank = function.registers[reg];
  const auto& hints = ranges_.hints();
  top_score_ = 0;
  const auto add = [&](std::uint8_t physical, float weight) {
    float& score = scores_[row_of(bank, physical)];
    score += weight;
    top_score_ = std::max(top_score_, score);
  };
  for (std::uint32_t h = ranges_.lives()[reg].first_hint; h != kNone; h = hints[h].next) {
    const Hint& hint = hints[h];
    if (hint.other == kNoRegister) {
      add(hint.physical, hint.weight);
      continue;
    }
    const Place& other = allocation.places[hint.other];
    const std::uint8_t wish = ranges_.lives()[hint.other].wish;
    if (other.kind == Place::Kind::kRegister)
      add(other.physical, hint.weight);
    else if (other.kind == Place::Kind::kNone && wish != kNoWish)
      add(wish, hint.weight / 2);
  }
  const std::uint8_t wish = ranges_.lives()[reg].wish;
  if (wish != kNoWish) add(wish, kWishWeight);
}

// Where wanted_ is free.
std::uint8_t Allocator::State::best_register(const BankRegisters& bank, Bank which,
                                             RegisterMask among) const {
  float best_score = -1;
  std::uint8_t best = kNoPhysical;
  for (const std::uint8_t physical : std::span(bank.order).first(bank.count)) {
    const float score = scores_[row_of(which, physical)];
    if ((among >> physical & 1) == 0 || score <= best_score) continue;
    if (!taken_.is_free(row_of(which, physical), wanted_)) continue;
    best = physical;
    best_score = score;
    if (score >= top_score_) break;
  }
  return best;
}

void Allocator::State::place(const Function& function, Register reg, Allocation& allocation) {
  const Bank which = function.registers[reg];
  const auto bank_index = static_cast<std::size_t>(which);
  const BankRegisters& bank = banks_[bank_index];
  const Life& life = ranges_.lives()[reg];
  wanted_.clear();
  for (std::uint32_t r = life.first_range; r != kNone; r = ranges_.ranges()[r].next)
    wanted_.add(ranges_.ranges()[r].from, ranges_.ranges()[r].to);
  score_hints(function, reg, allocation);
  std::uint32_t& saved = allocation.saved[bank_index];
  // What costs nothing more first; then a preserved register, if it is worth to save it.
  std::uint8_t best = best_register(bank, which, bank.allocatable & (~bank.preserved | saved));
  const float gain = life.weight - across_cost(life);
  if (best == kNoPhysical && gain > 2 + weight_before_.back())
    best = best_register(bank, which, bank.allocatable & bank.preserved & ~saved);
  std::fill_n(scores_.begin() + static_cast<std::ptrdiff_t>(bank_index * 32), 32, 0.0f);
  Place& place = allocation.places[reg];
  if (best == kNoPhysical) {
    place.kind = Place::Kind::kSlot;
    slot_users_.push_back({0, 0, reg});
    return;
  }
  place.kind = Place::Kind::kRegister;
  place.physical = best;
  if ((bank.preserved >> best & 1) != 0) saved |= std::uint32_t{1} << best;
  taken_.take(row_of(which, best), wanted_);
  bool crosses = false;
  for_each_crossed(life, [&](std::size_t, std::size_t) { crosses = true; });
  if (crosses) slot_users_.push_back({0, 0, reg});
}

// One after the other as they begin to live; holes are not looked at.
void Allocator::State::give_slots(Allocation& allocation) {
  for (SlotUser& user : slot_users_) {
    const Life& life = ranges_.lives()[user.reg];
    user.from = ranges_.ranges()[life.first_range].from;
    user.to = life.end;
  }
  std::ranges::sort(slot_users_, [](const SlotUser& left, const SlotUser& right) {
    if (left.from != right.from) return left.from < right.from;
    return left.reg < right.reg;
  });
  slots_in_use_.clear();
  free_slots_.clear();
  const auto is_later = [](const SlotInUse& left, const SlotInUse& right) {
    return left.to > right.to;
  };
  for (const SlotUser& user : slot_users_) {
    while (!slots_in_use_.empty() && slots_in_use_.front().to <= user.from) {
      std::ranges::pop_heap(slots_in_use_, is_later);
      free_slots_.push_back(slots_in_use_.back().slot);
      slots_in_use_.pop_back();
    }
    std::uint32_t slot = allocation.spill_slots;
    if (free_slots_.empty()) {
      ++allocation.spill_slots;
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
    }
    allocation.places[user.reg].slot = slot;
    slots_in_use_.push_back({user.to, slot});
    std::ranges::push_heap(slots_in_use_, is_later);
  }
}

void Allocator::State::list_across(const Function& function, Allocation& allocation) {
  allocation.across.assign(function.calls.size(), List{});
  allocation.registers.clear();
  const auto& calls = ranges_.calls();
  if (calls.empty()) return;
  const auto for_each_pair = [&](auto&& each) {
    for (const SlotUser& user : slot_users_) {
      if (allocation.places[user.reg].kind != Place::Kind::kRegister) continue;
      for_each_crossed(ranges_.lives()[user.reg], [&](std::size_t first, std::size_t last) {
        for (std::size_t n = first; n != last; ++n)
          each(allocation.across[calls[n].call], user.reg);
      });
    }
  };
  std::uint32_t count = 0;
  for_each_pair([&](List& list, Register) {
    ++list.count;
    ++count;
  });
  allocation.registers.resize(count);
  std::uint32_t first = 0;
  for (List& list : allocation.across) {
    list.first = first;
    first += list.count;
    list.count = 0;
  }
  for_each_pair(
      [&](List& list, Register reg) { allocation.registers[list.first + list.count++] = reg; });
}

void Allocator::State::allocate(const Function& function, const Target& target,
                                Allocation& allocation) {
  ranges_.compute(function, target);
  prepare(function, target);
  allocation.places.assign(function.registers.size(), Place{});
  allocation.spill_slots = 0;
  allocation.saved[0] = allocation.saved[1] = 0;
  allocation.has_calls = !ranges_.calls().empty() || ranges_.has_traps();
  order_candidates(function, allocation);
  for (const Candidate& candidate : candidates_) place(function, candidate.reg(), allocation);
  give_slots(allocation);
  list_across(function, allocation);
}

Allocator::Allocator() : state_(new State) {}
Allocator::~Allocator() { delete state_; }

void Allocator::allocate(const Function& function, const Target& target, Allocation& allocation) {
  state_->allocate(function, target, allocation);
}

}  // namespace smf::codegen
