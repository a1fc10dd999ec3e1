// For tests: LIR written down in C++.
//
//   LirBuilder f("sum");
//   const Register a = f.parameter(Bank::kGeneral), b = f.parameter(Bank::kGeneral);
//   f.block();
//   f.give_back(f.binary(Op::kAdd, Width::k64, a, b));
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/codegen/code.h"
#include "runtime/codegen/lir.h"

namespace smf::codegen {

// Where C passes and returns what fits into registers.
struct PassingRegisters {
  std::vector<std::uint8_t> general{};
  std::vector<std::uint8_t> vector{};
  std::vector<std::uint8_t> general_results{};
};

inline PassingRegisters passing_registers(Machine machine = kThisMachine) {
  if (machine == Machine::kX86_64) return {{7, 6, 2, 1, 8, 9}, {0, 1, 2, 3, 4, 5, 6, 7}, {0, 2}};
  return {{0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1}};
}

class LirBuilder {
 public:
  explicit LirBuilder(std::string_view name, Machine machine = kThisMachine)
      : passing_(passing_registers(machine)) {
    function_.name = name;
  }

  Function& function() { return function_; }
  const Function& function() const { return function_; }

  Register general() { return function_.add_register(Bank::kGeneral); }
  Register vector() { return function_.add_register(Bank::kVector); }
  // The next one; before the first block, and while there are registers for them.
  Register parameter(Bank bank) {
    const Register reg = function_.add_register(bank);
    auto& used = used_[static_cast<std::size_t>(bank)];
    const auto& from = bank == Bank::kGeneral ? passing_.general : passing_.vector;
    function_.transfers.push_back({reg, from.at(used++), bank});
    ++function_.parameters.count;
    return reg;
  }

  // What follows is in a new block; its number.
  std::uint32_t block(std::uint32_t depth = 0) {
    function_.blocks.push_back(
        {{static_cast<std::uint32_t>(function_.instructions.size()), 0}, depth});
    return static_cast<std::uint32_t>(function_.blocks.size() - 1);
  }
  Instruction& add(const Instruction& instruction) {
    function_.instructions.push_back(instruction);
    ++function_.blocks.back().instructions.count;
    return function_.instructions.back();
  }

  void set_constant(Register dest, std::int64_t value, Width width = Width::k64) {
    add({.op = Op::kConstant, .width = width, .dest = dest, .imm = value});
  }
  Register constant(std::int64_t value, Width width = Width::k64) {
    const Register dest = general();
    set_constant(dest, value, width);
    return dest;
  }
  Register binary(Op op, Width width, Register a, Register b) {
    const Register dest = function_.add_register(function_.registers[a]);
    add({.op = op, .width = width, .dest = dest, .a = a, .b = b});
    return dest;
  }
  Register immediate(Op op, Width width, Register a, std::int64_t imm) {
    const Register dest = general();
    add({.op = op, .width = width, .dest = dest, .a = a, .imm = imm});
    return dest;
  }
  void move(Register dest, Register a) {
    add({.op = Op::kMove,
         .is_float = function_.registers[a] == Bank::kVector,
         .dest = dest,
         .a = a});
  }
  Register load(Register base, std::int32_t disp, Width width = Width::k64) {
    const Register dest = general();
    add({.op = Op::kLoad, .width = width, .dest = dest, .a = base, .disp = disp});
    return dest;
  }
  Register float_load(Register base, std::int32_t disp, Width width) {
    const Register dest = vector();
    add({.op = Op::kFloatLoad, .width = width, .dest = dest, .a = base, .disp = disp});
    return dest;
  }
  // Of either bank.
  void store(Register base, std::int32_t disp, Register value, Width width = Width::k64) {
    const bool is_vector = function_.registers[value] == Bank::kVector;
    add({.op = is_vector ? Op::kFloatStore : Op::kStore,
         .width = width,
         .a = base,
         .c = value,
         .disp = disp});
  }
  std::uint32_t slot(std::uint32_t size, std::uint32_t alignment) {
    function_.slots.push_back({size, alignment});
    return static_cast<std::uint32_t>(function_.slots.size() - 1);
  }
  std::uint32_t trap(std::string_view message, TrapKind kind = TrapKind::kOperation,
                     std::uint32_t block = 0) {
    function_.traps.push_back({kind, block, function_.name, std::string(message)});
    return static_cast<std::uint32_t>(function_.traps.size() - 1);
  }
  std::uint32_t symbol(std::string_view name, Symbol::Kind kind = Symbol::Kind::kRuntime) {
    function_.symbols.push_back({kind, std::string(name)});
    return static_cast<std::uint32_t>(function_.symbols.size() - 1);
  }

  // With arguments in registers. `call` tells what is called, and what is on the stack.
  void call(Call call, std::span<const Register> arguments, std::span<const Register> results) {
    call.arguments = transfers(arguments, passing_.general, passing_.vector);
    call.results = transfers(results, passing_.general_results, passing_.vector);
    add({.op = Op::kCall, .call = static_cast<std::uint32_t>(function_.calls.size())});
    function_.calls.push_back(call);
  }
  void call_symbol(std::string_view name, std::initializer_list<Register> arguments,
                   std::initializer_list<Register> results) {
    call({.target = Call::Target::kSymbol, .callee = symbol(name)},
         std::span(arguments.begin(), arguments.size()),
         std::span(results.begin(), results.size()));
  }

  void jump(std::uint32_t block) { add({.op = Op::kJump, .target = block}); }
  void branch(Condition condition, Width width, Register a, Register b, std::uint32_t target,
              std::uint32_t other) {
    add({.op = Op::kBranch,
         .width = width,
         .condition = condition,
         .a = a,
         .b = b,
         .target = target,
         .other = other});
  }
  void branch_immediate(Condition condition, Width width, Register a, std::int64_t imm,
                        std::uint32_t target, std::uint32_t other) {
    add({.op = Op::kBranch,
         .width = width,
         .condition = condition,
         .a = a,
         .target = target,
         .other = other,
         .imm = imm});
  }
  void give_back(std::span<const Register> values) {
    const List list = transfers(values, passing_.general_results, passing_.vector);
    add({.op = Op::kReturn, .transfers = list});
  }
  void give_back(std::initializer_list<Register> values = {}) {
    give_back(std::span(values.begin(), values.size()));
  }
  void give_back(Register value) { give_back({value}); }

 private:
  List transfers(std::span<const Register> registers, const std::vector<std::uint8_t>& general,
                 const std::vector<std::uint8_t>& vector) {
    List list{static_cast<std::uint32_t>(function_.transfers.size()), 0};
    std::array<std::size_t, 2> used{};
    for (const Register reg : registers) {
      const Bank bank = function_.registers[reg];
      const auto& from = bank == Bank::kGeneral ? general : vector;
      function_.transfers.push_back({reg, from.at(used[static_cast<std::size_t>(bank)]++), bank});
      ++list.count;
    }
    return list;
  }

  PassingRegisters passing_;
  Function function_{};
  std::array<std::size_t, 2> used_{};
};

}  // namespace smf::codegen
