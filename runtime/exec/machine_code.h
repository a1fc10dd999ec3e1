// What depends on the processor: traps, landing pads, and who has to be told about new code.
//
//   x86-64   instruction fetches see every store that came before; nothing to do
//   AArch64  data is cleaned to where instructions are fetched from, instructions are invalidated,
//            by address (Arm ARM B2.7.4); other processors need a context synchronisation event
//            before they run code that stood somewhere else before, which the kernel makes
//            (membarrier SYNC_CORE)
//   RISC-V   fence.i on every hart, by way of the kernel
// __builtin___clear_cache() does the first part of each. It is given the addresses at which the
// code will run: caches are coherent by physical address, whichever view wrote.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace smf {

// What freed and unused code memory holds: an instruction that ends in SIGTRAP (INT3, BRK #0,
// C.EBREAK).
#if defined(__x86_64__)
inline constexpr std::array<std::uint8_t, 1> kTrap{0xcc};
#elif defined(__aarch64__)
inline constexpr std::array<std::uint8_t, 4> kTrap{0x00, 0x00, 0x20, 0xd4};
#elif defined(__riscv)
inline constexpr std::array<std::uint8_t, 2> kTrap{0x02, 0x90};
#else
#error "the trap of this processor is missing"
#endif

// Of a size that is a multiple of 64. In steps of that size, which compilers make a few vector
// stores of: of an unknown size they make a `rep stos`, which takes 10 ns to begin.
inline void fill_with_traps(std::span<std::byte> code) {
  constexpr auto kTraps = [] {
    std::array<std::uint8_t, 64> traps{};
    for (std::size_t i = 0; i != traps.size(); ++i) traps[i] = kTrap[i % kTrap.size()];
    return traps;
  }();
  for (std::size_t at = 0; at != code.size(); at += kTraps.size())
    std::memcpy(code.data() + at, kTraps.data(), kTraps.size());
}

// What a function begins with that is called through a pointer, where this build makes processors
// enforce that (-fcf-protection: ENDBR64; -mbranch-protection: BTI c); nothing elsewhere.
#if defined(__CET__) && (__CET__ & 1) != 0
inline constexpr std::array<std::uint8_t, 4> kLandingPad{0xf3, 0x0f, 0x1e, 0xfa};
#elif defined(__ARM_FEATURE_BTI_DEFAULT)
inline constexpr std::array<std::uint8_t, 4> kLandingPad{0x5f, 0x24, 0x03, 0xd5};
#else
inline constexpr std::array<std::uint8_t, 0> kLandingPad{};
#endif

// After code was written, before anybody may run it at these addresses.
inline void synchronize_code([[maybe_unused]] std::span<const std::byte> code) {
#if !defined(__x86_64__)
  auto* const first = const_cast<char*>(reinterpret_cast<const char*>(code.data()));
  __builtin___clear_cache(first, first + code.size());
#endif
}

}  // namespace smf
