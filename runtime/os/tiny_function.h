// The machine code of a function that returns a number: for finding out whether code can be run.
//
// Encodings: Intel SDM volume 2 (MOV r32, imm32; RET), Arm ARM C6.2 (MOVZ, RET), RISC-V
// unprivileged specification chapter 2 (ADDI, JALR).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace smf::os {

// Of `int f(void) { return number; }`; `number` is less than 2048.
constexpr auto function_returning(std::uint32_t number) {
#if defined(__x86_64__)
  std::array<std::byte, 6> code{};
  code[0] = std::byte{0xb8};
  for (unsigned i = 0; i != 4; ++i) code[1 + i] = static_cast<std::byte>(number >> (8 * i));
  code[5] = std::byte{0xc3};
#else
#if defined(__aarch64__)
  const std::array<std::uint32_t, 2> instructions{0x52800000 | number << 5, 0xd65f03c0};
#elif defined(__riscv)
  const std::array<std::uint32_t, 2> instructions{0x00000513 | number << 20, 0x00008067};
#else
#error "the machine code of a function for this processor is missing"
#endif
  std::array<std::byte, 8> code{};
  for (unsigned i = 0; i != 8; ++i)
    code[i] = static_cast<std::byte>(instructions[i / 4] >> (8 * (i % 4)));
#endif
  return code;
}

}  // namespace smf::os
