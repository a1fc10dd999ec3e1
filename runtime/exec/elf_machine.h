// What ELF calls this processor.
#pragma once

#include <elf.h>

#include <cstdint>

namespace smf::internal {

#if defined(__x86_64__)
inline constexpr std::uint16_t kElfMachine = EM_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint16_t kElfMachine = EM_AARCH64;
#elif defined(__riscv)
inline constexpr std::uint16_t kElfMachine = EM_RISCV;
#else
#error "the ELF number of this processor is missing"
#endif

}  // namespace smf::internal
