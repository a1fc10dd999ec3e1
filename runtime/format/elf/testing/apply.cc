#include "runtime/format/elf/testing/apply.h"

#include <cstring>

namespace smf::elf::testing {
namespace {

template <typename T>
bool put(std::byte* field, T value) {
  std::memcpy(field, &value, sizeof value);
  return true;
}

bool put_difference(std::byte* field, std::uint64_t target) {
  const auto value = static_cast<std::int64_t>(target - reinterpret_cast<std::uint64_t>(field));
  return value == static_cast<std::int32_t>(value) && put(field, static_cast<std::int32_t>(value));
}

bool put_branch(std::byte* field, std::uint32_t instruction, std::uint64_t target) {
  const auto value = static_cast<std::int64_t>(target - reinterpret_cast<std::uint64_t>(field));
  if (value % 4 != 0 || value < -(1 << 27) || value >= (1 << 27)) return false;
  const auto words = static_cast<std::uint32_t>(value / 4) & 0x03FFFFFF;
  return put(field, (instruction & 0xFC000000) | words);
}

bool put_page(std::byte* field, std::uint32_t instruction, std::uint64_t target) {
  const auto here = reinterpret_cast<std::uint64_t>(field) >> 12;
  const auto pages = static_cast<std::int64_t>((target >> 12) - here);
  if (pages < -(1 << 20) || pages >= (1 << 20)) return false;
  const auto bits = static_cast<std::uint32_t>(pages);
  return put(field, (instruction & 0x9F00001F) | (bits & 3) << 29 | (bits >> 2 & 0x7FFFF) << 5);
}

// The scale is in the instruction: none for ADD; bits 31:30 for loads and stores, of which those of
// 16 bytes have zeros there, the SIMD bit 26 and bit 23.
bool put_page_offset(std::byte* field, std::uint32_t instruction, std::uint64_t target) {
  const bool is_access = (instruction & 0x3B000000) == 0x39000000;
  std::uint32_t shift = is_access ? instruction >> 30 : 0;
  if (is_access && shift == 0 && (instruction & 0x04800000) == 0x04800000) shift = 4;
  const auto offset = static_cast<std::uint32_t>(target & 0xFFF);
  if ((offset & ((1u << shift) - 1)) != 0) return false;
  return put(field, (instruction & ~(0xFFFu << 10)) | (offset >> shift) << 10);
}

}  // namespace

bool apply(const ImportedRelocation& relocation, const Addresses& addresses, std::byte* field) {
  const auto addend = static_cast<std::uint64_t>(relocation.addend);
  std::uint32_t instruction;
  std::memcpy(&instruction, field, sizeof instruction);
  switch (relocation.type) {
    case RelocType::kAbs64:
      return put(field, addresses.symbol + addend);
    case RelocType::kPc32:
    case RelocType::kPlt32:
      return put_difference(field, addresses.symbol + addend);
    case RelocType::kGotPcRel:
      return put_difference(field, addresses.slot + addend);
    case RelocType::kBranch26:
      return put_branch(field, instruction, addresses.symbol + addend);
    case RelocType::kPage21:
      return put_page(field, instruction, addresses.symbol + addend);
    case RelocType::kPageOff12:
      return put_page_offset(field, instruction, addresses.symbol + addend);
    case RelocType::kGotPage21:
      return put_page(field, instruction, addresses.slot + addend);
    case RelocType::kGotPageOff12:
      return put_page_offset(field, instruction, addresses.slot + addend);
  }
  return false;
}

}  // namespace smf::elf::testing
