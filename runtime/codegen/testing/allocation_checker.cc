#include "runtime/codegen/testing/allocation_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace smf::codegen {
namespace {

// A set.
class Registers {
 public:
  explicit Registers(std::size_t count = 0) : words_((count + 63) / 64) {}
  bool contains(Register reg) const { return (words_[reg / 64] >> reg % 64 & 1) != 0; }
  void insert(Register reg) { words_[reg / 64] |= bit(reg); }
  void erase(Register reg) { words_[reg / 64] &= ~bit(reg); }
  void insert_all(const Registers& other) {
    for (std::size_t n = 0; n != words_.size(); ++n) words_[n] |= other.words_[n];
  }
  template <typename Each>
  void for_each(Each&& each) const {
    for (std::size_t n = 0; n != words_.size(); ++n)
      for (std::uint64_t word = words_[n]; word != 0; word &= word - 1)
        each(static_cast<Register>(64 * n + static_cast<std::size_t>(std::countr_zero(word))));
  }
  friend bool operator==(const Registers&, const Registers&) = default;

 private:
  static std::uint64_t bit(Register reg) { return std::uint64_t{1} << reg % 64; }
  std::vector<std::uint64_t> words_;
};

// Registers alive behind each instruction, by plain iteration over sets.
class AliveBehind {
 public:
  explicit AliveBehind(const Function& function) : function_(function) {
    begin_.resize(function.blocks.size(), Registers(function.registers.size()));
    while (sweep()) {
    }
  }
  const Registers& at_begin(std::size_t block) const { return begin_[block]; }
  std::vector<Registers> of(const Block& block) const {
    const auto instructions = function_.of(block);
    std::vector<Registers> result(instructions.size());
    Registers alive = at_end(block);
    for (std::size_t n = instructions.size(); n-- != 0;) {
      result[n] = alive;
      before(instructions[n], alive);
    }
    return result;
  }

 private:
  Registers at_end(const Block& block) const {
    Registers alive(function_.registers.size());
    const Successors next = successors(function_.of(block).back());
    for (std::uint32_t n = 0; n != next.count; ++n) alive.insert_all(begin_[next.blocks[n]]);
    return alive;
  }
  void before(const Instruction& i, Registers& alive) const {
    if (i.op == Op::kNop) return;
    for_each_definition(function_, i, [&](Register reg) { alive.erase(reg); });
    for_each_use(function_, i, [&](Register reg) { alive.insert(reg); });
  }
  bool sweep() {
    bool changed = false;
    for (std::size_t b = begin_.size(); b-- != 0;) {
      Registers alive = at_end(function_.blocks[b]);
      const auto instructions = function_.of(function_.blocks[b]);
      for (std::size_t n = instructions.size(); n-- != 0;) before(instructions[n], alive);
      changed = changed || alive != begin_[b];
      begin_[b] = std::move(alive);
    }
    return changed;
  }

  const Function& function_;
  std::vector<Registers> begin_{};
};

class Check {
 public:
  Check(const Function& function, const Target& target, const Allocation& allocation)
      : function_(function), target_(target), allocation_(allocation) {}

  std::string run() {
    const AliveBehind alive(function_);
    for (std::size_t b = 0; b != function_.blocks.size(); ++b) {
      const Block& block = function_.blocks[b];
      const auto behind = alive.of(block);
      for (std::size_t n = 0; n != behind.size(); ++n) {
        where_ = fmt::format("block {} instruction {}", b, n);
        instruction(function_.of(block)[n], behind[n]);
      }
    }
    where_ = "entry";
    if (!function_.blocks.empty()) entry(alive.at_begin(0));
    for (const Bank bank : {Bank::kGeneral, Bank::kVector}) saved(bank);
    return error_;
  }

 private:
  template <typename... Args>
  void wrong(fmt::format_string<Args...> format, Args&&... args) {
    if (error_.empty()) error_ = where_ + ": " + fmt::format(format, std::forward<Args>(args)...);
  }
  const Place& place(Register reg) const { return allocation_.places[reg]; }

  bool share(Register one, Register other) const {
    const Place& left = place(one);
    const Place& right = place(other);
    if (left.slot != Place::kNoSlot && left.slot == right.slot) return true;
    return left.kind == Place::Kind::kRegister && right.kind == Place::Kind::kRegister &&
           left.physical == right.physical &&
           function_.registers[one] == function_.registers[other];
  }

