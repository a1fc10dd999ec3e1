#include "runtime/codegen/testing/allocation_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace smf::codegen {
namespace {

using Registers = std::set<Register>;

// Registers alive behind each instruction, by plain iteration over sets.
class AliveBehind {
 public:
  explicit AliveBehind(const Function& function) : function_(function) {
    begin_.resize(function.blocks.size());
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
    Registers alive;
    const Successors next = successors(function_.of(block).back());
    for (std::uint32_t n = 0; n != next.count; ++n)
      alive.insert(begin_[next.blocks[n]].begin(), begin_[next.blocks[n]].end());
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
    for (const Register other : behind)
      if (other != reg && share(reg, other)) wrong("{} is written over {}", reg, other);
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
    for (const Register reg : behind) check_clobbered(reg);
    if (i.dest == kNoRegister) return;
    check_clobbered(i.dest);
    if (!target_.writes_early(i)) return;
    for (const Register operand : {i.b, i.c, i.d})
      if (operand != kNoRegister && operand != i.dest && share(i.dest, operand))
        wrong("{} is written before {} is read", i.dest, operand);
  }

  void call(const Instruction& i, const Registers& behind) {
    if (!allocation_.has_calls) wrong("there is a call");
    Registers expected;
    for (const Register reg : behind)
      if (place(reg).kind == Place::Kind::kRegister) expected.insert(reg);
    for_each_definition(function_, i, [&](Register reg) {
      expected.erase(reg);
      for_each_definition(function_, i, [&](Register other) {
        if (reg != other && place(reg).kind != Place::Kind::kNone && share(reg, other))
          wrong("results {} and {} are in one place", reg, other);
      });
    });
    const List list = allocation_.across[i.call];
    Registers actual;
    for (std::uint32_t n = 0; n != list.count; ++n)
      actual.insert(allocation_.registers[list.first + n]);
    if (actual != expected || actual.size() != list.count)
      wrong("across the call is something else");
    for (const Register reg : actual)
      if (place(reg).slot >= allocation_.spill_slots) wrong("{} cannot be saved", reg);
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
