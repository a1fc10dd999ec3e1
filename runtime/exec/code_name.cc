#include "runtime/exec/code_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace smf::internal {

void append_name(std::string& out, std::string_view name, const void* address) {
  if (name.empty()) {
    fmt::format_to(std::back_inserter(out), "jit_{:x}", reinterpret_cast<std::uintptr_t>(address));
    return;
  }
  std::ranges::transform(name.substr(0, kMaxNameBytes), std::back_inserter(out),
                         [](char c) { return c == '\n' || c == '\r' || c == '\0' ? ' ' : c; });
}

}  // namespace smf::internal
