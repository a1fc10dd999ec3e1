// What the relocations of the two processors become in a module, and what to tell the author of an
// object with one that a module cannot express.
//
// A module's relocation says less than ELF's: one type stands for the page offsets of additions and
// of loads and stores of five sizes, because the instruction at hand tells the scale. That holds
// only if instruction and ELF relocation agree, so an AArch64 instruction's bits are checked here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/format/elf/import.h"

namespace smf::elf {

struct RelocationRule {
  std::uint32_t elf_type = 0;
  std::string_view name{};  // as in the psABI
  RelocType type = RelocType::kAbs64;
  std::uint8_t width = 4;  // bytes of the field
  std::uint32_t mask = 0;  // the instruction at the field has `value` in the bits of `mask`
  std::uint32_t value = 0;
};

// Whether the type stands for nothing at all (R_*_NONE).
bool is_no_relocation(Machine machine, std::uint32_t elf_type);

// The rule for an ELF relocation type, or null where a module has no equivalent. Static lifetime.
const RelocationRule* find_rule(Machine machine, std::uint32_t elf_type);

// Whether `instruction` is one that the rule's module type describes with the same scale.
bool agrees(const RelocationRule& rule, std::uint32_t instruction);

// The psABI's name of a relocation type, empty for one that <elf.h> does not know. Static lifetime.
std::string_view relocation_name(Machine machine, std::uint32_t elf_type);

// "a module cannot express R_X86_64_32S of 'symbol': compile with -fPIC", for types without a rule,
// unknown numbers included. `symbol` may be empty.
std::string describe_unsupported(Machine machine, std::uint32_t elf_type, std::string_view symbol);

}  // namespace smf::elf