  void has_place(Register reg) {
    const Place& at = place(reg);
    if (at.kind == Place::Kind::kNone) wrong("register {} has no place", reg);
    if (at.kind == Place::Kind::kSlot && at.slot >= allocation_.spill_slots)
      wrong("register {} is in slot {}", reg, at.slot);
    if (at.kind == Place::Kind::kRegister &&
        !std::ranges::count(target_.allocatable(function_.registers[reg]), at.physical))
      wrong("register {} is in {}", reg, at.physical);
  }

  void written(Register reg, const Registers& behind) {
    if (place(reg).kind == Place::Kind::kNone) {
      if (behind.contains(reg)) wrong("register {} has no place", reg);
      return;
    }
    has_place(reg);
    behind.for_each([&](Register other) {
      if (other != reg && share(reg, other)) wrong("{} is written over {}", reg, other);
    });
  }

  void instruction(const Instruction& i, const Registers& behind) {
    if (i.op == Op::kNop) return;
    for_each_use(function_, i, [&](Register reg) { has_place(reg); });
    for_each_definition(function_, i, [&](Register reg) { written(reg, behind); });
    if (i.op == Op::kCall) return call(i, behind);
    const RegisterMask clobbered = target_.clobbered(i);
    const auto check_clobbered = [&](Register reg) {
      if (function_.registers[reg] == Bank::kGeneral && place(reg).kind == Place::Kind::kRegister &&
          (clobbered >> place(reg).physical & 1) != 0)
        wrong("{} is destroyed", reg);
    };
    if (clobbered != 0) behind.for_each(check_clobbered);
    if (i.dest == kNoRegister) return;
    check_clobbered(i.dest);
    if (!target_.writes_early(i)) return;
    for (const Register operand : {i.b, i.c, i.d})
      if (operand != kNoRegister && operand != i.dest && share(i.dest, operand))
        wrong("{} is written before {} is read", i.dest, operand);
  }

  void call(const Instruction& i, const Registers& behind) {
    if (!allocation_.has_calls) wrong("there is a call");
    Registers expected(function_.registers.size());
    behind.for_each([&](Register reg) {
      if (place(reg).kind == Place::Kind::kRegister) expected.insert(reg);
    });
    for_each_definition(function_, i, [&](Register reg) {
      expected.erase(reg);
      for_each_definition(function_, i, [&](Register other) {
        if (reg != other && place(reg).kind != Place::Kind::kNone && share(reg, other))
          wrong("results {} and {} are in one place", reg, other);
      });
    });
    const List list = allocation_.across[i.call];
    Registers actual(function_.registers.size());
    for (std::uint32_t n = 0; n != list.count; ++n) {
      const Register reg = allocation_.registers[list.first + n];
      if (actual.contains(reg)) wrong("{} is across the call twice", reg);
      if (place(reg).slot >= allocation_.spill_slots) wrong("{} cannot be saved", reg);
      actual.insert(reg);
    }
    if (actual != expected) wrong("across the call is something else");
  }

  void entry(const Registers& alive) {
    for (const Transfer& parameter : function_.of(function_.parameters)) {
      written(parameter.reg, alive);
      for (const Transfer& other : function_.of(function_.parameters))
        if (parameter.reg != other.reg && place(parameter.reg).kind != Place::Kind::kNone &&
            share(parameter.reg, other.reg))
          wrong("parameters {} and {} are in one place", parameter.reg, other.reg);
    }
  }

  void saved(Bank bank) {
    RegisterMask used = 0;
    for (Register reg = 0; reg != function_.registers.size(); ++reg)
      if (function_.registers[reg] == bank && place(reg).kind == Place::Kind::kRegister)
        used |= RegisterMask{1} << place(reg).physical;
    if ((used & target_.preserved(bank)) != allocation_.saved[static_cast<std::size_t>(bank)])
      wrong("other preserved registers are used than are saved");
  }

  const Function& function_;
  const Target& target_;
  const Allocation& allocation_;
  std::string where_{};
  std::string error_{};
};

}  // namespace

std::string check_allocation(const Function& function, const Target& target,
                             const Allocation& allocation) {
  return Check(function, target, allocation).run();
}

}  // namespace smf::codegen
