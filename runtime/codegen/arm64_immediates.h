// Which constants AArch64 has in instructions. AsmJit knows, in a header and a namespace that are
// called one thing in the release that Debian 12 has, and another in later ones.
#pragma once

#include <cstdint>

#if __has_include(<asmjit/arm/armutils.h>)
#include <asmjit/arm/armutils.h>
namespace smf::codegen::immediates {
using asmjit::arm::Utils::isFP32Imm8;
using asmjit::arm::Utils::isFP64Imm8;
using asmjit::arm::Utils::isLogicalImm;
}  // namespace smf::codegen::immediates
#else
#include <asmjit/arm/a64utils.h>
namespace smf::codegen::immediates {
using asmjit::a64::Utils::isFP32Imm8;
using asmjit::a64::Utils::isFP64Imm8;
using asmjit::a64::Utils::isLogicalImm;
}  // namespace smf::codegen::immediates
#endif
