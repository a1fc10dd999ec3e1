// For tests: LIR whose registers are in places chosen at random, not by the allocator. So encoders
// meet operands in slots, in the registers that an instruction destroys, and where the result is.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "runtime/codegen/allocation.h"
#include "runtime/codegen/target.h"
#include "runtime/exec/code_memory.h"
#include "runtime/exec/tiny_code.h"

namespace smf::codegen {

// One instruction between loads of what it reads and a store of what it makes:
//   void (std::uint64_t* values): values[0] to [3] are a, b, c and d, values[4] the result.
// An operand that is kNoRegister in `instruction` stays it, all others are given registers.
struct PlacedInstruction {
  Function function{};
  Allocation allocation{};
};

class Placer {
 public:
  Placer(const Target& target, std::uint32_t seed) : target_(target), random_(seed) {}

  PlacedInstruction place(const Instruction& instruction, Bank a, Bank b, Bank c, Bank d,
                          Bank dest) {
    PlacedInstruction placed;
    Function& function = placed.function;
    function.name = "placed";
    const Register values = function.add_register(Bank::kGeneral);
    function.transfers.push_back(
        {values, static_cast<std::uint8_t>(kThisMachine == Machine::kX86_64 ? 7 : 0),
         Bank::kGeneral});
    function.parameters = {0, 1};
    Instruction one = instruction;
    Register* const operands[4] = {&one.a, &one.b, &one.c, &one.d};
    const Bank banks[4] = {a, b, c, d};
    std::vector<Instruction> all;
    for (unsigned n = 0; n != 4; ++n) {
      if (*operands[n] == kNoRegister) continue;
      *operands[n] = function.add_register(banks[n]);
      all.push_back({.op = banks[n] == Bank::kVector ? Op::kFloatLoad : Op::kLoad,
                     .dest = *operands[n],
                     .a = values,
                     .disp = static_cast<std::int32_t>(8 * n)});
    }
    if (dest_of(instruction)) one.dest = function.add_register(dest);
    all.push_back(one);
    if (one.dest != kNoRegister) {
      all.push_back({.op = dest == Bank::kVector ? Op::kFloatStore : Op::kStore,
                     .a = values,
                     .c = one.dest,
                     .disp = 32});
    }
    all.push_back({.op = Op::kReturn});
    function.instructions = all;
    function.blocks = {{{0, static_cast<std::uint32_t>(all.size())}, 0}};
    choose(one, values, placed);
    return placed;
  }

 private:
  static bool dest_of(const Instruction& i) {
    return i.op != Op::kStore && i.op != Op::kFloatStore && i.op != Op::kCopyBytes &&
           i.op != Op::kZeroBytes && i.op != Op::kTrapIf && i.op != Op::kTrapIfFloat;
  }

  void choose(const Instruction& one, Register values, PlacedInstruction& placed) {
    const Function& function = placed.function;
    Allocation& allocation = placed.allocation;
    allocation.places.assign(function.registers.size(), Place{});
    allocation.has_calls = true;
    RegisterMask taken[2] = {target_.clobbered(one), 0};
    put(values, Bank::kGeneral, taken, allocation);
    taken[0] |= target_.clobbered(one);
    RegisterMask for_dest[2] = {taken[0], taken[1]};
    taken[0] &= ~target_.clobbered(one);
    const Register operands[4] = {one.a, one.b, one.c, one.d};
    for (unsigned n = 0; n != 4; ++n) {
      if (operands[n] == kNoRegister || operands[n] >= function.registers.size()) continue;
      const Bank bank = function.registers[operands[n]];
      put(operands[n], bank, taken, allocation);
      const Place& place = allocation.places[operands[n]];
      const bool is_memory = one.op >= Op::kLoad && one.op <= Op::kZeroBytes;
      if (place.kind == Place::Kind::kRegister && (n != 0 || is_memory) &&
          target_.writes_early(one))
        for_dest[static_cast<std::size_t>(bank)] |= RegisterMask{1} << place.physical;
    }
    if (one.dest == kNoRegister) return;
    // Often where an operand is.
    const Register twin = operands[random_() % 4];
    if (random_() % 2 == 0 && twin != kNoRegister && twin < function.registers.size() &&
        function.registers[twin] == function.registers[one.dest]) {
      const Place& place = allocation.places[twin];
      const auto bank = static_cast<std::size_t>(function.registers[twin]);
      if (place.kind == Place::Kind::kRegister && (for_dest[bank] >> place.physical & 1) == 0) {
        allocation.places[one.dest] = place;
        return;
      }
    }
    put(one.dest, function.registers[one.dest], for_dest, allocation);
  }

  void put(Register reg, Bank bank, RegisterMask (&taken)[2], Allocation& allocation) {
    Place& place = allocation.places[reg];
    if (random_() % 4 == 0) {
      place = {Place::Kind::kSlot, 0, allocation.spill_slots++};
      return;
    }
    const auto all = target_.allocatable(bank);
    const auto n = static_cast<std::size_t>(bank);
    std::uint8_t physical = all[0];
    do physical = all[random_() % all.size()];
    while ((taken[n] >> physical & 1) != 0);
    taken[n] |= RegisterMask{1} << physical;
    place = {Place::Kind::kRegister, physical, Place::kNoSlot};
    if ((target_.preserved(bank) >> physical & 1) != 0)
      allocation.saved[n] |= RegisterMask{1} << physical;
  }

  const Target& target_;
  std::mt19937 random_;
};

// Functions in code memory, as long as it lives. Relocations by name.
class PlacedCode {
 public:
  PlacedCode(Target& target, const std::vector<PlacedInstruction>& all,
             const std::map<std::string, const void*>& symbols = {}) {
    std::vector<const Function*> functions;
    std::vector<const Allocation*> allocations;
    for (const PlacedInstruction& one : all) {
      functions.push_back(&one.function);
      allocations.push_back(&one.allocation);
    }
    const Result<void> encoded = target.encode(functions, allocations, code_);
    EXPECT_TRUE(encoded.has_value()) << encoded.error().message;
    if (!encoded) return;
    auto writer = memory().begin(code_.bytes.size()).value();
    std::memcpy(writer.bytes().data(), code_.bytes.data(), code_.bytes.size());
    for (const Relocation& relocation : code_.relocations) {
      const auto found = symbols.find(relocation.symbol.name);
      const void* const value = found == symbols.end() ? nullptr : found->second;
      std::memcpy(writer.bytes().data() + relocation.offset, &value, sizeof value);
    }
    address_ = static_cast<const std::byte*>(writer.commit().value());
  }
  PlacedCode(const PlacedCode&) = delete;
  PlacedCode& operator=(const PlacedCode&) = delete;
  ~PlacedCode() {
    // An emulator may go on with what was at an address before: each is used once there.
    if (address_ == nullptr || is_emulated()) return;
    EXPECT_TRUE(memory().free(address_));
  }

  bool is_there() const { return address_ != nullptr; }
  void run(std::size_t index, std::uint64_t* values) const {
    const std::byte* const at = address_ + code_.entries.at(index).offset;
    void (*function)(std::uint64_t*) = nullptr;
    std::memcpy(&function, &at, sizeof function);
    function(values);
  }

 private:
  static CodeMemory& memory() {
    static CodeMemory memory = CodeMemory::create().value();
    return memory;
  }

  Code code_{};
  const std::byte* address_ = nullptr;
};

}  // namespace smf::codegen
