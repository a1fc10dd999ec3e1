#include "bench/exec/cycles.h"

#include <array>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/exec/code_memory.h"

namespace smf::bench {
namespace {

void cycles(std::uint64_t count, std::size_t size) {
  static CodeMemory memory = *CodeMemory::create({.protection = CodeProtection::kDualMapping});
  static const std::array<std::byte, 4096> kCode{};
  for (std::uint64_t i = 0; i != count; ++i) {
    auto writer = memory.begin(size);
    SMF_CHECK(writer);
    std::memcpy(writer->bytes().data(), kCode.data(), size);
    const auto code = writer->commit();
    SMF_CHECK(code && memory.free(*code));
  }
}

}  // namespace
}  // namespace smf::bench

#if defined(SMF_EXEC_UNPROTECTED)
void unprotected_cycles(std::uint64_t count, std::size_t size) { smf::bench::cycles(count, size); }
#else
void protected_cycles(std::uint64_t count, std::size_t size) { smf::bench::cycles(count, size); }
#endif
