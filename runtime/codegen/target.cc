#include "runtime/codegen/target.h"

#include <asmjit/core.h>

#include "runtime/codegen/arm64_target.h"
#include "runtime/codegen/x86_target.h"

namespace smf::codegen {

Features native_features() {
#if defined(__x86_64__)
  const auto& x86 = asmjit::CpuInfo::host().features().x86();
  return {.popcnt = x86.hasPOPCNT(),
          .lzcnt = x86.hasLZCNT(),
          .bmi1 = x86.hasBMI(),
          .bmi2 = x86.hasBMI2(),
          .sse41 = x86.hasSSE4_1(),
          .fma = x86.hasFMA()};
#else
  return {};
#endif
}

std::unique_ptr<Target> make_target(Machine machine, const EncodingOptions& options) {
  switch (machine) {
    case Machine::kX86_64:
      break;
    case Machine::kAArch64:
      return make_arm64_target(options);
  }
  return make_x86_target(options);
}

}  // namespace smf::codegen
