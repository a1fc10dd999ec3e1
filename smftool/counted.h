// Numbers with their nouns.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace smf::tool {

// "1 symbol", "2 symbols", "0 entries".
inline std::string counted(std::uint64_t count, std::string_view singular,
                           std::string_view plural = {}) {
  if (count == 1) return fmt::format("1 {}", singular);
  if (!plural.empty()) return fmt::format("{} {}", count, plural);
  return fmt::format("{} {}s", count, singular);
}

}  // namespace smf::tool
