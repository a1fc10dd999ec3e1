#include "runtime/exec/frame_description.h"

#include <array>
#include <cstdint>

namespace smf::internal {
namespace {

// DWARF's numbers of registers, of the psABI of each processor; offsets are in units of -8 bytes.
#if defined(__x86_64__)
constexpr std::uint8_t kFramePointer = 6, kReturnAddress = 16, kCallersStack = 16;
constexpr std::uint8_t kFramePointerAt = 2, kReturnAddressAt = 1, kCodeUnit = 1;
#elif defined(__aarch64__)
constexpr std::uint8_t kFramePointer = 29, kReturnAddress = 30, kCallersStack = 16;
constexpr std::uint8_t kFramePointerAt = 2, kReturnAddressAt = 1, kCodeUnit = 4;
#elif defined(__riscv)
constexpr std::uint8_t kFramePointer = 8, kReturnAddress = 1, kCallersStack = 0;
constexpr std::uint8_t kFramePointerAt = 2, kReturnAddressAt = 1, kCodeUnit = 2;
#else
#error "the frame of this processor is missing"
#endif

constexpr std::uint8_t kAbsolutePointer = 0x00;  // DW_EH_PE_absptr
constexpr std::uint8_t kDefineFrame = 0x0c;      // DW_CFA_def_cfa
constexpr std::uint8_t kSavedAt = 0x80;          // DW_CFA_offset, and the register

// Everything behind the length.
constexpr std::array<std::uint8_t, 20> kCommon{
    0,
    0,
    0,
    0,  // it is a CIE
    1,  // version
    'z',
    'R',
    0,  // an augmentation with a size; how pointers are encoded
    kCodeUnit,
    0x78,  // data unit: -8, as SLEB128
    kReturnAddress,
    1,  // size of the augmentation
    kAbsolutePointer,
    kDefineFrame,
    kFramePointer,
    kCallersStack,
    kSavedAt | kReturnAddress,
    kReturnAddressAt,
    kSavedAt | kFramePointer,
    kFramePointerAt,
};
static_assert((sizeof(std::uint32_t) + kCommon.size()) % sizeof(void*) == 0, "no padding needed");

}  // namespace

ByteVector describe_frames(Bytes code) {
  ByteVector out;
  out.reserve(64);
  append(out, static_cast<std::uint32_t>(kCommon.size()));
  append_bytes(out, std::as_bytes(std::span(kCommon)));

  // The FDE: its length, how far before this field the CIE begins, the addresses, no augmentation,
  // and DW_CFA_nop (0) up to a multiple of a pointer.
  constexpr std::uint32_t kSize = 28;
  static_assert((sizeof(std::uint32_t) + kSize) % sizeof(void*) == 0);
  const std::size_t begin = out.size();
  append(out, kSize);
  append(out, static_cast<std::uint32_t>(out.size()));
  append(out, reinterpret_cast<std::uintptr_t>(code.data()));
  append(out, static_cast<std::uint64_t>(code.size()));
  out.resize(begin + sizeof(std::uint32_t) + kSize);

  append(out, std::uint32_t{0});  // the end
  return out;
}

}  // namespace smf::internal
