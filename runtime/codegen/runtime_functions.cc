#include "runtime/codegen/runtime_functions.h"

#include <cstdint>
#include <cstring>

#include "runtime/mir/arithmetic.h"

namespace smf::codegen {
namespace {

std::int32_t compare_bytes(const void* left, const void* right, std::uint64_t size) {
  const int order = size == 0 ? 0 : std::memcmp(left, right, size);
  return (order > 0) - (order < 0);
}

std::uint64_t compute_binary(std::uint64_t left, std::uint64_t right, std::uint32_t what,
                             std::uint32_t* traps) {
  const auto computed =
      mir::compute(static_cast<mir::BinaryOp>(what & 0xff),
                   static_cast<mir::TypeKind>(what >> 8 & 0xff), left, right, what >> 16 != 0);
  if (computed) return *computed;
  *traps = 1;
  return 0;
}

std::uint64_t compute_intrinsic(std::uint64_t first, std::uint64_t second, std::uint64_t third,
                                std::uint32_t what) {
  const mir::Scalar arguments[] = {first, second, third};
  return mir::compute(static_cast<mir::Intrinsic>(what & 0xff),
                      static_cast<mir::TypeKind>(what >> 8 & 0xff), arguments);
}

template <typename T>
const void* address(T* function) {
  return reinterpret_cast<const void*>(function);
}

}  // namespace

const void* runtime_function(std::string_view name) {
  if (name == "memmove") return address(&std::memmove);
  if (name == "memcpy") return address(&std::memcpy);
  if (name == "memset") return address(&std::memset);
  if (name == "compare_bytes") return address(&compare_bytes);
  if (name == "compute_binary") return address(&compute_binary);
  if (name == "compute_intrinsic") return address(&compute_intrinsic);
  return nullptr;
}

}  // namespace smf::codegen
