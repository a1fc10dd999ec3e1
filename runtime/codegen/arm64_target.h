// AArch64 as register allocation sees it.
#pragma once

#include <memory>

#include "runtime/codegen/target.h"

namespace smf::codegen {

std::unique_ptr<Target> make_arm64_target(const EncodingOptions& options);

}  // namespace smf::codegen
